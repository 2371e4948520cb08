"""The chains of accounts: a commit is taken in one transaction, when it counts, or refused.

The rules are those of `ledger`, which devices follow too. A server that let a void commit in would
do no harm (it adds nothing), but would let anybody with a token fill a disk.
"""

from collections.abc import Iterator
from typing import Any

import apsw

from sealwax.base.clock import Clock
from sealwax.ledger.account import AccountLog
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import Commit, MalformedCommitError, parse_commit
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.ledger.objects import FOREVER, Effects, effects
from sealwax.ledger.wire import BATCH_BYTES, BATCH_COMMITS, ZoneHead
from sealwax.server.accounts import Accounts, standing
from sealwax.server.database import Database
from sealwax.server.objects import Objects
from sealwax.server.refusal import Refusal, malformed, not_there


class Zones:
    """All chains of a server."""

    def __init__(
        self, database: Database, accounts: Accounts, objects: Objects, clock: Clock
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._objects = objects
        self._clock = clock

    def append(self, account: bytes, zone: str, seq: int, data: bytes) -> int:
        """Appends a commit; gives the seq under which it stands, durably. Raises Refusal."""
        try:
            commit = parse_commit(data)
        except MalformedCommitError as error:
            raise malformed(f"This is no commit: {error}.") from error
        self._need_objects(account, commit)
        now_ms = self._clock.now_ms()

        def act(connection: apsw.Connection) -> int:
            stands = _standing_already(connection, account, zone, commit, data)
            if stands is not None:
                return stands
            head = _head(connection, account, zone)
            _need_next(head, seq)
            following = self._judged(connection, account, head, data)
            _charge(connection, account, zone, commit)
            connection.execute(
                "INSERT INTO chain (account, zone, seq, op_id, arrived_ms, data)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (account, zone, seq, commit.header.op_id, now_ms, data),
            )
            connection.execute(
                "INSERT OR REPLACE INTO zone (account, zone, seq, hash, position)"
                " VALUES (?, ?, ?, ?, ?)",
                (account, zone, following.seq, following.hash, following.position),
            )
            return seq

        stood = self._database.write(act)
        if zone == ACCOUNT_ZONE:
            self._accounts.forget_log(account)
        return stood

    def read(self, account: bytes, zone: str, start_seq: int) -> list[bytes]:
        """Some of the commits from `start_seq` on, in order; none at the end."""
        found: list[bytes] = []
        size_bytes = 0
        for data in self._rows(account, zone, start_seq):
            size_bytes += len(data)
            if found and size_bytes > BATCH_BYTES:
                break
            found.append(data)
        return found

    def get(self, account: bytes, zone: str, seq: int) -> bytes:
        row = (
            self._database.read()
            .execute(
                "SELECT data FROM chain WHERE account = ? AND zone = ? AND seq = ?",
                (account, zone, seq),
            )
            .fetchone()
        )
        if row is None:
            raise not_there("There is no such commit.")
        return bytes(row[0])

    def heads(self, account: bytes) -> list[ZoneHead]:
        """The head of every zone."""
        rows = self._database.read().execute(
            "SELECT zone, seq FROM zone WHERE account = ? ORDER BY zone", (account,)
        )
        return [ZoneHead(zone, seq) for zone, seq in rows]

    def _rows(self, account: bytes, zone: str, start_seq: int) -> Iterator[bytes]:
        rows: Any = self._database.read().execute(
            "SELECT data FROM chain WHERE account = ? AND zone = ? AND seq >= ? ORDER BY seq"
            " LIMIT ?",
            (account, zone, start_seq, BATCH_COMMITS),
        )
        for (data,) in rows.fetchall():
            yield data

    def _need_objects(self, account: bytes, commit: Commit) -> None:
        """All that a commit adds must be here, in the size that it says."""
        sizes = self._objects.sizes(account, [name for name, _ in commit.header.added])
        for name, size_bytes in commit.header.added:
            if sizes.get(name) != size_bytes:
                raise Refusal(
                    412,
                    "commit-without-object",
                    f"The object {name.hex()} is not here, or has another size.",
                )

    def _judged(self, connection: apsw.Connection, account: bytes, head: Head, data: bytes) -> Head:
        if head.zone != ACCOUNT_ZONE:
            judged = judge(head, data, self._accounts.log(account))
            if judged.commit is None:
                raise Refusal(412, "commit-void", f"It does not count: {judged.void_reason}.")
            return judged.head
        log = AccountLog(account)
        rows = connection.execute(
            "SELECT data FROM chain WHERE account = ? AND zone = ? ORDER BY seq",
            (account, ACCOUNT_ZONE),
        )
        for (earlier,) in rows:
            log.extend(earlier)
        reason = log.extend(data)
        if reason is not None:
            raise Refusal(412, "commit-void", f"It does not count: {reason}.")
        connection.execute(
            "UPDATE account SET recovery = ? WHERE account = ?", (log.newest.recovery.id, account)
        )
        return Head(ACCOUNT_ZONE, log.head, log.head_hash, log.head)


def _standing_already(
    connection: apsw.Connection, account: bytes, zone: str, commit: Commit, data: bytes
) -> int | None:
    """The seq of this very commit, when its answer was lost the first time."""
    row = connection.execute(
        "SELECT seq, data FROM chain WHERE account = ? AND zone = ? AND op_id = ?",
        (account, zone, commit.header.op_id),
    ).fetchone()
    if row is None:
        return None
    if bytes(row[1]) != data:
        raise Refusal(
            409, "commit-exists", "This operation is done already.", _seq(connection, account, zone)
        )
    return int(row[0])


def _seq(connection: apsw.Connection, account: bytes, zone: str) -> int:
    return _head(connection, account, zone).seq


def _head(connection: apsw.Connection, account: bytes, zone: str) -> Head:
    row = connection.execute(
        "SELECT seq, hash, position FROM zone WHERE account = ? AND zone = ?", (account, zone)
    ).fetchone()
    return Head(zone, *row) if row else beginning(account, zone)


def _need_next(head: Head, seq: int) -> None:
    if seq <= head.seq:
        raise Refusal(409, "commit-exists", "Another device was faster.", head.seq)
    if seq > head.seq + 1:
        raise Refusal(409, "commit-gap", "The commit before it is not here.", head.seq)


def _charge(connection: apsw.Connection, account: bytes, zone: str, commit: Commit) -> None:
    """Keeps what a commit does to objects and pins, and what the account is charged for."""
    found = standing(connection, account)
    if found.locked_ms is not None:
        raise Refusal(
            423, "account-locked", f"The operator locked this account: {found.lock_reason}",
            since_ms=found.locked_ms,
        )  # fmt: skip
    effect = effects(commit)
    added_bytes = sum(size_bytes for _, size_bytes in effect.added)
    if added_bytes and found.used_bytes + added_bytes > found.plan_bytes + found.reserve_bytes:
        raise Refusal(
            507, "storage-full", "The account's storage is full.",
            used_bytes=found.used_bytes, plan_bytes=found.plan_bytes,
        )  # fmt: skip
    _keep(connection, account, zone, effect, commit.header.time_ms)
    if effect.dropped or effect.unpinned or effect.redacted:
        head_bytes, held_bytes = _counted(connection, account)
    else:
        head_bytes, held_bytes = found.head_bytes + added_bytes, found.used_bytes + added_bytes
    connection.execute(
        "UPDATE account SET head_bytes = ?, snapshot_bytes = ? WHERE account = ?",
        (head_bytes, held_bytes - head_bytes, account),
    )


def _keep(
    connection: apsw.Connection, account: bytes, zone: str, effect: Effects, time_ms: int
) -> None:
    key = (account, zone)
    connection.executemany(
        "INSERT OR IGNORE INTO object (account, zone, name, size_bytes, added_seq, dropped_seq)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(*key, name, size_bytes, effect.seq, FOREVER) for name, size_bytes in effect.added],
    )
    connection.executemany(
        "UPDATE object SET dropped_seq = ? WHERE account = ? AND zone = ? AND name = ?"
        " AND dropped_seq = ?",
        [(effect.seq, *key, name, FOREVER) for name in effect.dropped],
    )
    if effect.pinned_seq is not None:
        connection.execute(
            "INSERT INTO pin (account, zone, commit_seq, pinned_seq, lock_until_ms)"
            " VALUES (?, ?, ?, ?, ?)",
            (*key, effect.seq, effect.pinned_seq, effect.lock_until_ms),
        )
    for old, new in effect.redacted:
        _redact(connection, key, effect, old, new)
    connection.executemany(
        "DELETE FROM pin WHERE account = ? AND zone = ? AND commit_seq = ? AND lock_until_ms <= ?",
        [(*key, pin, time_ms) for pin in effect.unpinned],
    )


def _redact(
    connection: apsw.Connection,
    key: tuple[bytes, str],
    effect: Effects,
    old: bytes,
    new: bytes | None,
) -> None:
    """The new object takes the old one's place in every moment; see `ledger.objects`."""
    where = "account = ? AND zone = ? AND name = ?"
    row = connection.execute(
        f"SELECT added_seq, dropped_seq FROM object WHERE {where}", (*key, old)
    ).fetchone()
    if row is None:
        return
    connection.execute(f"UPDATE object SET dropped_seq = added_seq WHERE {where}", (*key, old))
    if new is not None and new in dict(effect.added):
        connection.execute(
            f"UPDATE object SET added_seq = ?, dropped_seq = ? WHERE {where} AND added_seq = ?",
            (*row, *key, new, effect.seq),
        )


def _counted(connection: apsw.Connection, account: bytes) -> tuple[int, int]:
    """(bytes live at the heads, bytes held by heads or pins), each object once."""
    row = connection.execute(
        "SELECT ifnull(sum(size_bytes) FILTER (WHERE is_live), 0), ifnull(sum(size_bytes), 0) FROM"
        " (SELECT max(size_bytes) AS size_bytes, max(dropped_seq = ?2) AS is_live FROM object"
        "  WHERE account = ?1 AND (dropped_seq = ?2 OR EXISTS (SELECT 1 FROM pin"
        "   WHERE pin.account = object.account AND pin.zone = object.zone"
        "   AND added_seq <= pinned_seq AND pinned_seq < dropped_seq)) GROUP BY name)",
        (account, FOREVER),
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
