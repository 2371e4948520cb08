"""What other devices took away from this one: records, by which device, and what came of it.

A little is only remembered for a while, to be counted together with what comes next. More stands
under a question, until a person answers. A record that is back is forgotten.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sealwax.library.guard_file import GuardFile
from sealwax.library.own_time import NOT_KNOWN
from sealwax.library.values import pages_of_blobs

NO_QUESTION = 0
NO_MOMENT = -1


class Taken(NamedTuple):
    """A record that another device took away.

    `how` and `life` are those of `sync.guard.plan`; `moment` is the seq of the messages zone at
    which it was still there and which is to be kept, or NO_MOMENT; `question` the number of the one
    under which it waits for an answer, or NO_QUESTION; `is_repeated` says that who took it cannot
    be told, `is_shared` that the shared history had it; `conversation` is a key that tells
    conversations apart, empty for what is no message.
    """

    record: bytes
    how: int
    life: int
    taker: bytes
    moment: int
    question: int
    is_repeated: bool
    is_shared: bool
    kind: int
    conversation: str
    is_accepted: bool = False
    seen_ms: int = 0


class Question(NamedTuple):
    """What a person is asked: which device took something away, whether it says that a person
    there confirmed it, the moment before, and since when this device knows of it."""

    number: int
    taker: bytes
    is_confirmed: bool
    moment: int
    seen_ms: int


_COLUMNS = (
    "record, how, life, taker, moment, question, is_repeated, is_shared, kind, conversation,"
    " is_accepted, seen_ms"
)
_RECENT = f"(seen_ms = {NOT_KNOWN} OR seen_ms > ?)"


class Losses:
    """Reads and writes them in the guard's file."""

    def __init__(self, file: GuardFile) -> None:
        self._file = file
        self._connection = file.connection

    def ask(self, taker: bytes, is_confirmed: bool, moment: int, at_ms: int) -> int:
        """Begins a question; gives its number. Inside a transaction of the file."""
        self._connection.execute(
            "INSERT INTO question (taker, is_confirmed, moment, seen_ms) VALUES (?, ?, ?, ?)",
            (taker, is_confirmed, moment, at_ms),
        )
        return self._connection.last_insert_rowid()

    def keep(self, rows: Iterable[Taken]) -> None:
        """Remembers what is taken away. Of a record that was taken before, and still waits for its
        answer, the first taker and the first moment stay; inside a transaction of the file."""
        self._connection.executemany(
            f"INSERT INTO taken ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (record) DO UPDATE SET how = excluded.how, life = excluded.life,"
            " taker = iif(is_accepted, excluded.taker, taker),"
            f" moment = iif(is_accepted OR moment = {NO_MOMENT}, excluded.moment, moment),"
            f" question = iif(is_accepted OR question = {NO_QUESTION},"
            " excluded.question, question),"
            " is_repeated = iif(is_accepted, excluded.is_repeated, is_repeated),"
            " is_accepted = 0, seen_ms = excluded.seen_ms",
            rows,
        )

    def lately(self, since_ms: int) -> list[Taken]:
        """What was taken since a time and is neither back nor accepted, as far as was seen."""
        return self._taken(f"{_RECENT} AND NOT is_accepted", (since_ms,))

    def of(self, records: Sequence[bytes]) -> dict[bytes, Taken]:
        """What is known of these records."""
        found: dict[bytes, Taken] = {}
        for page in pages_of_blobs(records):
            for one in self._taken("record IN (SELECT value FROM carray(?))", (page,)):
                found[one.record] = one
        return found

    def waiting(self, question: int | None = None) -> list[Taken]:
        """What waits for an answer: under one question, or at all."""
        if question is not None:
            return self._taken("question = ? AND NOT is_accepted", (question,))
        return self._taken(f"question <> {NO_QUESTION} AND NOT is_accepted", ())

    def count_waiting(self) -> int:
        """How many records wait for an answer."""
        row = self._connection.execute(
            f"SELECT count(*) FROM taken WHERE question <> {NO_QUESTION} AND NOT is_accepted"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def questions(self) -> list[Question]:
        """Those that wait for an answer, oldest first."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT number, taker, is_confirmed, moment, seen_ms FROM question WHERE"
            " EXISTS (SELECT 1 FROM taken WHERE question = number AND NOT is_accepted)"
            " OR EXISTS (SELECT 1 FROM let_go WHERE question = number) ORDER BY number"
        )
        return [
            Question(number, taker, bool(is_confirmed), moment, seen_ms)
            for number, taker, is_confirmed, moment, seen_ms in rows
        ]

    def unsettled(self) -> list[int]:
        """The numbers of the questions of which not all is done yet."""
        rows = self._connection.execute("SELECT number FROM question WHERE NOT is_settled")
        return [int(number) for (number,) in rows]

    def settle(self, numbers: Iterable[int]) -> None:
        """All is done for these questions but the answer."""
        self._connection.executemany(
            "UPDATE question SET is_settled = 1 WHERE number = ?", ((one,) for one in numbers)
        )

    def moments(self, since_ms: int) -> set[int]:
        """The moments that hold what was taken since a time, or waits for an answer."""
        rows = self._connection.execute(
            f"SELECT DISTINCT moment FROM taken WHERE NOT is_accepted AND moment <> {NO_MOMENT}"
            f" AND ({_RECENT} OR question <> {NO_QUESTION})",
            (since_ms,),
        )
        return {int(moment) for (moment,) in rows}

    def accept(self, records: Iterable[bytes], at_ms: int) -> None:
        """They were meant. That is remembered: what becomes of them next is no loss any more."""
        self._connection.executemany(
            "UPDATE taken SET is_accepted = 1, seen_ms = ? WHERE record = ?",
            ((at_ms, record) for record in records),
        )

    def forget(self, records: Iterable[bytes]) -> None:
        """They are back."""
        self._connection.executemany(
            "DELETE FROM taken WHERE record = ?", ((record,) for record in records)
        )

    def forget_before(self, little_ms: int, accepted_ms: int) -> None:
        """Forgets what was a little, or was accepted, and was seen before these times, and the
        questions that were answered."""
        run = self._connection.execute
        run(
            f"DELETE FROM taken WHERE seen_ms <> {NOT_KNOWN} AND ((NOT is_accepted"
            f" AND question = {NO_QUESTION} AND seen_ms < ?) OR (is_accepted AND seen_ms < ?))",
            (little_ms, accepted_ms),
        )
        run(
            "DELETE FROM question WHERE NOT EXISTS (SELECT 1 FROM taken WHERE question = number)"
            " AND NOT EXISTS (SELECT 1 FROM let_go WHERE question = number)"
        )

    def _taken(self, condition: str, values: tuple[Any, ...]) -> list[Taken]:
        rows: Iterable[Any] = self._connection.execute(
            f"SELECT {_COLUMNS} FROM taken WHERE {condition} ORDER BY record", values
        )
        return [
            Taken(
                record, how, life, taker, moment, question, bool(is_repeated), bool(is_shared),
                kind, conversation, bool(is_accepted), seen_ms,
            )
            for record, how, life, taker, moment, question, is_repeated, is_shared, kind,
            conversation, is_accepted, seen_ms in rows
        ]  # fmt: skip
