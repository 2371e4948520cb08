"""What other devices replaced and this one has not proved yet, and what it found untrue."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sealwax.library.guard_file import GuardFile


class Unproved(NamedTuple):
    """A commit of another device that dropped segments, saying that nothing is lost by it.
    `library` tells which library had taken in what was in them; nothing, where none may have."""

    seq: int
    hash: bytes
    taker: bytes
    kind: str
    library: bytes = b""


class Alarm(NamedTuple):
    """Something that this device found another one doing, and mended: what, which device, how many
    things it is about, and when it was last seen."""

    what: str
    device: bytes
    number: int
    seen_ms: int


class Doubts:
    """Reads and writes them in the guard's file; inside its transactions."""

    def __init__(self, file: GuardFile) -> None:
        self._connection = file.connection

    def doubt(self, commits: Iterable[Unproved]) -> None:
        """These are to be proved."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO unproved (seq, hash, taker, kind, library)"
            " VALUES (?, ?, ?, ?, ?)",
            commits,
        )

    def unproved(self) -> list[Unproved]:
        """Those that are still to be proved, oldest first."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT seq, hash, taker, kind, library FROM unproved ORDER BY seq"
        )
        return [Unproved._make(row) for row in rows]

    def settle(self, seqs: Iterable[int]) -> None:
        """These are proved, or mended."""
        self._connection.executemany("DELETE FROM unproved WHERE seq = ?", ((seq,) for seq in seqs))

    def checked(self, what: str) -> tuple[int, bytes] | None:
        """The seq and hash of the commit up to which something was looked at; None for never."""
        row = self._connection.execute(
            "SELECT seq, hash FROM checked WHERE what = ?", (what,)
        ).fetchone()
        return (int(row[0]), bytes(row[1])) if row else None

    def check(self, what: str, seq: int, commit_hash: bytes) -> None:
        """It was looked at up to a commit."""
        self._connection.execute(
            "INSERT OR REPLACE INTO checked (what, seq, hash) VALUES (?, ?, ?)",
            (what, seq, commit_hash),
        )

    def alarm(self, one: Alarm) -> None:
        """Remembers what was found; what is found again adds up."""
        self._connection.execute(
            "INSERT INTO alarm (what, device, number, seen_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET number = number + excluded.number,"
            " seen_ms = excluded.seen_ms",
            one,
        )

    def alarms(self) -> list[Alarm]:
        """What was found lately."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT what, device, number, seen_ms FROM alarm ORDER BY seen_ms, what"
        )
        return [Alarm._make(row) for row in rows]

    def forget_alarms_before(self, time_ms: int) -> None:
        self._connection.execute("DELETE FROM alarm WHERE seen_ms < ?", (time_ms,))
