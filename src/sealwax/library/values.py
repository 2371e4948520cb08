"""Values as a table for SQL, so that one query asks for many."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw

VALUES_LIMIT = 10_000


def blobs(values: Iterable[bytes]) -> Any:
    """Bytes, to be bound to `carray(?)`. No row has the empty ones that stand for none."""
    return apsw.carray(tuple(values) or (b"",), flags=apsw.SQLITE_CARRAY_BLOB)


def pages_of_blobs(values: Sequence[bytes]) -> Iterator[Any]:
    """The same in pages of at most VALUES_LIMIT."""
    for start in range(0, len(values), VALUES_LIMIT):
        yield blobs(values[start : start + VALUES_LIMIT])


def integers(values: Iterable[int]) -> Any:
    """Numbers, to be bound to `carray(?)`. No seq and no row is the −1 that stands for none."""
    return apsw.carray(array("q", values) or array("q", (-1,)), flags=apsw.SQLITE_CARRAY_INT64)


def reals(values: Iterable[float]) -> Any:
    """Moments, to be bound to `carray(?)`. No moment is the −1.5 that stands for none."""
    return apsw.carray(array("d", values) or array("d", (-1.5,)), flags=apsw.SQLITE_CARRAY_DOUBLE)
