"""The outbox: this device's own zone, on its own disk, where everything waits that the messages
zone does not hold.

A device that cannot or may not write to the shared history writes here: sync is off or paused, the
server is away, the storage is full. Nobody else writes this zone, so it always can. What is here is
part of this device's library (its tail) and of its snapshots at once. Later the same sealed objects
are added to the messages zone by a commit there, and dropped here. Objects are sealed for the
messages zone from the first, so nothing is sealed twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import NamedTuple

from sealwax.ledger.commit import CommitKind, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.stores.base import Missing
from sealwax.stores.far_trouble import FarAway, FarFull
from sealwax.sync.opening import UNREADABLE, sealed_already
from sealwax.sync.replay import replay
from sealwax.sync.replica import Replica
from sealwax.sync.waiting import Waiting
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing, Written

PARTED = "parted"
SENT = "sent"
"""The reason of a commit that drops what the messages zone holds now."""
DROPPED_TOGETHER = 8_192
_BEGUN = "library begun without the own zone"


class Item(NamedTuple):
    """What one commit of the outbox brought and still waits: segments, and chunks as (name, size)
    pairs."""

    seq: int
    segments: tuple[tuple[bytes, int], ...]
    chunks: tuple[tuple[bytes, int], ...]
    is_confirmed: bool = False
    """Whether a person confirmed what it deletes."""


class Kept(NamedTuple):
    """An object that is to wait: a segment, or a piece of a file; whether a person confirmed what
    it deletes."""

    name: bytes
    size_bytes: int
    is_segment: bool
    is_confirmed: bool = False


class Outbox:
    """The outbox of one device."""

    def __init__(self, own: Replica) -> None:
        self.own = own
        self._library = own.library
        self._holdings = own.library.holdings

    @property
    def zone(self) -> str:
        return self.own.zone

    def write(self, writing: Writing) -> Written:
        """Appends here; what waited before stays beneath it."""
        self.put_on()
        return self.own.write(writing._replace(kind=_kind_here(writing.kind), dropped=()))

    def items(self) -> list[Item]:
        """What waits, commit by commit, oldest first."""
        found: dict[int, tuple[list[tuple[bytes, int]], list[tuple[bytes, int]]]] = {}
        for name, seq, size_bytes, is_segment in self._holdings.live_in(self.zone):
            found.setdefault(seq, ([], []))[not is_segment].append((name, size_bytes))
        return [
            Item(seq, tuple(one), tuple(two), self.own.is_confirmed_at(seq))
            for seq, (one, two) in sorted(found.items())
        ]

    def chunk_names(self) -> set[bytes]:
        """The pieces of files that wait."""
        return {name for item in self.items() for name, _ in item.chunks}

    def waiting(self) -> Waiting:
        """What waits, counted."""
        items = self.items()
        if not items:
            return Waiting()
        counts = self._library.tail.counts(self._library.head_seq())
        data = self._holdings.seen_commit(self.zone, items[0].seq)
        since_ms = parse_commit(data).header.time_ms if data else None
        size_bytes = sum(size for item in items for _, size in (*item.segments, *item.chunks))
        return Waiting(
            counts.get(int(Kind.MESSAGE), 0), counts.get(int(Kind.ATTACHMENT), 0),
            size_bytes, since_ms,
        )  # fmt: skip

    def changes(self, item: Item) -> Iterator[Change]:
        """The changes that an item brought; those in a damaged segment are left out."""
        for name, _ in item.segments:
            try:
                yield from self.own.read_segment(name)
            except UNREADABLE as error:
                self._holdings.note_damage(name, item.seq, str(error))

    def drop(self, names: Iterable[bytes]) -> None:
        """Lets go of what the messages zone holds now."""
        left = list(names)
        for start in range(0, len(left), DROPPED_TOGETHER):
            gone = tuple(left[start : start + DROPPED_TOGETHER])
            self.own.write(Writing((), Part(reason=SENT), dropped=gone))

    def keep(self, objects: Iterable[Kept]) -> None:
        """Has objects of the messages zone wait here: they are near, and the shared history has
        lost them. A name is added to a zone once: a segment that waited
        here before is sealed anew, and a piece of a file is found by what tells of it."""
        listed = list(objects)
        known = self._holdings.intervals((one.name for one in listed), self.zone)
        fresh = [one for one in listed if one.name not in known and not one.is_segment]
        chunks = tuple((one.name, one.size_bytes) for one in fresh)
        store, keys = self.own.store, self.own.keys
        for one in (one for one in listed if one.is_segment):
            sealed, changes = sealed_already(store, keys, MESSAGES_ZONE, [one.name])
            part = Part(reason=PARTED, confirmed=one.is_confirmed)
            writing = Writing(tuple(changes), part)
            self.own.write(writing, None if one.name in known else sealed)
        for start in range(0, len(chunks), DROPPED_TOGETHER):
            batch = chunks[start : start + DROPPED_TOGETHER]
            self.own.write(Writing((), Part(reason=PARTED), chunks=batch))

    def put_on(self) -> None:
        """Puts what waits onto the library, where it is not there: after the messages zone went on,
        or a crash in between."""
        if self._library.tail.is_there():
            return
        items = self.items()
        if not any(item.segments for item in items):
            return
        with self._library.transaction():
            moment = self._library.next_step()
            for item in items:
                self._library.apply_changes(self.changes(item), moment)

    def is_behind(self) -> bool:
        """Whether the library has not taken in all of this zone, as where making it anew was cut
        off."""
        return self.own.head().seq < self.own.store.head_seq(self.zone)

    def catch_up(
        self, history: Replica, others: Sequence[str] = (), known_seq: int | None = None
    ) -> str:
        """Brings the library in step with this zone: after a crash, or when it was made anew; then
        with the zones of others, too. Of a history that is read anew nobody looks again at what was
        pulled before: what comes up to `known_seq`, or else to the head that this device has seen.
        One that was cut off before it had this zone begins again, for moments lie behind it then.
        Says why the library stands before the end of the history, if it does."""
        if self._holdings.noted(_BEGUN) or not self._is_of_this_history(history):
            self._library.clear()
        is_anew = history.head().seq < 0
        if is_anew and known_seq is None:
            known_seq = self._seen_before_the_end(history)
        is_begun = self.own.store.head_seq(self.zone) >= 0
        if self._holdings.head(self.zone) is None and (is_begun or (is_anew and others)):
            if is_anew:
                self._holdings.keep_note(_BEGUN, b"begun")
            with history.unwatched() if is_anew else nullcontext():
                replay(self.own, history, others if is_anew else ())
            self._holdings.keep_note(_BEGUN, b"")
        else:
            self.own.pull()
        # The steps of the history may be near, and what they hold not yet: that comes with the
        # next sync. Opening a home never waits for a server.
        why = ""
        try:
            with history.unwatched() if is_anew else nullcontext():
                history.pull(known_seq)
            if known_seq is not None:
                # What waits here may be what the rest takes away.
                self.put_on()
                history.pull()
        except (FarAway, FarFull) as error:
            why = error.sentence
        self.put_on()
        return why

    def _seen_before_the_end(self, history: Replica) -> int | None:
        """The seq up to which this device has seen the history, where more is near and all that was
        there then can still be read: what comes after it is looked at when it is pulled."""
        seen = history.heads.get(MESSAGES_ZONE)
        if seen is None or seen[0] >= history.store.head_seq(MESSAGES_ZONE):
            return None
        return seen[0] if history.can_read_until(seen[0]) else None

    def _is_of_this_history(self, history: Replica) -> bool:
        """Whether the library's head is in the near history: not when a repair was cut off, which
        goes back with the remembered head first."""
        head, seen = history.head(), history.heads.get(MESSAGES_ZONE)
        if head.seq < 0 or (seen is not None and seen[0] >= head.seq):
            return True
        try:
            return commit_hash(history.store.get_commit(MESSAGES_ZONE, head.seq)) == head.hash
        except Missing:
            return False


def _kind_here(kind: CommitKind) -> CommitKind:
    """Compactions and the like are for the shared history; their changes may wait here."""
    return kind if kind in (CommitKind.PIN, CommitKind.UNPIN) else CommitKind.CHANGE
