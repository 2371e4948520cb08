"""What this device saw when, by its own clock; see `own_time`.

Two kinds of facts. Up to which commit of a zone it had seen the history at a time: one row an hour
at most. And since when a thing is so that was looked for again and again: a record lies in the
trash, words are purged. What is not so any more is forgotten, and begins anew when it is so again.
"""

from collections.abc import Iterable
from typing import Any

from sealwax.ledger.chain import Head
from sealwax.library.guard_file import GuardFile
from sealwax.library.own_time import NOT_KNOWN, reckon

HOUR_MS = 60 * 60 * 1000
KEPT_MS = 90 * 24 * HOUR_MS
"""Of older rows the newest is enough."""
_TIMED = ("seen_head", "first_seen", "taken", "let_go", "question", "alarm")


class Seen:
    """Reads and writes the times in the guard's file."""

    def __init__(self, file: GuardFile) -> None:
        self._file = file
        self._connection = file.connection

    def time(self, now_ms: int) -> int:
        """The time of what is seen just now, or NOT_KNOWN; inside a transaction of the file. What
        was seen while the clock was behind gets its time when it has caught up."""
        row = self._connection.execute("SELECT newest_ms FROM clock").fetchone()
        newest_ms = int(row[0]) if row else 0
        at_ms, newest_now_ms, is_anew = reckon(newest_ms, now_ms)
        if is_anew or at_ms != NOT_KNOWN:
            which = "" if is_anew else f" WHERE seen_ms = {NOT_KNOWN}"
            for table in _TIMED:
                self._connection.execute(f"UPDATE {table} SET seen_ms = ?{which}", (at_ms,))
        if newest_now_ms != newest_ms:
            self._connection.execute(
                "INSERT OR REPLACE INTO clock (one, newest_ms) VALUES (1, ?)", (newest_now_ms,)
            )
        return at_ms

    def note_head(self, head: Head, now_ms: int) -> None:
        """The history was seen up to a head. One that was seen before is no news."""
        if head.seq < 0:
            return
        with self._file.transaction():
            at_ms = self.time(now_ms)
            last = self._connection.execute(
                "SELECT seq, seen_ms FROM seen_head WHERE zone = ? ORDER BY seq DESC LIMIT 1",
                (head.zone,),
            ).fetchone()
            if last is not None and last[0] >= head.seq:
                return
            if last is not None and last[1] // HOUR_MS == at_ms // HOUR_MS:
                # It is said to have been seen a little later than it was: never earlier.
                self._connection.execute(
                    "DELETE FROM seen_head WHERE zone = ? AND seq = ?", (head.zone, last[0])
                )
            self._connection.execute(
                "INSERT INTO seen_head (zone, seq, hash, seen_ms) VALUES (?, ?, ?, ?)",
                (head.zone, head.seq, head.hash, at_ms),
            )
            self._connection.execute(
                "DELETE FROM seen_head WHERE zone = ?1 AND seq < (SELECT max(seq) FROM seen_head"
                " WHERE zone = ?1 AND seen_ms <> ?2 AND seen_ms < ?3)",
                (head.zone, NOT_KNOWN, at_ms - KEPT_MS),
            )

    def head_before(self, zone: str, time_ms: int) -> tuple[int, bytes]:
        """(seq, hash) of the newest commit that had been seen at a time; (−1, nothing) for none."""
        row = self._connection.execute(
            "SELECT seq, hash FROM seen_head WHERE zone = ? AND seen_ms <> ? AND seen_ms <= ?"
            " ORDER BY seq DESC LIMIT 1",
            (zone, NOT_KNOWN, time_ms),
        ).fetchone()
        return (int(row[0]), bytes(row[1])) if row else (-1, b"")

    def times_ms(self, zone: str, seqs: Iterable[int]) -> dict[int, int]:
        """Since when commits had been seen; those of which that is not known are left out."""
        rows: list[Any] = self._connection.execute(
            "SELECT seq, seen_ms FROM seen_head WHERE zone = ? AND seen_ms <> ? ORDER BY seq",
            (zone, NOT_KNOWN),
        ).fetchall()
        found: dict[int, int] = {}
        for wanted in seqs:
            later = [seen_ms for seq, seen_ms in rows if seq >= wanted]
            if later:
                found[wanted] = min(later)
        return found

    def forget_heads(self, zone: str) -> None:
        """The history of a zone is another one from now on."""
        with self._file.transaction():
            self._connection.execute("DELETE FROM seen_head WHERE zone = ?", (zone,))

    def look(self, what: str, names: Iterable[bytes], now_ms: int) -> None:
        """These are so now, and no others."""
        run = self._connection.execute
        with self._file.transaction():
            at_ms = self.time(now_ms)
            run("CREATE TEMP TABLE IF NOT EXISTS looked_at (name BLOB PRIMARY KEY) STRICT")
            run("DELETE FROM looked_at")
            self._connection.executemany(
                "INSERT OR IGNORE INTO looked_at (name) VALUES (?)", ((name,) for name in names)
            )
            run(
                "DELETE FROM first_seen WHERE what = ?"
                " AND name NOT IN (SELECT name FROM looked_at)",
                (what,),
            )
            run(
                "INSERT OR IGNORE INTO first_seen (what, name, seen_ms)"
                " SELECT ?, name, ? FROM looked_at",
                (what, at_ms),
            )
            run("DELETE FROM looked_at")

    def so_since(self, what: str, time_ms: int) -> set[bytes]:
        """What has not been so for longer than since a time, as far as that is known."""
        rows = self._connection.execute(
            "SELECT name FROM first_seen WHERE what = ? AND (seen_ms = ? OR seen_ms > ?)",
            (what, NOT_KNOWN, time_ms),
        )
        return {bytes(name) for (name,) in rows}

    def so_before(self, what: str, time_ms: int) -> set[bytes]:
        """What has been so since a time at least, and was so at the last look."""
        rows = self._connection.execute(
            "SELECT name FROM first_seen WHERE what = ? AND seen_ms <> ? AND seen_ms <= ?",
            (what, NOT_KNOWN, time_ms),
        )
        return {bytes(name) for (name,) in rows}
