"""Apple's property lists, binary or XML, from somebody else: one way to read them all.

The standard library reads them, but was not written for hostile ones: what is wrong with one may be
any exception, and in a binary one a thousand lists may lie on top of each other in the same bytes,
each a copy in memory. So the size is bounded, a binary one may not state more than it has bytes
for, nothing that is wrong gets out but PropertyListError, and what was read is bounded in depth and
in the number of its values.
"""

import plistlib
from itertools import pairwise
from typing import Any

SIZE_LIMIT_BYTES = 16 * 1024 * 1024
DEPTH_LIMIT = 32
VALUES_LIMIT = 200_000
_MAGIC = b"bplist00"
_TRAILER_BYTES = 32
_COLLECTIONS = {0xA0: 1, 0xC0: 1, 0xD0: 2}
"""The markers of arrays, sets and maps, with how many references each item has."""
_SINGLE = {0x40: 1, 0x50: 1, 0x60: 2}
"""The markers of bytes, and of texts of one and of two bytes a character."""


class PropertyListError(ValueError):
    """These bytes are not a property list that can be read; the text says what is wrong."""


def read_property_list(data: bytes, size_limit_bytes: int = SIZE_LIMIT_BYTES) -> Any:
    """The value that a property list says; raises PropertyListError."""
    if len(data) > size_limit_bytes:
        raise PropertyListError("it is larger than one may be")
    try:
        if data.startswith(_MAGIC):
            _check_room(data)
        found = plistlib.loads(data)
    except PropertyListError:
        raise
    except Exception as error:
        # Whatever it is, it says that these bytes are none.
        raise PropertyListError("it is not a property list") from error
    _check_bounds(found)
    return found


def _check_room(data: bytes) -> None:
    """Raises PropertyListError, or what a list that is none leads to, where the values of a binary
    one state more bytes than there are: then some lie on top of each other."""
    trailer = data[-_TRAILER_BYTES:]
    offset_bytes, reference_bytes = trailer[6], trailer[7]
    count, table = int.from_bytes(trailer[8:16], "big"), int.from_bytes(trailer[24:32], "big")
    if count > VALUES_LIMIT or not offset_bytes or not reference_bytes:
        raise PropertyListError("it has more values than one may have")
    edges = range(table, table + (count + 1) * offset_bytes, offset_bytes)
    stated = 0
    for start, end in pairwise(edges):
        stated += _stated_bytes(data, int.from_bytes(data[start:end], "big"), reference_bytes)
    if stated > len(data):
        raise PropertyListError("its values lie on top of each other")


def _stated_bytes(data: bytes, at: int, reference_bytes: int) -> int:
    """How many bytes the value at an offset says that it has behind its marker."""
    marker = data[at]
    kind, length = marker & 0xF0, marker & 0x0F
    if kind not in _COLLECTIONS and kind not in _SINGLE:
        return 1
    if length == 0x0F:
        width = 1 << (data[at + 1] & 0x03)
        length = int.from_bytes(data[at + 2 : at + 2 + width], "big")
    each = _COLLECTIONS[kind] * reference_bytes if kind in _COLLECTIONS else _SINGLE[kind]
    return 1 + length * each


def _check_bounds(found: Any) -> None:
    """Raises PropertyListError for what is too deep or too many. The same value may stand in many
    places, and in itself: each is walked again, for so will whoever reads it."""
    left, level = VALUES_LIMIT, [found]
    for _ in range(DEPTH_LIMIT):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
            if len(inner) > left:
                raise PropertyListError("it has more values than one may have")
        if not inner:
            return
        left -= len(inner)
        level = inner
    raise PropertyListError("it is nested too deeply")
