"""How the values of one field merge: the classes, and the order each puts on its values.

A field's state is a set of **stamps** (life, time, device, value). Joining two states is the union
of their stamps, from which only the *maximal* ones stay: a stamp goes when another one, written
under the same or a later life, is at least as good by the order of the field's class. Keeping one
candidate for each life is what lets a purge remove what was written before it without taking along
the copy that a restore wrote after it. The join is commutative, associative and idempotent: it is
the antichain of maximal elements under a product of two orders.

Implements "Records and how they merge" of docs/format.md.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import msgspec

_encode_value = msgspec.msgpack.Encoder(order="deterministic").encode


class Merge(IntEnum):
    """The merge classes. The numbers are part of the format and never change meaning."""

    FIRST = 1
    """The smallest (time, device, value) is shown; differing values stay as variants."""
    LAST = 2
    """The greatest (time, device, value)."""
    LEAST = 3
    """The smallest value."""
    GREATEST = 4
    """The greatest value."""
    DECODED = 5
    """A pair (decoder version, value): the greatest version, then the greatest (time, device)."""
    ONCE = 6
    """Being there is what counts: sets and sticky marks. The smallest stamp is kept."""


class Stamp(NamedTuple):
    """One value with what decides its fate.

    `life` is the life of the record under which a content value was written, or None for a control
    value, which no purge removes. `time_ms` is the source's own time for the fact.
    """

    life: int | None
    time_ms: int
    device: bytes
    value: Any


def value_bytes(value: Any) -> bytes:
    """The canonical bytes of a value: deterministic msgpack. They break ties."""
    return _encode_value(value)


def _rank(merge: int, stamp: Stamp) -> tuple[Any, ...]:
    """A key under which the *greatest* stamp wins for classes that prefer great, else smallest."""
    if merge == Merge.LAST:
        return (stamp.time_ms, stamp.device, value_bytes(stamp.value))
    if merge in (Merge.LEAST, Merge.GREATEST):
        return (stamp.value, stamp.time_ms, stamp.device)
    if merge == Merge.DECODED:
        return (stamp.value[0], stamp.time_ms, stamp.device, value_bytes(stamp.value))
    return (stamp.time_ms, stamp.device, value_bytes(stamp.value))


_PREFERS_GREAT = frozenset((Merge.LAST, Merge.GREATEST, Merge.DECODED))
_KNOWN = frozenset(int(merge) for merge in Merge)


def is_at_least(merge: int, left: Stamp, right: Stamp) -> bool:
    """Whether `left` is as good as `right` or better, by the order of the class alone."""
    if merge in _PREFERS_GREAT:
        return _rank(merge, left) >= _rank(merge, right)
    return _rank(merge, left) <= _rank(merge, right)


def _outlives(left: int | None, right: int | None) -> bool:
    """Whether every purge that removes a value of life `left` also removes one of life `right`."""
    if left is None:
        return True
    return right is not None and left >= right


def _covers(merge: int, left: Stamp, right: Stamp) -> bool:
    """Whether `right` adds nothing beside `left`."""
    if merge not in _KNOWN:
        # A class from the future: every distinct stamp stays, so nothing is lost until a device
        # that knows the class reads the objects again.
        return left[:3] == right[:3] and value_bytes(left.value) == value_bytes(right.value)
    if merge == Merge.FIRST and value_bytes(left.value) != value_bytes(right.value):
        return False
    return _outlives(left.life, right.life) and is_at_least(merge, left, right)


def stamp_order(stamp: Stamp) -> tuple[Any, ...]:
    """A total order of stamps for the canonical bytes of a state."""
    life = -1 if stamp.life is None else stamp.life
    return (life, stamp.time_ms, stamp.device, value_bytes(stamp.value))


def join_stamps(merge: int, left: tuple[Stamp, ...], right: tuple[Stamp, ...]) -> tuple[Stamp, ...]:
    """The maximal stamps of both sides, in canonical order."""
    kept = list(left)
    for stamp in right:
        if any(_covers(merge, other, stamp) for other in kept):
            continue
        kept = [other for other in kept if not _covers(merge, stamp, other)]
        kept.append(stamp)
    kept.sort(key=stamp_order)
    return tuple(kept)


def winner(merge: int, stamps: tuple[Stamp, ...]) -> Stamp:
    """The stamp whose value is shown. `stamps` is not empty."""
    if len(stamps) == 1:
        return stamps[0]
    if merge in _PREFERS_GREAT:
        return max(stamps, key=lambda stamp: _rank(merge, stamp))
    return min(stamps, key=lambda stamp: _rank(merge, stamp))
