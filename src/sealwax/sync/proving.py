"""Whether another device could bring back what this one keeps at the place: it is fetched and
compared.

That a place took something, and says that it has it, is its word alone. So the commits that this
device wrote are read back, and the objects that they added: words always, pieces of files as many
at a time as is reasonable. What was read back once may be gone: all words of its own zone are read
each time that somebody asks, and a sample of everything otherwise. `sealwax verify` reads all.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.ledger.commit import parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, object_name
from sealwax.model.record import Kind
from sealwax.stores.base import Missing, Store
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.opening import UNREADABLE
from sealwax.sync.reading_back import Reading, bring_back, chosen
from sealwax.sync.replica import Replica

FILES_BYTES = 64 * 1024 * 1024
"""So many bytes of files are read back at a time."""
AGAIN = Reading(0.05, 4 * 1024 * 1024)
"""So much of what was read back before is read once more."""
_WORDS, _FILES = "words read back until ", "files read back until "
_PROVED = "read back"
_LACKING = "lacked when it was read back"


class Proof(NamedTuple):
    """What was fetched back from a place and is what this device wrote: commits, objects and their
    bytes, at `proved_ms`; `unread` pieces of files were not read this time. `lacking` objects are
    not there, with so many `messages`; `steps` commits are not."""

    place: str
    proved_ms: int
    commits: int = 0
    objects: int = 0
    size_bytes: int = 0
    unread: int = 0
    steps: int = 0
    lacking: int = 0
    messages: int = 0

    @property
    def is_whole(self) -> bool:
        return not self.steps and not self.lacking


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Proof).decode


class _Kept(NamedTuple):
    """An object that the zone holds, and this device wrote."""

    name: bytes
    seq: int
    size_bytes: int


class Proving:
    """Reads back what one device wrote."""

    def __init__(self, mirror: MirrorStore | None, clock: Clock, entropy: Entropy) -> None:
        self._mirror = mirror
        self._clock = clock
        self._entropy = entropy

    def prove(self, replicas: Sequence[Replica], is_asked: bool) -> Proof:
        """Reads back what is new in these zones since it was last read; sends what the place turns
        out to lack once more. Where there are many files, those that came last are read when
        somebody asked, else those that wait longest. Raises FarAway or FarFull."""
        found = Proof(self._place(replicas[0]).describe(), self._clock.now_ms())
        for replica in replicas:
            found = _sum(found, self._prove_zone(replica, is_asked))
        holdings = replicas[0].library.holdings
        if found.is_whole:
            holdings.remember_ms(_PROVED, found.proved_ms)
        holdings.keep_note(_LACKING, b"" if found.is_whole else _encode(found))
        return found

    def _prove_zone(self, replica: Replica, is_asked: bool) -> Proof:
        holdings, zone, head_seq = replica.library.holdings, replica.zone, replica.head().seq
        start_seq = min(holdings.remembered_ms(_WORDS + zone), head_seq + 1)
        steps = self._steps_lacking(replica, start_seq, head_seq)
        words, files, again = self._kept(replica, is_asked)
        batch = list(_within(reversed(files) if is_asked else files, FILES_BYTES))
        back, size_bytes = self._read_back(replica, [*words, *batch, *again])
        gone = self._gone(replica)
        lost_words = [one for one in words if one.name not in back]
        lost_files = [one for one in batch if one.name not in back]
        lost_again = [one for one in again if one.name not in back]
        if not steps and not lost_words:
            holdings.remember_ms(_WORDS + zone, head_seq + 1)
        if not lost_files and len(batch) == len(files):
            holdings.remember_ms(_FILES + zone, head_seq + 1)
        elif not lost_files and not is_asked:
            holdings.remember_ms(_FILES + zone, batch[-1].seq + 1)
        return Proof(
            "",
            0,
            commits=head_seq + 1 - start_seq - steps,
            objects=len(back),
            size_bytes=size_bytes,
            unread=len(files) - len(batch),
            steps=steps,
            lacking=len(gone.union(one.name for one in (*lost_words, *lost_files, *lost_again))),
            messages=_messages(replica, gone.union(one.name for one in (*lost_words, *lost_again))),
        )

    def _gone(self, replica: Replica) -> set[bytes]:
        """What the zone holds and the place, by its own word, has no more; what is near is sent
        again."""
        names = {name for name, *_ in replica.library.holdings.listed(replica.zone)}
        if self._mirror is None:
            return names - replica.store.has_objects(names)
        missing = self._mirror.lost_far(names, is_read=False)
        if missing and self._mirror.heal(missing):
            missing = self._mirror.lost_far(missing, is_read=False)
        return set(missing)

    def _steps_lacking(self, replica: Replica, start_seq: int, head_seq: int) -> int:
        """How many of the commits up to the newest one here the place does not have."""
        zone, mirror = replica.zone, self._mirror
        until_seq = head_seq
        if mirror is not None:
            until_seq = min(head_seq, mirror.zone_standing(zone).common_seq)
        told = iter(self._commits(replica, start_seq)) if until_seq >= start_seq else iter(())
        near = (data for _, data in replica.store.read_commits(zone, start_seq))
        pairs = islice(zip(told, near, strict=False), max(0, until_seq + 1 - start_seq))
        return head_seq + 1 - start_seq - sum(far == data for far, data in pairs)

    def _kept(
        self, replica: Replica, is_asked: bool
    ) -> tuple[list[_Kept], list[_Kept], list[_Kept]]:
        """What this device wrote and the zone holds: words that are to be read back, pieces of
        files that were not yet, both oldest first, and a sample of all else."""
        holdings, zone = replica.library.holdings, replica.zone
        is_apart = zone != MESSAGES_ZONE
        words_seq = 0 if is_asked and is_apart else holdings.remembered_ms(_WORDS + zone)
        files_seq = holdings.remembered_ms(_FILES + zone)
        words, files, read = list[_Kept](), list[_Kept](), list[_Kept]()
        for name, seq, _, size_bytes, digest in holdings.listed(zone):
            one = _Kept(name, seq, size_bytes)
            if seq < (files_seq if digest is None else words_seq):
                read.append(one)
            else:
                (files if digest is None else words).append(one)
        is_own = _Authors(replica).is_own
        return (
            sorted(filter(is_own, words), key=_order),
            sorted(filter(is_own, files), key=_order),
            list(filter(is_own, self._sampled(read))),
        )

    def _sampled(self, read: list[_Kept]) -> list[_Kept]:
        """A few of what was read back before, by chance."""
        sizes = {one.name: one.size_bytes for one in read}
        names = set(chosen(sizes, AGAIN, self._entropy))
        return [one for one in read if one.name in names]

    def _read_back(self, replica: Replica, kept: list[_Kept]) -> tuple[set[bytes], int]:
        """The names of those that came back whole, and their bytes; what does not is sent again
        first."""
        names = [one.name for one in kept]
        if self._mirror is not None:
            found = bring_back(self._mirror, names)
            return set(names) - set(found.lost), found.size_bytes
        back = dict(self._objects(replica, names))
        return set(back), sum(back.values())

    def _objects(self, replica: Replica, names: list[bytes]) -> Iterator[tuple[bytes, int]]:
        """The objects that the vault's folder has whole, and their sizes."""
        for name in names:
            try:
                data = replica.store.get_object(name)
            except Missing:
                continue
            if object_name(data) == name:
                yield name, len(data)

    def _commits(self, replica: Replica, start_seq: int) -> Iterable[bytes]:
        """The commits of a zone at the place."""
        if self._mirror is not None:
            return self._mirror.far_commits(replica.zone, start_seq)
        return (data for _, data in replica.store.read_commits(replica.zone, start_seq))

    def _place(self, replica: Replica) -> Store:
        return replica.store if self._mirror is None else self._mirror.far


