"""Rows of a foreign database, whatever is in them.

SQLite lets any value stand in any column, and text need not be UTF-8. Reading goes the fast way;
where a text cannot be decoded, the same query goes on in a way that replaces what is broken.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import apsw

from sealwax.sources.apple.private_copy import stated_bytes

TEXT_MARK = "t"
LEAST_ROW_BYTES = 6
"""The least room that a row takes: a pointer, a length, a number, a head and a value."""


class BrokenTable(Exception):
    """The rest of a query cannot be read: pages of the database are damaged."""


def select(
    connection: apsw.Connection, columns: Sequence[str], rest: str, bindings: Sequence[Any] = ()
) -> Iterator[tuple[Any, ...]]:
    """The rows of `SELECT columns rest`, whose order is the same each time; raises BrokenTable, for
    more rows than the file has room for, too."""
    done = 0
    try:
        limit = stated_bytes(connection) // LEAST_ROW_BYTES + 1
        for row in connection.execute(f"SELECT {', '.join(columns)} {rest}", bindings):
            yield row
            done += 1
            if done > limit:
                raise BrokenTable("it has more rows than there is room for")
    except UnicodeDecodeError:
        yield from islice(_careful(connection, columns, rest, bindings), done, None)
    except apsw.Error as error:
        raise BrokenTable(str(error)) from error


def _careful(
    connection: apsw.Connection, columns: Sequence[str], rest: str, bindings: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    marked = [
        f"CASE typeof({column}) WHEN 'text' THEN '{TEXT_MARK}' || hex({column}) ELSE {column} END"
        for column in columns
    ]
    try:
        for row in connection.execute(f"SELECT {', '.join(marked)} {rest}", bindings):
            yield tuple(_unmarked(value) for value in row)
    except apsw.Error as error:
        raise BrokenTable(str(error)) from error


def _unmarked(value: Any) -> Any:
    if isinstance(value, str):
        return bytes.fromhex(value[len(TEXT_MARK) :]).decode("utf-8", "replace")
    return value


def words(value: object) -> str | None:
    """A text that says something, or None."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value if isinstance(value, str) and value else None


def whole(value: object) -> int | None:
    """A whole number, or None."""
    if isinstance(value, float) and value == value and abs(value) < 2**63:
        return int(value)
    return value if isinstance(value, int) else None


def blob(value: object) -> bytes | None:
    """Bytes that say something, or None; a text where bytes belong counts as its bytes."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) and value else None
