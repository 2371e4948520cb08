"""What the commits of a zone hold: which objects are live when, and which moments are pinned.

An object is live at seq s when `added <= s < dropped`. A name is added once per zone: adding a name
again, live or dropped, has no effect. What may be dropped by whom is in `dropping`. A pin holds the
state after an earlier commit, mostly the one before it. An object can be deleted from a store when
neither the head nor a pin holds it.

Commits that a later merge disowns (see `disowning`) take nothing away. What they add belongs to no
state, and the pins of the time until the merge hold it all the same: no merge lets go of what a
snapshot holds.

Implements "Objects and pins" of docs/format.md.
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from sealwax.ledger.commit import Commit, CommitKind, Count
from sealwax.ledger.dropping import LOCKED, Known, Refused, begun_disowned, settle, touched

FOREVER = 2**62


class PinFacts(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The public facts of a pin: until when nobody may let go of it (0: no lock), and the seq whose
    state it holds."""

    lock_until_ms: Count
    pinned_seq: Count


class UnpinFacts(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The public facts of letting go: the seqs of the pin commits."""

    pins: Annotated[list[Count], Meta(max_length=1024)]


class Effects(NamedTuple):
    """What the public facts of a counting commit do to its zone.

    `pinned_seq` is the seq whose state it pins, or None; `unpinned` are the seqs of pins that
    it lets go of.
    """

    seq: int
    pinned_seq: int | None
    lock_until_ms: int
    unpinned: tuple[int, ...]


_decode_pin = msgspec.msgpack.Decoder(PinFacts).decode
_decode_unpin = msgspec.msgpack.Decoder(UnpinFacts).decode
encode_facts = msgspec.msgpack.Encoder().encode


def effects(commit: Commit) -> Effects:
    """The effects of a counting commit. Public facts of the wrong form have none; nor has a pin of
    a seq that does not come before it."""
    header = commit.header
    plain = Effects(header.seq, None, 0, ())
    try:
        if header.kind == CommitKind.PIN:
            facts = _decode_pin(header.public)
            if facts.pinned_seq < header.seq:
                return plain._replace(
                    pinned_seq=facts.pinned_seq, lock_until_ms=facts.lock_until_ms
                )
        if header.kind == CommitKind.UNPIN:
            return plain._replace(unpinned=tuple(_decode_unpin(header.public).pins))
    except msgspec.MsgspecError:
        pass
    return plain


def let_go_ms(commit: Commit, now_ms: int) -> int:
    """The time up to which locks must have run out for an unpin to let go of a pin. Its author's
    clock may say what it likes: whoever folds believes it no further than their own."""
    return min(commit.header.time_ms, now_ms)


class Interval(NamedTuple):
    """When an object is live, how large it is, and, of a segment, the digest of its changes."""

    added_seq: int
    dropped_seq: int
    size_bytes: int
    change_digest: bytes | None = None


class Pin(NamedTuple):
    """A pinned moment: the seq of the pin commit and the seq whose state it holds."""

    commit_seq: int
    pinned_seq: int
    lock_until_ms: int
    made_ms: int


class Objects:
    """The objects and pins of one zone, folded in memory: for verification and small tools.
    `disowned` has, for the seq of each commit that is disowned, that of its merge.

    The library keeps the same in SQL.
    """

    def __init__(self, disowned: Mapping[int, int] | None = None) -> None:
        self.intervals: dict[bytes, Interval] = {}
        self.pins: dict[int, Pin] = {}
        self.disowned: dict[bytes, Interval] = {}
        """What disowned commits added, each until its merge."""
        self._merges = disowned or {}

    def know(self, intervals: Mapping[bytes, Interval]) -> None:
        """Takes in what was folded elsewhere of names that a commit to come touches."""
        for name, interval in intervals.items():
            self.intervals.setdefault(name, interval)

    def apply(self, commit: Commit, now_ms: int) -> tuple[Refused, ...]:
        """Folds in a counting commit, at a time by the clock of whoever folds; gives what of it was
        refused."""
        seq = commit.header.seq
        effect = effects(commit)
        if effect.pinned_seq is not None:
            self.pins[seq] = Pin(
                seq, effect.pinned_seq, effect.lock_until_ms, commit.header.time_ms
            )
        if seq in self._merges:
            self._apply_disowned(commit)
            return ()
        settled = settle(commit.header, self._known(commit))
        for name, size_bytes, change_digest in settled.begun:
            self.intervals[name] = Interval(seq, FOREVER, size_bytes, change_digest)
            self.disowned.pop(name, None)
        for name in settled.ended:
            self.intervals[name] = self.intervals[name]._replace(dropped_seq=seq)
        locked = self._unpin(effect, let_go_ms(commit, now_ms))
        return (*settled.refused, *((Refused(LOCKED, locked),) if locked else ()))

    def _apply_disowned(self, commit: Commit) -> None:
        seq = commit.header.seq
        known = {
            name
            for name in touched(commit.header)
            if name in self.intervals or name in self.disowned
        }
        for name, size_bytes, change_digest in begun_disowned(commit.header, known):
            self.disowned[name] = Interval(seq, self._merges[seq], size_bytes, change_digest)

    def _known(self, commit: Commit) -> dict[bytes, Known]:
        return {
            name: Known(interval.dropped_seq == FOREVER, interval.change_digest)
            for name in touched(commit.header)
            if (interval := self.intervals.get(name)) is not None
        }

    def _unpin(self, effect: Effects, until_ms: int) -> int:
        """Lets go of pins; gives how many are locked."""
        asked = {seq: self.pins[seq] for seq in effect.unpinned if seq in self.pins}
        free = [seq for seq, pin in asked.items() if pin.lock_until_ms <= until_ms]
        for seq in free:
            del self.pins[seq]
        return len(asked) - len(free)

    def interval(self, name: bytes) -> Interval | None:
        """What is known of an object, if it was ever added."""
        return self.intervals.get(name) or self.disowned.get(name)

    def live_at(self, seq: int) -> set[bytes]:
        """The names live at a seq."""
        return _live_at(self.intervals, seq)

    def held(self, head_seq: int) -> set[bytes]:
        """The names that the head or a pin holds."""
        pinned = {pin.pinned_seq for pin in self.pins.values()}
        return self.live_at(head_seq).union(
            *(_live_at(self.intervals, seq) for seq in pinned),
            *(_live_at(self.disowned, seq) for seq in pinned),
        )


def _live_at(intervals: Mapping[bytes, Interval], seq: int) -> set[bytes]:
    return {
        name
        for name, interval in intervals.items()
        if interval.added_seq <= seq < interval.dropped_seq
    }
