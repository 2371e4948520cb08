"""Making a library anew that has devices' own zones in it: the moments of their pins.

A pin in a device's own zone shows what the messages zone held at the head that the pin names, and
what waited in the own zone then. That head may belong to a history that parted and was put aside:
then its segments are applied on what both histories share. Or a merge may have disowned some of
what the device had then: that is applied on what is left.

The pins of other devices' zones are shown where that is exact, which their digest says. Their
segments have to be near.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sealwax.ledger.chain import Judged, beginning, judge
from sealwax.ledger.commit import parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.ledger.objects import Objects
from sealwax.ledger.zone_fold import ZoneFold
from sealwax.library.library import Library
from sealwax.model.change import Change
from sealwax.stores.base import Missing, Store
from sealwax.stores.far_trouble import FarAway
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.closing import is_closed
from sealwax.sync.opening import UNREADABLE
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import Part, part_as_it_counts
from sealwax.vault.digest import digest_bytes
from sealwax.vault.keys import KeyMissing


class Told(NamedTuple):
    """A commit, judged, with its sealed part and its bytes."""

    judged: Judged
    part: Part
    data: bytes


class _Due(NamedTuple):
    """A pin whose moment is to be made: on what, and from which segments of its zone."""

    told: Told
    base: "Base"
    waited: list[bytes]

    @property
    def key(self) -> tuple[str, int]:
        return self.told.judged.head.zone, self.told.judged.head.seq


class Base(NamedTuple):
    """Where a pin stands: the last seq of the messages zone that is shared, and further segments:
    of a history that was put aside, or of commits that are disowned by now."""

    seq: int
    segments: list[bytes]


def told_commits(own: Replica, zone: str) -> list[Told]:
    """The commits of a device's zone as the store near holds them."""
    return list(told_ones(own, zone, (data for _, data in own.store.read_commits(zone, 0))))


def replay(own: Replica, history: Replica, others: Sequence[str] = ()) -> None:
    """Applies the own zone to a library that knows nothing of it, and those of other devices."""
    library, disowned = own.library, history.disowned()
    chains = {zone: told_commits(own, zone) for zone in (own.zone, *others)}
    # What is still open to a device that was put out waits until it is closed.
    chains = {
        zone: commits
        for zone, commits in chains.items()
        if is_closed(own.log, (one.judged for one in commits))
    }
    due = [one for commits in chains.values() for one in _due(own, commits, disowned)]
    moments: dict[tuple[str, int], float] = {}
    for one in sorted(due, key=lambda one: one.base.seq):
        library.strip_tail()
        try:
            _pull(history, one.base.seq)
        except FarAway:
            # This device opens without the snapshots of others.
            if one.key[0] == own.zone:
                raise
            continue
        moment = _show(own, one)
        if moment is not None:
            moments[one.key] = moment
    library.strip_tail()
    for zone, commits in chains.items():
        with library.transaction():
            take_in(library, zone, commits, moments, own.clock.now_ms())


def _pull(history: Replica, seq: int) -> None:
    """Applies the shared history up to a seq. What a snapshot stands on and is nowhere any more is
    damage; nothing waits for it."""
    if history.head().seq >= seq:
        return
    try:
        history.pull(seq)
    except FarAway as error:
        if not (isinstance(error.cause, Missing) and isinstance(history.store, MirrorStore)):
            raise
        with history.store.current():
            history.pull(seq)


def take_in(
    library: Library,
    zone: str,
    commits: Iterable[Told],
    moments: Mapping[tuple[str, int], float],
    now_ms: int,
) -> None:
    """Takes in commits of a device's zone whose pins show these moments, inside a transaction. Pins
    without a moment, and without one from before, are not shown."""
    known = {pin.commit_seq for pin in library.holdings.pins() if pin.zone == zone}
    for judged, part, data in commits:
        library.apply_commit(judged, part, data, now_ms)
        moment = moments.get((zone, judged.head.seq))
        if moment is not None:
            library.folding.put_pin(judged, part, moment)
    shown = {seq for of_zone, seq in moments if of_zone == zone}
    library.folding.keep_pins(zone, known | shown)


def _due(own: Replica, commits: list[Told], disowned: Mapping[int, int]) -> Iterator[_Due]:
    """The pins of a device's zone that can be shown."""
    shown = shown_by_pins(commits, own.clock.now_ms())
    for told in commits:
        seq, zone = told.judged.head.seq, told.judged.head.zone
        if seq not in shown:
            continue
        waited = [] if told.part.alone else shown[seq]
        if zone == own.zone or _is_near(own, told.part, waited):
            yield _Due(told, base_of(own, told.part, disowned), waited)


