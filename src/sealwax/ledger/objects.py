"""What the commits of a zone hold: which objects are live when, and which moments are pinned.

An object is live at seq s when `added <= s < dropped`. A name is added once per zone: adding a name
again, live or dropped, has no effect. A pin holds the state at the commit before it. A redaction
puts a new object, or nothing, in the place of an old one in every moment: the new one inherits the
old one's interval. An object can be deleted from a store when neither the head nor a pin holds it.

Implements "Objects and pins" of docs/format.md.
"""

from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from sealwax.ledger.commit import Commit, CommitKind, Count, Hash

FOREVER = 2**62


class PinFacts(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The public facts of a pin: until when nobody may let go of it (0: no lock)."""

    lock_until_ms: Count


class UnpinFacts(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The public facts of letting go: the seqs of the pin commits."""

    pins: Annotated[list[Count], Meta(max_length=1024)]


class MergeFacts(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The public facts of a merge: the seq and hash of the head that was lost. They have no effect
    on objects: what the lost commits added is added again."""

    lost_seq: Count
    lost_hash: Hash


class RedactFacts(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The public facts of a redaction: old names and what stands for them, if anything."""

    names: list[tuple[Hash, Hash | None]]


class Effects(NamedTuple):
    """What a counting commit does to its zone.

    `pinned_seq` is the seq whose state it pins, or None; `unpinned` are the seqs of pins that
    it lets go of; `redacted` pairs of an old name and the new one, or None.
    """

    seq: int
    added: tuple[tuple[bytes, int], ...]
    dropped: tuple[bytes, ...]
    pinned_seq: int | None
    lock_until_ms: int
    unpinned: tuple[int, ...]
    redacted: tuple[tuple[bytes, bytes | None], ...]


_decode_pin = msgspec.msgpack.Decoder(PinFacts).decode
_decode_unpin = msgspec.msgpack.Decoder(UnpinFacts).decode
_decode_redact = msgspec.msgpack.Decoder(RedactFacts).decode
encode_facts = msgspec.msgpack.Encoder().encode


def effects(commit: Commit) -> Effects:
    """The effects of a counting commit. Public facts of the wrong form have none."""
    header = commit.header
    plain = Effects(header.seq, tuple(header.added), tuple(header.dropped), None, 0, (), ())
    try:
        if header.kind == CommitKind.PIN and header.seq > 0:
            lock_until_ms = _decode_pin(header.public).lock_until_ms
            return plain._replace(pinned_seq=header.seq - 1, lock_until_ms=lock_until_ms)
        if header.kind == CommitKind.UNPIN:
            return plain._replace(unpinned=tuple(_decode_unpin(header.public).pins))
        if header.kind == CommitKind.REDACT:
            return plain._replace(redacted=tuple(_decode_redact(header.public).names))
    except msgspec.MsgspecError:
        pass
    return plain


class Interval(NamedTuple):
    """When an object is live, and how large it is."""

    added_seq: int
    dropped_seq: int
    size_bytes: int


class Pin(NamedTuple):
    """A pinned moment: the seq of the pin commit and the seq whose state it holds."""

    commit_seq: int
    pinned_seq: int
    lock_until_ms: int
    made_ms: int


class Objects:
    """The objects and pins of one zone, folded in memory: for verification and small tools.

    The library keeps the same in SQL.
    """

    def __init__(self) -> None:
        self.intervals: dict[bytes, Interval] = {}
        self.pins: dict[int, Pin] = {}

    def apply(self, commit: Commit) -> None:
        """Folds in a counting commit."""
        effect = effects(commit)
        for name, size_bytes in effect.added:
            if name not in self.intervals:
                self.intervals[name] = Interval(effect.seq, FOREVER, size_bytes)
        for name in effect.dropped:
            interval = self.intervals.get(name)
            if interval is not None and interval.dropped_seq == FOREVER:
                self.intervals[name] = interval._replace(dropped_seq=effect.seq)
        if effect.pinned_seq is not None:
            self.pins[effect.seq] = Pin(
                effect.seq, effect.pinned_seq, effect.lock_until_ms, commit.header.time_ms
            )
        self._redact(effect)
        for pin_seq in effect.unpinned:
            pin = self.pins.get(pin_seq)
            if pin is not None and pin.lock_until_ms <= commit.header.time_ms:
                del self.pins[pin_seq]

    def _redact(self, effect: Effects) -> None:
        sizes = dict(effect.added)
        for old, new in effect.redacted:
            interval = self.intervals.get(old)
            if interval is None:
                continue
            # The old name stays known, live at no moment, so that it is never added again.
            self.intervals[old] = interval._replace(dropped_seq=interval.added_seq)
            if new in sizes and self.intervals[new].added_seq == effect.seq:
                self.intervals[new] = interval._replace(size_bytes=sizes[new])

    def live_at(self, seq: int) -> set[bytes]:
        """The names live at a seq."""
        return {
            name
            for name, interval in self.intervals.items()
            if interval.added_seq <= seq < interval.dropped_seq
        }

    def held(self, head_seq: int) -> set[bytes]:
        """The names that the head or a pin holds."""
        return set().union(*(self.live_at(seq) for seq in self._moments(head_seq)))

    def _moments(self, head_seq: int) -> Iterable[int]:
        return (head_seq, *(pin.pinned_seq for pin in self.pins.values()))
