"""Making a library anew that has a device's own zone in it: the moments of its pins.

A pin in a device's own zone shows what the messages zone held at the head that the pin names, and
what waited in the own zone then. That head may belong to a history that parted and was put aside:
then its segments are applied on what both histories share.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.chain import Judged, beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.ledger.objects import Objects
from sealwax.model.change import Change
from sealwax.stores.base import Missing, Store
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import Part, open_part


class Told(NamedTuple):
    """A commit, judged, with its sealed part and its bytes."""

    judged: Judged
    part: Part
    data: bytes


class _Base(NamedTuple):
    """Where a pin stands: the last seq of the messages zone that is shared, and the segments of a
    history that was put aside."""

    seq: int
    segments: list[bytes]


def told_commits(replica: Replica) -> Iterator[Told]:
    """The commits of a zone as its store holds them."""
    yield from told_ones(replica, replica.zone, (data for _, data in _read(replica)))


def replay(own: Replica, history: Replica) -> None:
    """Applies the own zone to a library that knows nothing of it."""
    library = own.library
    commits = list(told_commits(own))
    shown = _shown_by_pins(commits)
    pins = [told for told in commits if told.judged.head.seq in shown]
    bases = {told.judged.head.seq: _base(own, told.part) for told in pins}
    moments: dict[int, float] = {}
    for told in sorted(pins, key=lambda told: bases[told.judged.head.seq].seq):
        seq = told.judged.head.seq
        base = bases[seq]
        waited = [] if told.part.alone else shown[seq]
        library.strip_tail()
        if history.head().seq < base.seq:
            history.pull(base.seq)
        moments[seq] = _show(own, told, [*base.segments, *waited])
    library.strip_tail()
    with library.transaction():
        for judged, part, data in commits:
            library.apply_commit(judged, part, data)
            if judged.head.seq in moments:
                library.holdings.put_pin(judged, part, moments[judged.head.seq])


def _show(own: Replica, told: Told, segments: list[bytes]) -> float:
    """Makes the moment of a pin, on what the library holds of the messages zone."""
    library = own.library
    with library.transaction():
        if segments:
            library.apply_changes(_changes(own, segments), library.next_step())
        moment = library.head_moment()
        library.holdings.put_pin(told.judged, told.part, moment)
    return moment


def _changes(own: Replica, segments: Iterable[bytes]) -> Iterator[Change]:
    for name in segments:
        try:
            yield from own.read_segment(name)
        except (Missing, SealBroken, SealUnknown) as error:
            own.library.holdings.note_damage(name, -1, str(error))


def _base(own: Replica, part: Part) -> _Base:
    """What a pin stands on, by the head of the messages zone that it names."""
    if MESSAGES_ZONE not in part.heads:
        return _Base(-1, [])
    seq, head_hash = part.heads[MESSAGES_ZONE]
    if _hash_at(own.store, seq) == head_hash:
        return _Base(seq, [])
    lost_commits = getattr(own.store, "lost_commits", None)
    for lost in lost_commits(MESSAGES_ZONE) if lost_commits else []:
        if seq < len(lost) and commit_hash(lost[seq]) == head_hash:
            return _lost_base(own, lost[: seq + 1])
    # The history that it stood on is not here: the nearest that is.
    return _Base(min(seq, own.store.head_seq(MESSAGES_ZONE)), [])


def _lost_base(own: Replica, lost: list[bytes]) -> _Base:
    common = -1
    while common + 1 < len(lost) and _hash_at(own.store, common + 1) == commit_hash(
        lost[common + 1]
    ):
        common += 1
    objects = Objects()
    segments: set[bytes] = set()
    for judged, part, _ in told_ones(own, MESSAGES_ZONE, lost):
        if judged.commit is not None:
            segments.update(name for name, _ in judged.commit.header.added[: part.segments])
            objects.apply(judged.commit)
    live = segments & objects.live_at(len(lost) - 1)
    return _Base(
        common, sorted(name for name in live if objects.intervals[name].added_seq > common)
    )


def _shown_by_pins(commits: list[Told]) -> dict[int, list[bytes]]:
    """The segments that each pin holds which nobody let go of, by the seq of the pin's commit."""
    objects = Objects()
    segments: set[bytes] = set()
    lived: dict[int, list[bytes]] = {}
    for judged, part, _ in commits:
        if judged.commit is None:
            continue
        header = judged.commit.header
        segments.update(name for name, _ in header.added[: part.segments])
        if header.kind == CommitKind.PIN:
            lived[header.seq] = sorted(segments & objects.live_at(header.seq - 1))
        objects.apply(judged.commit)
    return {seq: lived[seq] for seq in objects.pins if seq in lived}


def told_ones(replica: Replica, zone: str, commits: Iterable[bytes]) -> Iterator[Told]:
    """Commits of a zone from its first one on, judged and opened."""
    head = beginning(replica.keys.account, zone)
    for data in commits:
        judged = judge(head, data, replica.log)
        head = judged.head
        part = Part()
        if judged.commit is not None:
            try:
                part = open_part(replica.keys, judged.commit)
            except (SealBroken, SealUnknown):
                replica.library.holdings.note_damage(head.hash, head.seq, "it does not open")
        yield Told(judged, part, data)


def _read(replica: Replica) -> Iterator[tuple[int, bytes]]:
    yield from replica.store.read_commits(replica.zone, 0)


def _hash_at(store: Store, seq: int) -> bytes | None:
    try:
        return commit_hash(store.get_commit(MESSAGES_ZONE, seq))
    except Missing:
        return None
