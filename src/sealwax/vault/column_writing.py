"""Writing the columns of a segment: of the forms that `column` reads, one that makes it small.

The same items always give the same column.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from re import compile as compiled
from typing import Any

from sealwax.vault.column import (
    COLUMN_DEPTH_LIMIT,
    GREATEST_INTEGER,
    LEAST_INTEGER,
    NS_PER_MS,
    TABLE_LIMIT,
    ColumnForm,
    Room,
    encode_value,
)

_UNITS = (1_000_000_000, 1_000_000, 1_000)
_INNER_LIMIT = 64
"""Longer arrays and larger maps are no columns: they differ anyhow."""
_GUID_CHARACTERS = 36
_LOOKED_AT = 64
"""Where so many values differ mostly, so do all: nobody counts them."""
_GUIDS = compiled(r"(?:[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12})*")
_INTEGERS, _TEXTS, _MAPS = {int}, {str}, {dict}
_ARRAYS = {list, tuple}
_DISTINCT = {int, str, bytes, type(None)}
"""Values of these types that are equal are the same."""
_FLAGS = {bool, type(None)}


def write_column(
    values: Sequence[Any],
    room: Room,
    earlier: Sequence[Sequence[Any]] = (),
    depth: int = COLUMN_DEPTH_LIMIT,
) -> list[Any]:
    """A column of these items, of which there is at least one. `earlier` are the columns of the
    fields before it that may be referred to."""
    types = set(map(type, values))
    return (
        _repeated(values, types, room)
        or (types == _TEXTS and _guids(values))
        or (types == _INTEGERS and _integers(values, earlier))
        or (types <= _ARRAYS and depth > 1 and _arrays(values, room, depth))
        or (types == _MAPS and depth > 1 and _maps(values, room, depth))
        or [ColumnForm.VALUES, values]
    )


def write_times(times_ms: Sequence[int], room: Room, fields: Sequence[Sequence[Any]]) -> list[Any]:
    """The column of the times of changes, which often follow from a field in nanoseconds."""
    for at, values in enumerate(fields):
        if _are_ms_of(times_ms, values):
            return [ColumnForm.MS_OF, at]
    return write_column(times_ms, room)


def _are_ms_of(times_ms: Sequence[int], values: Sequence[Any]) -> bool:
    if type(values[0]) is not int or values[0] // NS_PER_MS != times_ms[0]:
        return False
    if set(map(type, values)) != _INTEGERS:
        return False
    pairs = zip(values, times_ms, strict=True)
    return all(value // NS_PER_MS == time_ms for value, time_ms in pairs)


def _repeated(values: Sequence[Any], types: set[type], room: Room) -> list[Any] | None:
    """One value, or a few."""
    if len(values) == 1:
        return _same(values[0], 1, room)
    if not (types <= _DISTINCT or types <= _FLAGS):
        return _alike(values, room)
    if types == _INTEGERS:
        return _same(values[0], len(values), room) if min(values) == max(values) else None
    if len(set(values[:_LOOKED_AT])) > _LOOKED_AT // 2:
        return None
    distinct = dict.fromkeys(values)
    if len(distinct) == 1:
        return _same(values[0], len(values), room)
    if len(distinct) > min(TABLE_LIMIT, len(values) // 2):
        return None
    longest = max(map(len, map(encode_value, distinct)))
    if not room.has(longest, len(values)):
        return None
    room.take(longest, len(values))
    places = {value: place for place, value in enumerate(distinct)}
    return [ColumnForm.TABLE, list(distinct), bytes(map(places.__getitem__, values))]


def _alike(values: Sequence[Any], room: Room) -> list[Any] | None:
    """The same for arrays and maps, which may be equal and not the same: true and 1 are."""
    first = values[0]
    if any(value != first for value in values):
        return None
    if len(set(map(encode_value, values))) > 1:
        return None
    return _same(first, len(values), room)


def _same(value: Any, count: int, room: Room) -> list[Any] | None:
    value_bytes = len(encode_value(value))
    if not room.has(value_bytes, count):
        return None
    room.take(value_bytes, count)
    return [ColumnForm.SAME, value]


def _guids(values: Sequence[str]) -> list[Any] | None:
    if len(values[0]) != _GUID_CHARACTERS or set(map(len, values)) != {_GUID_CHARACTERS}:
        return None
    joined = "".join(values)
    if _GUIDS.fullmatch(joined) is None:
        return None
    return [ColumnForm.GUIDS, bytes.fromhex(joined.replace("-", ""))]


def _integers(values: Sequence[int], earlier: Sequence[Sequence[Any]]) -> list[Any] | None:
    if min(values) < LEAST_INTEGER or max(values) > GREATEST_INTEGER:
        return None
    steps = [values[0], *(after - before for before, after in pairwise(values))]
    written: list[Any] = [ColumnForm.DIFFERENCES, *_in_units(steps)]
    for field, others in enumerate(earlier):
        if type(others[0]) is int and set(map(type, others)) == _INTEGERS:
            beside = [value - other for value, other in zip(values, others, strict=True)]
            if _bits(beside) < _bits(steps):
                written = [ColumnForm.BESIDE, field, *_in_units(beside)]
            break
    numbers = written[-1]
    is_within = min(numbers) >= LEAST_INTEGER and max(numbers) <= GREATEST_INTEGER
    return written if is_within else None


def _in_units(numbers: list[int]) -> tuple[int, list[int]]:
    for unit in _UNITS:
        if not any(number % unit for number in numbers):
            return unit, [number // unit for number in numbers]
    return 1, numbers


def _bits(numbers: Iterable[int]) -> int:
    return sum(map(int.bit_length, numbers))


def _arrays(values: Sequence[Sequence[Any]], room: Room, depth: int) -> list[Any] | None:
    lengths = set(map(len, values))
    if len(lengths) > 1 or not 0 < len(values[0]) <= _INNER_LIMIT:
        return None
    if not room.has_inner(len(values[0]), len(values)):
        return None
    room.take_inner(len(values[0]), len(values))
    columns = [write_column(inner, room, depth=depth - 1) for inner in zip(*values, strict=True)]
    return [ColumnForm.ARRAYS, columns]


def _maps(values: Sequence[dict[Any, Any]], room: Room, depth: int) -> list[Any] | None:
    first = values[0]
    if not 0 < len(first) <= _INNER_LIMIT or set(map(type, first)) != _TEXTS:
        return None
    if any(value.keys() != first.keys() for value in values):
        return None
    names = sorted(first)
    names_bytes = len(encode_value(names))
    if not (room.has(names_bytes, len(values)) and room.has_inner(len(names), len(values))):
        return None
    room.take(names_bytes, len(values))
    room.take_inner(len(names), len(values))
    inner = ([value[name] for value in values] for name in names)
    columns = [write_column(column, room, depth=depth - 1) for column in inner]
    return [ColumnForm.MAPS, names, columns]
