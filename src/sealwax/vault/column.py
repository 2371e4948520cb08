"""A column of a segment: what one field says in many changes, as short as it goes.

Reading is strict: each column gives exactly as many items as there are changes, of sound form, and
what is repeated takes no more room than a whole segment may. Writing is in `column_writing`.

Implements the columns of "Segments" in docs/format.md.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from itertools import accumulate, pairwise
from struct import iter_unpack
from typing import Any, NamedTuple

import msgspec

from sealwax.vault.value_form import DEPTH_LIMIT, ONLY_INTEGERS, check_values

COLUMN_DEPTH_LIMIT = 8
GUID_BYTES = 16
TABLE_LIMIT = 256
INNER_ITEMS_LIMIT = 524_288
"""Those of all columns that stand in others: each may be an object, however little it took."""
LEAST_INTEGER, GREATEST_INTEGER = -(2**63), 2**63 - 1
NS_PER_MS = 1_000_000

encode_value = msgspec.msgpack.Encoder(order="deterministic").encode


class ColumnForm(IntEnum):
    """How a column is written. The numbers are part of the format."""

    VALUES = 0
    SAME = 1
    DIFFERENCES = 2
    BESIDE = 3
    GUIDS = 4
    TABLE = 5
    ARRAYS = 6
    MAPS = 7
    MS_OF = 8


class Room:
    """What a segment may still unfold to: bytes of what is repeated, items of inner columns."""

    def __init__(self, left_bytes: int, left_items: int = INNER_ITEMS_LIMIT) -> None:
        self._left_bytes = left_bytes
        self._left_items = left_items

    def has(self, value_bytes: int, count: int) -> bool:
        return value_bytes * count <= self._left_bytes

    def has_inner(self, columns: int, count: int) -> bool:
        return columns * count <= self._left_items

    def take(self, value_bytes: int, count: int) -> None:
        """Room for so many bytes as often. Raises ValueError where there is not so much left."""
        if not self.has(value_bytes, count):
            raise ValueError
        self._left_bytes -= value_bytes * count

    def take_inner(self, columns: int, count: int) -> None:
        """Room for inner columns of so many items. Raises ValueError likewise."""
        if not self.has_inner(columns, count):
            raise ValueError
        self._left_items -= columns * count


class _Reading(NamedTuple):
    """A column that is being read: of how many items, beside which fields, how deep."""

    items: int
    room: Room
    earlier: Sequence[list[Any]]
    depth: int

    @property
    def value_depth(self) -> int:
        return DEPTH_LIMIT - COLUMN_DEPTH_LIMIT + self.depth


def read_column(
    column: Any,
    count: int,
    room: Room,
    earlier: Sequence[list[Any]] = (),
    depth: int = COLUMN_DEPTH_LIMIT,
) -> list[Any]:
    """The items of a column. `earlier` are those of the fields before it. Values may be shared
    between items: nobody changes them. Raises ValueError, TypeError or IndexError."""
    if depth == 0 or type(column) is not list:
        raise ValueError
    form, *told = column
    if type(form) is not int or form not in _READERS:
        raise ValueError
    return _READERS[form](_Reading(count, room, earlier, depth), *told)


def integers_of(columns: Sequence[list[Any]], field: Any) -> list[int]:
    """The column of a field, all of whose values are ints."""
    if type(field) is not int or field < 0:
        raise ValueError
    values = columns[field]
    if not ONLY_INTEGERS.issuperset(map(type, values)):
        raise ValueError
    return values


def _values(reading: _Reading, values: Any) -> list[Any]:
    _need_list(values, reading.items)
    check_values(values, reading.value_depth)
    return list(values)


def _same(reading: _Reading, value: Any) -> list[Any]:
    check_values([value], reading.value_depth)
    reading.room.take(len(encode_value(value)), reading.items)
    return [value] * reading.items


def _differences(reading: _Reading, unit: Any, numbers: Any) -> list[Any]:
    return _within(list(accumulate(_multiplied(reading, unit, numbers))))


def _beside(reading: _Reading, field: Any, unit: Any, numbers: Any) -> list[Any]:
    beside = integers_of(reading.earlier, field)
    pairs = zip(beside, _multiplied(reading, unit, numbers), strict=True)
    return _within([value + more for value, more in pairs])


def _guids(reading: _Reading, data: Any) -> list[Any]:
    if type(data) is not bytes or len(data) != GUID_BYTES * reading.items:
        raise ValueError
    parts = iter_unpack("8s4s4s4s12s", data.hex().upper().encode())
    return b" ".join(map(b"-".join, parts)).decode().split(" ")


def _table(reading: _Reading, values: Any, places: Any) -> list[Any]:
    if type(values) is not list or not 1 <= len(values) <= TABLE_LIMIT:
        raise ValueError
    if type(places) is not bytes or len(places) != reading.items:
        raise ValueError
    check_values(values, reading.value_depth)
    reading.room.take(max(map(len, map(encode_value, values))), reading.items)
    return list(map(values.__getitem__, places))


def _arrays(reading: _Reading, columns: Any) -> list[Any]:
    return list(map(list, zip(*_inner(reading, columns), strict=True)))


def _maps(reading: _Reading, names: Any, columns: Any) -> list[Any]:
    _need_names(names, columns)
    reading.room.take(len(encode_value(names)), reading.items)
    rows = zip(*_inner(reading, columns), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


_READERS: dict[int, Callable[..., list[Any]]] = {
    ColumnForm.VALUES: _values,
    ColumnForm.SAME: _same,
    ColumnForm.DIFFERENCES: _differences,
    ColumnForm.BESIDE: _beside,
    ColumnForm.GUIDS: _guids,
    ColumnForm.TABLE: _table,
    ColumnForm.ARRAYS: _arrays,
    ColumnForm.MAPS: _maps,
}
"""Another number of items than its form has is a TypeError."""


def _inner(reading: _Reading, columns: Any) -> list[list[Any]]:
    if type(columns) is not list or not columns:
        raise ValueError
    count, room, _, depth = reading
    room.take_inner(len(columns), count)
    return [read_column(column, count, room, depth=depth - 1) for column in columns]


def _multiplied(reading: _Reading, unit: Any, numbers: Any) -> list[int]:
    _need_list(numbers, reading.items)
    _need_integers((unit,))
    _need_integers(numbers)
    if not 1 <= unit <= GREATEST_INTEGER:
        raise ValueError
    _within(numbers)
    return [unit * number for number in numbers]


def _need_names(names: Any, columns: Any) -> None:
    if type(names) is not list or type(columns) is not list or len(names) != len(columns):
        raise ValueError
    if any(type(name) is not str for name in names):
        raise ValueError
    if any(name >= following for name, following in pairwise(names)):
        raise ValueError


def _need_list(values: Any, count: int) -> None:
    if type(values) is not list or len(values) != count:
        raise ValueError


def _need_integers(values: Sequence[Any]) -> None:
    if not ONLY_INTEGERS.issuperset(map(type, values)):
        raise ValueError


def _within(values: list[int]) -> list[int]:
    if min(values) < LEAST_INTEGER or max(values) > GREATEST_INTEGER:
        raise ValueError
    return values
