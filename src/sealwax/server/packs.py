"""Packing old commits: a complete range of a thousand rows becomes one.

A row of an ordinary commit takes a third more than the commit, for its keys stand in it and in two
indexes. How a range is packed, and when, are the rules of folders; see `stores.packing`.
"""

from functools import partial
from itertools import islice
from typing import Any

import apsw

from sealwax.server.commits import all_commits, broken_commits
from sealwax.server.database import Database
from sealwax.stores.pack import RANGE_COMMITS, Pack, hang_together, is_settled, make_pack

PACKED_AT_ONCE = 64
"""So many ranges are packed by one run of the chores; each is a transaction of its own."""
_ROWS = "account = ? AND zone = ? AND seq >= ? AND seq < ?"
LIMIT_BYTES = 16 * 1024 * 1024
"""A range that takes more stays in rows: then the keys are not what takes room."""


class Packs:
    """Packs the chains of a server."""

    def __init__(self, database: Database, range_commits: int = RANGE_COMMITS) -> None:
        self._database = database
        self._range_commits = range_commits

    def pack_commits(self, most: int = PACKED_AT_ONCE) -> int:
        """Packs what the heads of zones have left behind, at most so many ranges; gives how many
        were looked at."""
        heads: Any = self._database.read().execute("SELECT account, zone, seq FROM zone").fetchall()
        done = 0
        for account, zone, head_seq in heads:
            while done < most and self._pack_next(bytes(account), zone, head_seq):
                done += 1
        return done

    def broken(self, account: bytes) -> list[tuple[str, int]]:
        """(zone, seq) of the commits of an account that a disk damaged, packed or not."""
        return broken_commits(self._database.read(), account)

    def _pack_next(self, account: bytes, zone: str, head_seq: int) -> bool:
        """Packs the oldest range of a zone that was not looked at; whether there was one."""
        row = (
            self._database.read()
            .execute(
                "SELECT max(start_seq + count) FROM pack WHERE account = ? AND zone = ?",
                (account, zone),
            )
            .fetchone()
        )
        start_seq = int(row[0] or 0) if row else 0
        if not is_settled(start_seq, head_seq, self._range_commits):
            return False
        data = self._packed(account, zone, start_seq)
        return self._database.write(partial(self._keep, (account, zone, start_seq), data))

    def _packed(self, account: bytes, zone: str, start_seq: int) -> bytes | None:
        """The bytes of a pack, read back; None for a range that stays as it is: one that is large,
        or that a disk damaged, which would be covered up."""
        size = self._range_commits
        read = all_commits(self._database.read(), account, zone, start_seq)
        commits = list(islice(read, size))
        if len(commits) != size or not hang_together(commits):
            return None
        data = make_pack(start_seq, commits, LIMIT_BYTES)
        assert data is None or Pack.of(data, start_seq, size).commits() == commits
        return data

    def _keep(
        self, key: tuple[bytes, str, int], data: bytes | None, connection: apsw.Connection
    ) -> bool:
        """Puts a pack in the place of its rows, unless the account was deleted meanwhile."""
        account, zone, start_seq = key
        rows = (account, zone, start_seq, start_seq + self._range_commits)
        held = connection.execute(f"SELECT count(*) FROM chain WHERE {_ROWS}", rows).fetchone()
        if held is None or held[0] != self._range_commits:
            return False
        if data is not None:
            connection.execute(f"DELETE FROM chain WHERE {_ROWS}", rows)
        connection.execute(
            "INSERT INTO pack (account, zone, start_seq, count, data) VALUES (?, ?, ?, ?, ?)",
            (*key, self._range_commits, data),
        )
        return True
