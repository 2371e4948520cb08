"""Snapshots that other devices let go of, and moments that this device wants pinned again."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from sealwax.library.guard_file import GuardFile
from sealwax.library.losses import NO_QUESTION
from sealwax.library.own_time import NOT_KNOWN
from sealwax.vault.commit_part import Counts


class Wanted(NamedTuple):
    """A moment of the messages zone that is to be pinned: its seq, the hash of its commit, and what
    the pin says. `maker` is the device that made the snapshot first, if it is made again; `pin_seq`
    is the seq of the pin that was let go of then, else −1."""

    seq: int
    hash: bytes
    reason: str
    name: str = ""
    made_ms: int = 0
    expires_ms: int = 0
    counts: Counts = Counts()
    maker: bytes = b""
    pin_seq: int = -1


class Lost(NamedTuple):
    """A snapshot that another device let go of: what would make it again, by whom, and the question
    under which it waits for an answer, or NO_QUESTION."""

    wanted: Wanted
    taker: bytes
    question: int = NO_QUESTION
    seen_ms: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Wanted).decode


class LetGo:
    """Reads and writes them in the guard's file."""

    def __init__(self, file: GuardFile) -> None:
        self._file = file
        self._connection = file.connection

    def keep(self, lost: Iterable[Lost]) -> None:
        """Remembers snapshots that were let go of; inside a transaction of the file. One that
        waits for its answer already goes on waiting."""
        self._connection.executemany(
            "INSERT INTO let_go"
            " (pinned_seq, made_ms, name, reason, told, taker, question, seen_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            f" question = iif(question = {NO_QUESTION}, excluded.question, question),"
            " seen_ms = excluded.seen_ms",
            (
                (*_key(one.wanted), _encode(one.wanted), one.taker, one.question, one.seen_ms)
                for one in lost
            ),
        )

    def lately(self, since_ms: int) -> list[Lost]:
        """Those of some time, by which device and under which question."""
        return self._lost(f"seen_ms = {NOT_KNOWN} OR seen_ms > ?", (since_ms,))

    def waiting(self, question: int | None = None) -> list[Lost]:
        """Those that wait for an answer: under one question, or at all."""
        if question is not None:
            return self._lost("question = ?", (question,))
        return self._lost(f"question <> {NO_QUESTION}", ())

    def forget(self, wanted: Iterable[Wanted]) -> None:
        """They were answered, or are back."""
        self._connection.executemany(
            "DELETE FROM let_go WHERE (pinned_seq, made_ms, name, reason) = (?, ?, ?, ?)",
            map(_key, wanted),
        )

    def forget_before(self, time_ms: int) -> None:
        """Forgets those that were a few, and were seen before a time."""
        self._connection.execute(
            f"DELETE FROM let_go WHERE question = {NO_QUESTION} AND seen_ms <> {NOT_KNOWN}"
            " AND seen_ms < ?",
            (time_ms,),
        )

    def want(self, moments: Iterable[Wanted]) -> None:
        """Has moments pinned as soon as that can be; inside a transaction of the file."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO wanted (pinned_seq, made_ms, name, reason, told)"
            " VALUES (?, ?, ?, ?, ?)",
            ((*_key(one), _encode(one)) for one in moments),
        )

    def wanted(self) -> list[Wanted]:
        """The moments that are still to be pinned."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT told FROM wanted ORDER BY pinned_seq, made_ms"
        )
        return [_decode(told) for (told,) in rows]

    def want_no_more(self, moments: Iterable[Wanted]) -> None:
        """These are pinned, or of a history that is another one now."""
        self._connection.executemany(
            "DELETE FROM wanted WHERE (pinned_seq, made_ms, name, reason) = (?, ?, ?, ?)",
            map(_key, moments),
        )

    def _lost(self, condition: str, values: tuple[Any, ...]) -> list[Lost]:
        rows: Iterable[Any] = self._connection.execute(
            f"SELECT told, taker, question, seen_ms FROM let_go WHERE {condition}"
            " ORDER BY pinned_seq, made_ms",
            values,
        )
        return [Lost(_decode(told), *taken) for told, *taken in rows]


def _key(wanted: Wanted) -> tuple[int, int, str, str]:
    return wanted.seq, wanted.made_ms, wanted.name, wanted.reason
