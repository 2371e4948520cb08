"""Messages that are one, read: those that one is shown for, and the one that is shown for each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw

from sealwax.crypto.key_tree import RootKeys
from sealwax.library.naming import ids_of
from sealwax.library.numbers import Numbers
from sealwax.library.query import Row
from sealwax.library.select import SEEN, Moment, at_moment
from sealwax.library.values import integers
from sealwax.model.record import Kind
from sealwax.model.state import decode

_ROW = (
    "SELECT version.record, record.uid, version.kind, version.conversation, version.place,"
    " {state} FROM"
)


class TwinRows:
    """Answers of one library; changes nothing."""

    def __init__(self, connection: apsw.Connection, roots: RootKeys, numbers: Numbers) -> None:
        self._connection = connection
        self._roots = roots
        self._numbers = numbers

    def each(self, rows: Iterable[Row]) -> Iterator[Row]:
        """These, and in the place of a message that is shown for several all of those, each with
        its own state as it is now: for plans that change them."""
        found: Iterable[Any] = self._connection.execute("SELECT DISTINCT shown FROM twin_shown")
        shown = {record for (record,) in found}
        for row in rows:
            if row.kind == Kind.MESSAGE and row.record in shown:
                yield from self.of(row.record)
            else:
                yield row

    def of(self, message: int) -> list[Row]:
        """The messages that one is shown for, itself included, each with its own state as it is
        now. Nothing where it is one with no other."""
        rows: Iterable[Any] = self._connection.execute(
            f"{_ROW.format(state='version.state')} twin_shown"
            " JOIN record ON record.id = twin_shown.record"
            " JOIN version ON version.id = record.version WHERE twin_shown.shown = ?"
            " ORDER BY record.uid",
            (message,),
        )
        return _rows(rows)

    def beside(self, uids: Sequence[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        """The messages that each of these is one with, itself included; those that are one with
        none are absent."""
        members: dict[bytes, tuple[bytes, ...]] = {}
        for known, wanted in self._numbers.rows(uids):
            rows: Iterable[Any] = self._connection.execute(
                f"SELECT record.uid, twin.uid FROM {known}"
                " JOIN twin_shown ON twin_shown.record = record.id"
                " JOIN twin_shown AS beside ON beside.shown = twin_shown.shown"
                " JOIN record AS twin ON twin.id = beside.record",
                (wanted,),
            )
            for uid, other in rows:
                members[uid] = (*members.get(uid, ()), other)
        return members

    def shown(self, message: int) -> int:
        """The message that is shown for one: mostly itself."""
        row = self._connection.execute(
            "SELECT shown FROM twin_shown WHERE record = ?", (message,)
        ).fetchone()
        return int(row[0]) if row else message

    def named(self, names: Sequence[str], moment: Moment) -> dict[str, Row]:
        """The messages of these names as a moment shows them, by the names asked for."""
        uids = ids_of(self._roots, Kind.MESSAGE, names)
        either: dict[bytes, tuple[int, int]] = {}
        for known, wanted in self._numbers.rows(uids):
            rows: Iterable[Any] = self._connection.execute(
                f"SELECT record.uid, record.id, coalesce(twin_shown.shown, record.id) FROM {known}"
                " LEFT JOIN twin_shown ON twin_shown.record = record.id",
                (wanted,),
            )
            either.update((uid, (record, shown)) for uid, record, shown in rows)
        # A moment of the past may show it by itself still.
        found = self._at({record for pair in either.values() for record in pair}, moment)
        return {
            name: found[record]
            for name, uid in zip(names, uids, strict=True)
            for record in either.get(uid, ())
            if record in found
        }

    def _at(self, records: Iterable[int], moment: Moment) -> dict[int, Row]:
        condition, values = at_moment(moment)
        rows: Iterable[Any] = self._connection.execute(
            f"{_ROW.format(state=SEEN)} carray(?) AS wanted"
            " CROSS JOIN record ON record.id = wanted.value"
            f" CROSS JOIN version ON version.record = record.id AND {condition}",
            [integers(records), *values],
        )
        return {row.record: row for row in _rows(rows)}


def _rows(rows: Iterable[Any]) -> list[Row]:
    return [Row._make((*head, decode(state))) for *head, state in rows]
