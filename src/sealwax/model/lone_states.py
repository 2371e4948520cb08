"""The canonical bytes of states that single changes come to, without making the states.

A history has millions of changes and a few dozen shapes, so they are written by column: what all
changes of a shape have in common is encoded once.
"""

from collections.abc import Sequence
from itertools import repeat
from operator import is_
from typing import Any

import msgspec

from sealwax.model.state import is_control

FIELDS_LIMIT = 15
"""More fields would need an array of another head."""
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_FEW = 16
_LOOKED_AT = 64


def is_lone(names: Sequence[str]) -> bool:
    """Whether a change of content of these fields is a state by itself: each value is named once,
    and none steers the record."""
    is_single = 0 < len(names) <= FIELDS_LIMIT and len(set(names)) == len(names)
    return is_single and not any(map(is_control, names))


def lone_states(
    head: tuple[int, int | None, bytes],
    fields: Sequence[tuple[str, int]],
    times_ms: Sequence[int],
    keys: Sequence[Sequence[str]],
    values: Sequence[Sequence[Any]],
) -> list[bytes]:
    """The canonical bytes of the state of each change. `head` is the kind, life and device of all,
    `fields` are (name, class) pairs whose names `is_lone` says yes to; `times_ms` has an item for
    each change, `keys` and `values` a column of such items for each field."""
    kind, life, device = head
    pieces = _Pieces(len(times_ms))
    pieces.add(_array(3), _encode(kind), _array(1), _array(3), _encode(life))
    pieces.add_column(times_ms)
    pieces.add(_encode(device), _array(len(fields)))
    for at in sorted(range(len(fields)), key=fields.__getitem__):
        name, merge = fields[at]
        pieces.add(_array(4), _encode(name), _encode(merge))
        pieces.add_column(keys[at])
        # One stamp: the first of the heads, and the value.
        pieces.add(_array(1), _array(2), _encode(0))
        pieces.add_column(values[at])
    return pieces.joined()


def _array(items: int) -> bytes:
    """The head of a msgpack array of few items."""
    assert items <= FIELDS_LIMIT
    return bytes((0x90 + items,))


class _Pieces:
    """The bytes of many states, piece after piece: some are the same in all, some are a column."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._same: list[bytes] = []
        self._columns: list[Sequence[bytes]] = []

    def add(self, *pieces: bytes) -> None:
        self._same += pieces

    def add_column(self, items: Sequence[Any]) -> None:
        first = items[0]
        if all(map(is_, items, repeat(first))):
            self.add(_encode(first))
            return
        self._end_same()
        self._columns.append(_encoded(items))

    def joined(self) -> list[bytes]:
        self._end_same()
        return list(map(b"".join, zip(*self._columns, strict=True)))

    def _end_same(self) -> None:
        self._columns.append([b"".join(self._same)] * self._count)
        self._same = []


def _encoded(items: Sequence[Any]) -> list[bytes]:
    """The bytes of each item; those of texts that come again and again are made once."""
    if type(items[0]) is str and len(set(map(id, items[:_LOOKED_AT]))) < _FEW:
        known = {id(item): item for item in items}
        if len(known) * 2 < len(items):
            made = {at: _encode(item) for at, item in known.items()}
            return [made[id(item)] for item in items]
    return list(map(_encode, items))