def _is_near(own: Replica, part: Part, waited: list[bytes]) -> bool:
    """Whether all that a pin of another device shows is here."""
    if part.alone or part.digest is None or MESSAGES_ZONE not in part.heads:
        return False
    seq, head_hash = part.heads[MESSAGES_ZONE]
    return _hash_at(own.store, seq) == head_hash and own.store.has_objects(waited) >= set(waited)


def _show(own: Replica, due: _Due) -> float | None:
    """Makes the moment of a pin, on what the library holds of the messages zone; none where that
    is not what another device had."""
    library, segments = own.library, [*due.base.segments, *due.waited]
    with library.transaction():
        if segments:
            library.apply_changes(_changes(own, segments), library.next_step())
        is_own = due.told.judged.head.zone == own.zone
        if not is_own and due.told.part.digest != digest_bytes(library.digest()):
            return None
        moment = library.head_moment()
        library.folding.put_pin(due.told.judged, due.told.part, moment)
    return moment


def _changes(own: Replica, segments: Iterable[bytes]) -> Iterator[Change]:
    for name in segments:
        try:
            yield from own.read_segment(name)
        except UNREADABLE as error:
            own.library.holdings.note_damage(name, -1, str(error))


def base_of(own: Replica, part: Part, disowned: Mapping[int, int]) -> Base:
    """What a pin stands on, by the head of the messages zone that it names."""
    if MESSAGES_ZONE not in part.heads:
        return Base(-1, [])
    seq, head_hash = part.heads[MESSAGES_ZONE]
    if _hash_at(own.store, seq) == head_hash:
        since = [at for at, merge_seq in disowned.items() if at <= seq < merge_seq]
        return Base(seq, list(_added_by(own.store, since)))
    lost_commits = getattr(own.store, "lost_commits", None)
    for lost in lost_commits(MESSAGES_ZONE) if lost_commits else []:
        if seq < len(lost) and commit_hash(lost[seq]) == head_hash:
            return _lost_base(own, lost[: seq + 1], disowned)
    # The history that it stood on is not here: the nearest that is.
    return Base(min(seq, own.store.head_seq(MESSAGES_ZONE)), [])


def _added_by(store: Store, seqs: Iterable[int]) -> Iterator[bytes]:
    """The segments that commits of the messages zone add."""
    for seq in seqs:
        header = parse_commit(store.get_commit(MESSAGES_ZONE, seq)).header
        yield from (name for name, *_ in header.segments)


def _lost_base(own: Replica, lost: list[bytes], disowned: Mapping[int, int]) -> Base:
    common = -1
    while common + 1 < len(lost) and _hash_at(own.store, common + 1) == commit_hash(
        lost[common + 1]
    ):
        common += 1
    fold = ZoneFold(own.log, own.clock.now_ms(), lambda: lost)
    for judged, *_ in told_ones(own, MESSAGES_ZONE, lost):
        if judged.commit is not None:
            fold.apply(judged.commit)
    # What that history had disowned, and this one has not, is not stood upon.
    gone = [seq for seq in fold.disowned if seq <= common and seq not in disowned]
    shared = min(gone, default=common + 1) - 1
    # What this one has disowned was there all the same, unless that one had done so too.
    since = [
        seq
        for seq, merge_seq in disowned.items()
        if seq <= shared < merge_seq and seq not in fold.disowned
    ]
    intervals = fold.objects.intervals
    live = _segments_at(fold.objects, len(lost) - 1)
    later = sorted(name for name in live if intervals[name].added_seq > shared)
    return Base(shared, [*_added_by(own.store, since), *later])


def _segments_at(objects: Objects, seq: int) -> Iterator[bytes]:
    for name in objects.live_at(seq):
        if objects.intervals[name].change_digest is not None:
            yield name


def shown_by_pins(commits: list[Told], now_ms: int) -> dict[int, list[bytes]]:
    """The segments that each pin holds which nobody let go of, by the seq of the pin's commit."""
    objects = Objects()
    for judged, *_ in commits:
        if judged.commit is not None:
            objects.apply(judged.commit, now_ms)
    return {seq: sorted(_segments_at(objects, pin.pinned_seq)) for seq, pin in objects.pins.items()}


def told_ones(replica: Replica, zone: str, commits: Iterable[bytes]) -> Iterator[Told]:
    """Commits of a zone from its first one on, judged and opened."""
    head = beginning(replica.keys.account, zone)
    for data in commits:
        judged = judge(head, data, replica.log)
        head = judged.head
        part = Part()
        if judged.commit is not None:
            try:
                part, _ = part_as_it_counts(replica.keys, judged.commit)
            except KeyMissing:
                replica.library.holdings.note_damage(head.hash, head.seq, "it does not open")
        yield Told(judged, part, data)


def _hash_at(store: Store, seq: int) -> bytes | None:
    try:
        return commit_hash(store.get_commit(MESSAGES_ZONE, seq))
    except Missing:
        return None
