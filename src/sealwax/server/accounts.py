"""Accounts: invited by the operator, begun by a device, locked and unlocked by the operator.

An account is claimed with an invitation and its own genesis commit, whose hash is its name. Who may
write is what the account's log says: the server folds it as devices do, and believes nobody.
"""

import hashlib
import threading
from typing import Any

import apsw

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.ledger.account import (
    AccountLog,
    DeviceRevoke,
    Member,
    VoidEntryError,
    parse_genesis,
)
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash
from sealwax.ledger.wire import Usage
from sealwax.server.commits import all_commits
from sealwax.server.database import Database
from sealwax.server.quota import FREE_PLAN_BYTES, Standing
from sealwax.server.refusal import Refusal, malformed, no_account, not_there

NAME_LIMIT = 64
REASON_LIMIT = 500
LOGS_KEPT = 4_096
_INVITATION_BYTES = 20


class Accounts:
    """All accounts of a server."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._logs: dict[bytes, AccountLog] = {}
        self._lock = threading.Lock()

    def invite(self, name: str, plan_bytes: int = FREE_PLAN_BYTES) -> str:
        """A new invitation for an account of this name; its secret is kept nowhere."""
        if not 0 < len(name) <= NAME_LIMIT or not name.isprintable():
            raise malformed("A name has 1 to 64 letters.")
        secret = self._entropy.bytes(_INVITATION_BYTES).hex()
        row = (_hashed(secret), name, plan_bytes, self._clock.now_ms())

        def act(connection: apsw.Connection) -> None:
            if connection.execute("SELECT 1 FROM invitation WHERE name = ?", (name,)).fetchone():
                raise Refusal(409, "name-taken", f"There is an account named {name} already.")
            connection.execute(
                "INSERT INTO invitation (secret_hash, name, plan_bytes, made_ms)"
                " VALUES (?, ?, ?, ?)",
                row,
            )

        self._database.write(act)
        return secret

    def claim(self, account: bytes, secret: str, genesis: bytes) -> None:
        """Begins an account with its genesis commit. The same request again changes nothing."""
        if commit_hash(genesis) != account:
            raise malformed("An account is named by the hash of its first commit.")
        try:
            commit = parse_genesis(genesis)
        except VoidEntryError as error:
            raise malformed(f"The first commit does not count: {error}.") from error
        now_ms = self._clock.now_ms()
        log = AccountLog(account)
        log.extend(genesis)
        recovery = log.newest.recovery.id

        def act(connection: apsw.Connection) -> None:
            found = connection.execute(
                "SELECT name, plan_bytes, account FROM invitation WHERE secret_hash = ?",
                (_hashed(secret),),
            ).fetchone()
            if found is None or found[2] not in (None, account):
                raise Refusal(403, "invitation-bad", "This invitation is not known, or was used.")
            if found[2] == account:
                return
            if connection.execute("SELECT 1 FROM account WHERE account = ?", (account,)).fetchall():
                raise Refusal(409, "account-exists", "This account is on this server already.")
            connection.execute(
                "UPDATE invitation SET account = ? WHERE secret_hash = ?",
                (account, _hashed(secret)),
            )
            connection.execute(
                "INSERT INTO account (account, name, recovery, plan_bytes, history_bytes, made_ms)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (account, found[0], recovery, found[1], len(genesis), now_ms),
            )
            connection.execute(
                "INSERT INTO chain (account, zone, seq, op_id, arrived_ms, data)"
                " VALUES (?, ?, 0, ?, ?, ?)",
                (account, ACCOUNT_ZONE, commit.header.op_id, now_ms, genesis),
            )
            connection.execute(
                "INSERT INTO zone (account, zone, seq, hash, position) VALUES (?, ?, 0, ?, 0)",
                (account, ACCOUNT_ZONE, account),
            )

        self._database.write(act)
        with self._lock:
            # One that was deleted and begins again has a log of its own.
            self._logs.pop(account, None)

    def log(self, account: bytes) -> AccountLog:
        """The account's log as it stands now, folded; not to be extended. Raises Refusal when there
        is no such account."""
        known = self._known_log(account)
        log = _grown(self._database.read(), account, known)
        if log is not known:
            with self._lock:
                if len(self._logs) >= LOGS_KEPT:
                    self._logs.clear()
                self._logs[account] = log
        return log

    def log_within(self, connection: apsw.Connection, account: bytes) -> AccountLog:
        """As `log`, in a transaction, with what was written in it before. It may be undone, so
        nobody else is told."""
        return _grown(connection, account, self._known_log(account))

    def _known_log(self, account: bytes) -> AccountLog | None:
        with self._lock:
            return self._logs.get(account)

    def member(self, account: bytes, member: bytes) -> Member | None:
        """A trusted device of the account, or its recovery key."""
        newest = self.log(account).newest
        if newest.recovery.id == member:
            return newest.recovery
        return newest.devices.get(member)

    def removed_at(self, account: bytes, device: bytes) -> int:
        """The position in the log of the entry that put a device out; -1 for one that is trusted,
        or never was there."""
        log = self.log(account)
        if device in log.newest.devices:
            return -1
        positions = (
            at
            for at, entry in enumerate(log.entries)
            if isinstance(entry, DeviceRevoke) and entry.device == device
        )
        return max(positions, default=-1)

    def former(self, account: bytes, device: bytes) -> Member | None:
        """A device that was put out, as it was trusted before."""
        at = self.removed_at(account, device)
        before = self.log(account).at(at - 1) if at > 0 else None
        return before.devices.get(device) if before is not None else None

    def of_recovery(self, recovery: bytes) -> list[bytes]:
        """The accounts that have a recovery key of this id: whoever holds the key finds them."""
        rows: Any = self._database.read().execute(
            "SELECT account FROM account WHERE recovery = ? ORDER BY account", (recovery,)
        )
        return [bytes(account) for (account,) in rows]

    def standing(self, account: bytes) -> Standing:
        return standing(self._database.read(), account)

    def usage(self, account: bytes) -> Usage:
        """What devices are told."""
        found = self.standing(account)
        return Usage(
            found.name,
            found.plan_bytes,
            found.reserve_bytes,
            found.head_bytes,
            found.snapshot_bytes,
            found.asked_bytes,
            found.locked_ms,
            found.lock_reason,
            found.history_bytes,
        )

    def ask_for_plan(self, account: bytes, plan_bytes: int) -> None:
        """Remembers which plan an account asks for, for the operator to grant."""
        self._set(account, "asked_bytes = ?", plan_bytes)

    def grant_plan(self, name: str, plan_bytes: int) -> None:
        """Grants a plan to an account, or to one that is invited; raises Refusal."""
        if name in self.invited():
            self._database.write(
                lambda connection: connection.execute(
                    "UPDATE invitation SET plan_bytes = ? WHERE name = ?", (plan_bytes, name)
                )
            )
            return
        self._set(self.named(name), "plan_bytes = ?, asked_bytes = NULL", plan_bytes)

    def lock(self, name: str, reason: str) -> None:
        """Until it is unlocked, nothing is taken and nothing handed out; nothing is deleted."""
        now_ms = self._clock.now_ms()
        self._set(self.named(name), "locked_ms = ?, lock_reason = ?", now_ms, reason[:REASON_LIMIT])

    def unlock(self, name: str) -> None:
        self._set(self.named(name), "locked_ms = NULL, lock_reason = ''")

    def named(self, name: str) -> bytes:
        """The account of a name that the operator gave."""
        row = (
            self._database.read()
            .execute("SELECT account FROM account WHERE name = ?", (name,))
            .fetchone()
        )
        if row is None:
            raise not_there(f"There is no account named {name}.")
        return bytes(row[0])

    def invited(self) -> list[str]:
        """The names whose invitation nobody has used yet."""
        return list(self.invited_plans())

    def invited_plans(self) -> dict[str, int]:
        """The same names, with the bytes of the plans that wait for them."""
        rows: Any = self._database.read().execute(
            "SELECT name, plan_bytes FROM invitation WHERE account IS NULL ORDER BY name"
        )
        return dict(rows)

    def all(self) -> list[tuple[str, Usage]]:
        """Every account: its name in hexadecimal, and what it is charged for."""
        reading = self._database.read()
        rows: Any = reading.execute("SELECT account FROM account ORDER BY name").fetchall()
        return [(bytes(account).hex(), self.usage(bytes(account))) for (account,) in rows]

    def _set(self, account: bytes, columns: str, *values: Any) -> None:
        def act(connection: apsw.Connection) -> None:
            connection.execute(
                f"UPDATE account SET {columns} WHERE account = ?",
                (*values, account),
            )

        self._database.write(act)


def standing(connection: apsw.Connection, account: bytes) -> Standing:
    """What the database says of an account; raises Refusal when there is none."""
    row = connection.execute(
        "SELECT name, plan_bytes, asked_bytes, head_bytes, snapshot_bytes, locked_ms,"
        " lock_reason, history_bytes FROM account WHERE account = ?",
        (account,),
    ).fetchone()
    if row is None:
        raise no_account()
    return Standing(*row)


def _grown(connection: apsw.Connection, account: bytes, known: AccountLog | None) -> AccountLog:
    """The log that was known, or a copy of it with what came since. Each request asks, so that a
    device that was removed is out at once."""
    start_seq = known.head + 1 if known is not None else 0
    fresh = list(all_commits(connection, account, ACCOUNT_ZONE, start_seq))
    if known is not None and not fresh:
        # `sealwax admin` may have deleted it meanwhile.
        standing(connection, account)
    if known is not None and not fresh:
        return known
    if known is None and not fresh:
        raise no_account()
    log = known.copy() if known is not None else AccountLog(account)
    for data in fresh:
        log.extend(data)
    return log


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
