"""The numbers of records, by their ids: from an index, or from memory while a library is filled."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw

from sealwax.library.database import LATE_INDEXES
from sealwax.library.held_numbers import HeldNumbers
from sealwax.library.values import blobs, integers, pages_of_blobs

UNSEEN_LIMIT = 50_000
BY_ID = "carray(?) AS wanted CROSS JOIN record ON record.uid = wanted.value"
BY_NUMBER = "carray(?) AS wanted CROSS JOIN record ON record.id = wanted.value"
_INDEX = "record_by_uid"


class Numbers:
    """Finds the rows of records. One for each connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._held: HeldNumbers | None = None
        # An import asks for records before it has them written: what was not there then is not
        # looked for again.
        self._unseen: set[bytes] = set()

    def rows(self, uids: Sequence[bytes]) -> Iterator[tuple[str, Any]]:
        """For each page of these ids what to select from, as SQL with its one value: the rows of
        `record` of those that are known, and no others."""
        if self._held is None and self._has_index():
            uids = sorted(uid for uid in uids if uid not in self._unseen)
            for wanted in pages_of_blobs(uids):
                yield BY_ID, wanted
        elif numbers := self._numbers(uids):
            yield BY_NUMBER, integers(numbers)

    def note_unseen(self, uids: Iterable[bytes]) -> None:
        """These were looked for and are not there."""
        if self._held is None and len(self._unseen) < UNSEEN_LIMIT:
            self._unseen.update(uids)

    def add(self, uids: Sequence[bytes], numbers: Iterable[int]) -> None:
        """These rows are being written."""
        self._unseen.difference_update(uids)
        if self._held is not None:
            self._held.add(uids, numbers)

    def forget(self) -> None:
        """Drops what is remembered of a transaction that was rolled back. What is held may name
        rows that are not there, or are of others by now: it is compared whenever it is asked."""
        self._unseen = set()

    def hold(self) -> None:
        """Begins to hold the numbers of a library without records in memory, and does without the
        indexes that are slow to fill; inside a transaction."""
        for name, _ in LATE_INDEXES:
            self._connection.execute(f"DROP INDEX IF EXISTS {name}")
        self._held = HeldNumbers()

    @property
    def are_held(self) -> bool:
        """Whether they are held in memory."""
        return self._held is not None

    @property
    def is_full(self) -> bool:
        """Whether more are held than should be."""
        return self._held is not None and self._held.is_full

    def settle(self) -> None:
        """Makes the indexes, and holds no more; inside a transaction."""
        self._held = None
        for _, sql in LATE_INDEXES:
            self._connection.execute(sql)

    def _numbers(self, uids: Sequence[bytes]) -> list[int]:
        """The numbers of those of these records that are known."""
        if self._held is None:
            # Another connection fills the library: all rows are looked at, once.
            rows: Iterable[Any] = self._connection.execute(
                "SELECT id, uid FROM record WHERE uid IN (SELECT value FROM carray(?))",
                (blobs(uids),),
            )
        else:
            rows = self._connection.execute(
                f"SELECT record.id, record.uid FROM {BY_NUMBER}",
                (integers(self._held.candidates(uids)),),
            )
        wanted = set(uids)
        return [number for number, uid in rows if uid in wanted]

    def _has_index(self) -> bool:
        return has_index(self._connection, _INDEX)


def has_index(connection: apsw.Connection, name: str) -> bool:
    """Whether an index is there: some are made when a library has been filled."""
    row = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    return row is not None
