"""What tables beside `message` say of messages: the parts that were deleted, and columns of the
joins that nothing here decodes.

They are read whole each time: there are few rows of parts, and of the joins only rows are read in
which such a column holds something.
"""

from collections.abc import Iterator
from typing import Any

import apsw

from sealwax.base.problem import Problem
from sealwax.model.record import Kind
from sealwax.sources.apple.chatdb.columns import Columns
from sealwax.sources.apple.chatdb.kept import KeptColumns, row_entries, too_large
from sealwax.sources.apple.chatdb.rows import BrokenTable, select, words
from sealwax.sources.apple.dates import to_ms, unix_ns
from sealwax.sources.base import Item, Observation

PARTS = "recoverable_message_part"
_OF_MESSAGES = ("chat_message_join", "message_attachment_join", "chat_recoverable_message_join")


def read_beside(connection: apsw.Connection, columns: Columns, newest_ms: int) -> Iterator[Item]:
    """What these tables say, as facts about messages, at the times of the messages."""
    for table in (PARTS, *_OF_MESSAGES):
        if not columns.has(table, "message_id"):
            continue
        kept = KeptColumns(columns, table)
        problem = kept.problem()
        if problem is not None:
            yield problem
        if kept.names:
            yield from _Table(connection, columns, table, kept, newest_ms).items()


class _Table:
    def __init__(
        self,
        connection: apsw.Connection,
        columns: Columns,
        table: str,
        kept: KeptColumns,
        newest_ms: int,
    ) -> None:
        self._connection = connection
        self._table = table
        self._kept = kept
        self._newest_ms = newest_ms
        number = "part_index" if table == PARTS else "attachment_id" if "attach" in table else ""
        self._number = f't."{number}"' if columns.has(table, number) else "NULL"

    def items(self) -> Iterator[Item]:
        stated = " OR ".join(f"ifnull({picked}, 0) NOT IN (0, '')" for picked in self._kept.picked)
        rest = (
            f"FROM {self._table} t JOIN message m ON m.ROWID = t.message_id WHERE {stated}"
            " ORDER BY t.ROWID"
        )
        wanted = ("m.guid", "m.date", self._number, *self._kept.picked)
        try:
            for guid, date, number, *values in select(self._connection, wanted, rest):
                yield from self._row(words(guid), date, number, tuple(values))
        except BrokenTable as error:
            yield Problem(self._table, "the rest of it cannot be read", str(error), is_damage=True)

    def _row(
        self, guid: str | None, date: object, number: object, values: tuple[Any, ...]
    ) -> Iterator[Item]:
        if guid is None:
            yield Problem(self._table, "a row of it is of a message that has no id")
            return
        kept = self._kept.keep(values)
        problem = too_large(f"message {guid}", kept.left_out)
        if problem is not None:
            yield problem
        key = self._table if number is None else f"{self._table}:{number}"
        told = row_entries(key[:200], kept.columns)
        if told:
            time_ns = unix_ns(date)
            time_ms = self._newest_ms if time_ns is None else to_ms(time_ns)
            yield Observation(int(Kind.MESSAGE), guid, time_ms, told)
