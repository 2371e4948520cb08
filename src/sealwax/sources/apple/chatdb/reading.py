"""The messages of a database: the ways that lead to them, and what to do where a page is damaged.

A message is reached by its chat, by Recently Deleted, or by itself. Reading goes on behind a
damaged page: each message of that way is then asked for alone. Where a table that leads to messages
cannot be read, they are read by themselves, as messages in no chat.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import apsw

from sealwax.base.problem import Problem
from sealwax.sources.apple.chatdb.changes import integers
from sealwax.sources.apple.chatdb.columns import Columns
from sealwax.sources.apple.chatdb.message import Messages
from sealwax.sources.apple.chatdb.row import made, message_columns
from sealwax.sources.apple.chatdb.row_set import RowSet
from sealwax.sources.apple.chatdb.rows import BrokenTable, select
from sealwax.sources.base import Item

_JOIN, _RECOVERABLE = "chat_message_join", "chat_recoverable_message_join"
_ONLY = "message_id IN (SELECT value FROM carray(?1))"
_NOT_TOLD = "message_id NOT IN (SELECT value FROM carray(?1))"
_BY_THEMSELVES = (
    "SELECT NULL AS chat_id, message_id, NULL AS delete_date FROM"
    " (SELECT ROWID AS message_id FROM message)"
)


class _Way(NamedTuple):
    """A way to messages: what they are called, and the query, with its bindings, of (chat_id,
    message_id, delete_date) that leads to them."""

    name: str
    pairs: str
    bindings: tuple[object, ...]


class Reading:
    """One reading of the messages, or of some of them."""

    def __init__(
        self,
        connection: apsw.Connection,
        columns: Columns,
        messages: Messages,
        only: Iterable[int] | None,
    ) -> None:
        """`only` are the rows to read; None means all."""
        self._connection = connection
        self._columns = columns
        self._messages = messages
        self._only = None if only is None else integers(only)
        self._told = RowSet()
        self._is_way_lost = False

    def items(self) -> Iterator[Item]:
        """Everything that the messages say, in the order in which it is to be told."""
        for way in self._ways():
            yield from self._rows(way)
        if self._is_way_lost and self._only is None:
            pairs = f"{_BY_THEMSELVES}{_where([_NOT_TOLD])} ORDER BY message_id"
            yield from self._rows(_Way("all other messages", pairs, (integers(self._told),)))

    def _ways(self) -> Iterator[_Way]:
        absent = []
        only = [] if self._only is None else [_ONLY]
        rows = () if self._only is None else (self._only,)
        if self._columns.has(_JOIN, "chat_id", "message_id"):
            is_dated = self._columns.has(_JOIN, "message_date")
            order = "chat_id, message_date, message_id" if is_dated else "chat_id, message_id"
            picked = f"SELECT chat_id, message_id, NULL AS delete_date FROM {_JOIN}"
            yield _Way("messages", f"{picked}{_where(only)} ORDER BY {order}", rows)
            absent.append(_not_in(_JOIN))
        if self._columns.has(_RECOVERABLE, "chat_id", "message_id", "delete_date"):
            picked = f"SELECT chat_id, message_id, delete_date FROM {_RECOVERABLE}"
            yield _Way("recently deleted", f"{picked}{_where(absent)} ORDER BY 1, 2", ())
            absent.append(_not_in(_RECOVERABLE))
        pairs = f"{_BY_THEMSELVES}{_where([*only, *absent])} ORDER BY message_id"
        yield _Way("messages in no chat", pairs, rows)

    def _rows(self, way: _Way) -> Iterator[Item]:
        # The limit keeps SQLite from dropping the order of the inner query.
        source = f"FROM ({way.pairs} LIMIT -1) j CROSS JOIN message m ON m.ROWID = j.message_id"
        kept = self._messages.kept
        wanted = message_columns(self._columns, kept.picked, "j.chat_id", "j.delete_date")
        count = kept.shared_count
        observe, told = self._messages.observe, self._told.add
        read = 0
        try:
            for values in select(self._connection, wanted, source, way.bindings):
                row = made(values, count)
                read += 1
                told(row.row)
                yield from observe(row)
        except BrokenTable:
            yield from self._one_by_one(way, read)

    def _one_by_one(self, way: _Way, read: int) -> Iterator[Item]:
        """Goes on behind a damaged page: those that do not read are named."""
        try:
            picked = ("chat_id", "message_id", "delete_date")
            pairs = select(self._connection, picked, f"FROM ({way.pairs})", way.bindings)
            left = list(islice(pairs, read, None))
        except BrokenTable as error:
            self._is_way_lost = True
            yield Problem(way.name, "the rest of them cannot be read", str(error), is_damage=True)
            return
        for pair in left:
            self._told.add(pair[1])
            yield from self._alone(*pair)

    def _alone(self, chat: object, message: object, deleted: object) -> Iterator[Item]:
        """One message, without its attachments where those cannot be read."""
        kept = self._messages.kept
        for has_attachments in (True, False):
            wanted = message_columns(self._columns, kept.picked, "?", "?", has_attachments)
            rest = "FROM message m WHERE ROWID = ?"
            try:
                found = list(select(self._connection, wanted, rest, (chat, deleted, message)))
            except BrokenTable:
                continue
            if not has_attachments:
                yield Problem(
                    f"message {message}", "which attachments it has cannot be read", is_damage=True
                )
            for values in found:
                yield from self._messages.observe(made(values, kept.shared_count))
            return
        yield Problem(f"message {message}", "it lies on a damaged page, unreadable", is_damage=True)


def _not_in(table: str) -> str:
    return f"message_id NOT IN (SELECT message_id FROM {table} WHERE message_id IS NOT NULL)"


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
