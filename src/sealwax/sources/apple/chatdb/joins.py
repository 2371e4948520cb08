"""New rows of the tables that join messages to chats and attachments.

SQLite gives a new row the number after the greatest, so what is new stands behind what was last
seen. A number is used again only after the greatest rows were deleted: so the last rows are
remembered, and everything behind the first of them that is not as it was counts as new. Rows that
moved to another chat in place show in the chats' counts.
"""

from collections import Counter
from collections.abc import Iterator

import apsw
import msgspec

from sealwax.sources.apple.chatdb.columns import Columns
from sealwax.sources.apple.chatdb.rows import select

TAIL_ROWS = 512
TABLES = {
    "chat_message_join": ("chat_id", "message_id"),
    "message_attachment_join": ("attachment_id", "message_id"),
}
Tail = list[tuple[int, int, int]]


class Joins(msgspec.Struct, frozen=True, array_like=True):
    """The last rows of each join table as (row, other, message), and each chat's messages."""

    tails: dict[str, Tail]
    counts: dict[int, int]


def read_joins(connection: apsw.Connection, columns: Columns) -> Joins:
    """What is to be remembered now."""
    tails = {
        table: _tail(connection, table, pair)
        for table, pair in TABLES.items()
        if columns.has(table, *pair)
    }
    return Joins(tails, _counts(connection) if "chat_message_join" in tails else {})


def joined_since(connection: apsw.Connection, known: Joins, now: Joins) -> set[int] | None:
    """The messages that were joined to something since; None when that cannot be told."""
    found: set[int] = set()
    if set(known.tails) != set(now.tails):
        return None
    for table, pair in TABLES.items():
        if table in known.tails:
            row = _boundary(connection, table, pair, known.tails[table])
            if row is None:
                return None
            new = list(_behind(connection, table, pair, row))
            found.update(message for _, message in new)
            if table == "chat_message_join":
                found |= _moved(connection, known, now, Counter(chat for chat, _ in new))
    return found


def _boundary(
    connection: apsw.Connection, table: str, pair: tuple[str, str], tail: Tail
) -> int | None:
    """The last row up to which nothing is new; 0 for a small table, which is read whole."""
    if len(tail) < TAIL_ROWS:
        return 0
    first, last = tail[0][0], tail[-1][0]
    rows = select(
        connection,
        ("ROWID", *pair),
        f"FROM {table} WHERE ROWID BETWEEN ? AND ? ORDER BY ROWID",
        (first, last),
    )
    now = list(rows)
    same = next((at for at in range(len(tail)) if at >= len(now) or now[at] != tail[at]), len(tail))
    return tail[same - 1][0] if same else None


def _behind(
    connection: apsw.Connection, table: str, pair: tuple[str, str], row: int
) -> Iterator[tuple[int, int]]:
    for other, message in select(connection, pair, f"FROM {table} WHERE ROWID > ?", (row,)):
        if isinstance(message, int):
            yield other, message


def _moved(connection: apsw.Connection, known: Joins, now: Joins, new: Counter[int]) -> set[int]:
    """The messages of chats that grew by more than their new rows."""
    found: set[int] = set()
    for chat, count in now.counts.items():
        if count > known.counts.get(chat, 0) + new[chat]:
            rows = select(
                connection, ("message_id",), "FROM chat_message_join WHERE chat_id = ?", (chat,)
            )
            found.update(message for (message,) in rows if isinstance(message, int))
    return found


def _tail(connection: apsw.Connection, table: str, pair: tuple[str, str]) -> Tail:
    rows = select(
        connection, ("ROWID", *pair), f"FROM {table} ORDER BY ROWID DESC LIMIT {TAIL_ROWS}"
    )
    found = [row for row in rows if all(isinstance(value, int) for value in row)]
    return [(row, other, message) for row, other, message in reversed(found)]


def _counts(connection: apsw.Connection) -> dict[int, int]:
    rows = select(connection, ("chat_id", "count(*)"), "FROM chat_message_join GROUP BY chat_id")
    return {chat: count for chat, count in rows if isinstance(chat, int)}