def proved_ms(replica: Replica) -> int:
    """When all that this device keeps was last read back; 0 for never."""
    return replica.library.holdings.remembered_ms(_PROVED)


def found_lacking(replica: Replica) -> Proof | None:
    """What the place lacked when it was last read back; None where it lacked nothing."""
    noted = replica.library.holdings.noted(_LACKING)
    return _decode(noted) if noted else None


def _order(kept: _Kept) -> tuple[int, bytes]:
    return kept.seq, kept.name


def _within(files: Iterable[_Kept], limit_bytes: int) -> Iterator[_Kept]:
    """The first files, whole commits of them, of about so many bytes."""
    size_bytes, seq = 0, -1
    for one in files:
        if size_bytes >= limit_bytes and one.seq != seq:
            return
        yield one
        size_bytes, seq = size_bytes + one.size_bytes, one.seq


class _Authors:
    """Who added objects of a zone; each commit is looked at once."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._known: dict[int, bool] = {}

    def is_own(self, kept: _Kept) -> bool:
        """Whether this device did."""
        if kept.seq not in self._known:
            data = self._replica.library.holdings.seen_commit(self._replica.zone, kept.seq)
            author = parse_commit(data).header.author if data is not None else b""
            self._known[kept.seq] = author == self._replica.device
        return self._known[kept.seq]


def _messages(replica: Replica, names: Iterable[bytes]) -> int:
    """How many messages some objects tell of, as far as they are readable here."""
    records: set[bytes] = set()
    for name in names:
        try:
            changes = replica.read_segment(name)
        except UNREADABLE:
            continue
        records.update(change.record for change in changes if change.kind == Kind.MESSAGE)
    return len(records)


def _sum(one: Proof, two: Proof) -> Proof:
    return one._replace(
        commits=one.commits + two.commits,
        objects=one.objects + two.objects,
        size_bytes=one.size_bytes + two.size_bytes,
        unread=one.unread + two.unread,
        steps=one.steps + two.steps,
        lacking=one.lacking + two.lacking,
        messages=one.messages + two.messages,
    )
