"""The chains of accounts: a commit is taken in one transaction, when it counts, or refused.

The rules are those of `ledger`, which devices follow too. A server that let a void commit in would
do no harm (it adds nothing), but would let anybody with a token fill a disk.
"""

from contextlib import suppress
from typing import NamedTuple

import apsw

from sealwax.base.clock import Clock
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import Commit, MalformedCommitError, parse_commit
from sealwax.ledger.disowning import disowned_from
from sealwax.ledger.format_step import NewerFormatError
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.ledger.wire import BATCH_BYTES, BATCH_COMMITS, ZoneHead
from sealwax.server.accounts import Accounts, standing
from sealwax.server.charging import charge
from sealwax.server.commits import commit_at, commits_from
from sealwax.server.database import Database
from sealwax.server.history import HistoryPace
from sealwax.server.objects import Objects
from sealwax.server.quota import need_unlocked
from sealwax.server.refolding import refold
from sealwax.server.refusal import Refusal, malformed, not_there


class Appending(NamedTuple):
    """The seq under which a commit stands, and the commit."""

    seq: int
    commit: Commit


class _Tried(Exception):
    """Undoes what a probe did."""


class Zones:
    """All chains of a server."""

    def __init__(
        self, database: Database, accounts: Accounts, objects: Objects, clock: Clock
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._objects = objects
        self._clock = clock
        self._pace = HistoryPace(clock)

    def append(
        self, account: bytes, zone: str, seq: int, data: bytes, is_essential: bool = False
    ) -> Appending:
        """Appends a commit, durably, or says where it stands already. Raises Refusal. An essential
        one may use the reserve of a full account."""
        try:
            commit = parse_commit(data)
        except MalformedCommitError as error:
            raise malformed(f"This is no commit: {error}.") from error
        names = [name for name, _ in commit.header.added]
        with self._objects.coming(account, names):
            self._need_objects(account, commit)
            stood, held_again = self._database.write(
                lambda connection: self._appended(
                    connection, account, zone, seq, commit, data, is_essential
                )
            )
        self._objects.named_by_commit(account, names)
        if held_again:
            self._objects.held_again(account, held_again)
        return Appending(stood, commit)

    def read(self, account: bytes, zone: str, start_seq: int) -> list[bytes]:
        """Some of the commits from `start_seq` on, in order; none at the end."""
        found: list[bytes] = []
        size_bytes = 0
        connection = self._database.read()
        for data in commits_from(connection, account, zone, start_seq, BATCH_COMMITS):
            size_bytes += len(data)
            if found and size_bytes > BATCH_BYTES:
                break
            found.append(data)
        return found

    def get(self, account: bytes, zone: str, seq: int) -> bytes:
        data = commit_at(self._database.read(), account, zone, seq)
        if data is None:
            raise not_there("There is no such commit.")
        return data

    def heads(self, account: bytes) -> list[ZoneHead]:
        """The head of every zone."""
        rows = self._database.read().execute(
            "SELECT zone, seq, hash FROM zone WHERE account = ? ORDER BY zone", (account,)
        )
        return [ZoneHead(zone, seq, bytes(hash_).hex()) for zone, seq, hash_ in rows]

    def probe(self) -> None:
        """Does all of an append but its end: the rows are undone. Raises what goes wrong."""

        def act(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT INTO chain (account, zone, seq, op_id, arrived_ms, data)"
                " VALUES (x'', 'probe', 0, x'', 0, x'')"
            )
            raise _Tried

        with suppress(_Tried):
            self._database.write(act)

    def _appended(
        self,
        connection: apsw.Connection,
        account: bytes,
        zone: str,
        seq: int,
        commit: Commit,
        data: bytes,
        is_essential: bool,
    ) -> tuple[int, list[bytes]]:
        """The seq under which it stands, and the objects that it holds again."""
        stands = _standing_already(connection, account, zone, commit, data)
        if stands is not None:
            return stands, []
        found = standing(connection, account)
        need_unlocked(found)
        head = _head(connection, account, zone)
        _need_next(head, seq)
        following = self._judged(connection, account, head, data)
        now_ms = self._clock.now_ms()
        held_again = charge(connection, account, zone, commit, found, is_essential, now_ms)
        self._pace.take(account, commit.header.author, len(data), found.plan_bytes)
        connection.execute(
            "UPDATE account SET history_bytes = history_bytes + ? WHERE account = ?",
            (len(data), account),
        )
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
        if zone == MESSAGES_ZONE and disowned_from(commit) is not None:
            self._pace.take_merge(account)
            log = self._accounts.log_within(connection, account)
            held_again += refold(connection, account, zone, log, now_ms)
        return seq, held_again

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
        known = self._accounts.log_within(connection, account)
        if head.zone != ACCOUNT_ZONE:
            judged = judge(head, data, known)
            if judged.commit is None:
                raise Refusal(412, "commit-void", f"It does not count: {judged.void_reason}.")
            return judged.head
        log = known.copy()
        try:
            reason = log.extend(data)
        except NewerFormatError as error:
            raise Refusal(
                412, "server-outdated", f"This server does not know the format {error.format}."
            ) from error
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
        # The operations of packed commits are not remembered: those are told by their bytes.
        seq = commit.header.seq
        return seq if commit_at(connection, account, zone, seq) == data else None
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
