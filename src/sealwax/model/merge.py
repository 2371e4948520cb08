"""How the values of one field merge: the classes, and the order each puts on its values.

A field's state is a set of **stamps** (life, time, device, value). Joining two states is the union
of their stamps, from which only the *maximal* ones stay: a stamp goes when another one, written
under the same or a later life, is at least as good by the order of the field's class. Keeping one
candidate for each life is what lets a purge remove what was written before it without taking along
the copy that a restore wrote after it. The join is commutative, associative and idempotent: it is
the antichain of maximal elements under a product of two orders. A hostile history may have a great
many stamps of one field, so they are put in order and walked once.

Implements "Records and how they merge" of docs/format.md.
"""

import math
from collections.abc import Iterable, Sequence
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


def stamp_order(stamp: Stamp) -> tuple[Any, ...]:
    """A total order of stamps for the canonical bytes of a state."""
    life = -1 if stamp.life is None else stamp.life
    return (life, stamp.time_ms, stamp.device, value_bytes(stamp.value))


def join_stamps(merge: int, left: tuple[Stamp, ...], right: Iterable[Stamp]) -> tuple[Stamp, ...]:
    """The maximal stamps of both sides, in canonical order."""
    stamps = (*left, *right)
    kept = _maximal(merge, stamps) if len(stamps) > 1 else stamps
    return tuple(sorted(kept, key=stamp_order)) if len(kept) > 1 else tuple(kept)


def _maximal(merge: int, stamps: Sequence[Stamp]) -> Sequence[Stamp]:
    if merge not in _KNOWN:
        # A class from the future: every distinct stamp stays, so nothing is lost until a device
        # that knows the class reads the objects again.
        return list({(*stamp[:3], value_bytes(stamp.value)): stamp for stamp in stamps}.values())
    if merge != Merge.FIRST:
        return _front(merge, stamps)
    alike: dict[bytes, list[Stamp]] = {}
    for stamp in stamps:
        alike.setdefault(value_bytes(stamp.value), []).append(stamp)
    return [best for group in alike.values() for best in _front(merge, group)]


def _front(merge: int, stamps: Sequence[Stamp]) -> list[Stamp]:
    """The stamps that no other covers, of those that can cover one another.

    They are walked from those that outlive all others to those that go first, and of one life from
    the best on: a stamp stays when it is better than all before it.
    """
    if len(stamps) == 1:
        return list(stamps)
    prefers_great = merge in _PREFERS_GREAT
    ranked = [(_rank(merge, stamp), stamp) for stamp in stamps]
    ranked.sort(key=_rank_of, reverse=prefers_great)
    ranked.sort(key=_span_of, reverse=True)
    best, kept = ranked[0][0], [ranked[0][1]]
    for rank, stamp in ranked[1:]:
        if rank > best if prefers_great else rank < best:
            best = rank
            kept.append(stamp)
    return kept


def _rank_of(ranked: tuple[tuple[Any, ...], Stamp]) -> tuple[Any, ...]:
    return ranked[0]


def _span_of(ranked: tuple[tuple[Any, ...], Stamp]) -> float:
    """How far a stamp lives: a purge takes along what is of a smaller life, never a control."""
    life = ranked[1].life
    return math.inf if life is None else life


def winner(merge: int, stamps: tuple[Stamp, ...]) -> Stamp:
    """The stamp whose value is shown. `stamps` is not empty."""
    if len(stamps) == 1:
        return stamps[0]
    if merge in _PREFERS_GREAT:
        return max(stamps, key=lambda stamp: _rank(merge, stamp))
    return min(stamps, key=lambda stamp: _rank(merge, stamp))
