"""Deleting an account from a server, for good: its objects, its history, its name.

The account is locked first: from then on nothing of it is taken or handed out. Then its folder of
objects goes, then its rows, and its name with the last of them. Cut off anywhere in between, the
account is still there by its name, locked, and the same command goes on. Nothing of another account
is touched: every row begins with the account, and every account has a folder of its own.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

import apsw

from sealwax.base.paths import fsync_folder
from sealwax.server.accounts import Accounts
from sealwax.server.database import Database
from sealwax.stores.folder_layout import ACCOUNTS

LOCK_REASON = "it is being deleted."
ROWS_TOGETHER = 5_000
PACKS_TOGETHER = 16
COMMITS = (
    "SELECT (SELECT count(*) FROM chain WHERE account = ?1) + (SELECT coalesce(sum(count), 0)"
    " FROM pack WHERE account = ?1 AND data IS NOT NULL)"
)
TABLES = ("chain", "pack", "zone", "object", "pin", "member", "lost", "account")


class Deletion(NamedTuple):
    """What deleting takes away: the account in hexadecimal (empty for one that was only invited),
    bytes of the present and of snapshots alone, commits with their bytes, objects with their bytes
    on the disk, and how many devices were seen."""

    name: str
    account: str = ""
    head_bytes: int = 0
    snapshot_bytes: int = 0
    commits: int = 0
    history_bytes: int = 0
    objects: int = 0
    disk_bytes: int = 0
    devices: int = 0


class Deleting:
    """Deletes accounts of a server, whether it runs or not."""

    def __init__(self, accounts: Accounts, database: Database, objects_folder: Path) -> None:
        self._accounts = accounts
        self._database = database
        self._objects_folder = objects_folder

    def plan(self, name: str) -> Deletion:
        """What deleting an account, or an invitation that nobody used, takes away; raises
        Refusal."""
        if name in self._accounts.invited():
            return Deletion(name)
        account = self._accounts.named(name)
        standing = self._accounts.standing(account)
        sizes = [path.stat().st_size for path in self._files(account)]
        return Deletion(
            name,
            account.hex(),
            standing.head_bytes,
            standing.snapshot_bytes,
            self._count(COMMITS, account),
            standing.history_bytes,
            len(sizes),
            sum(sizes),
            self._count("SELECT count(*) FROM member WHERE account = ?", account),
        )

    def delete(self, name: str) -> Deletion:
        """Deletes it; gives what was taken away. Raises Refusal or OSError; cut off, it goes on
        where it stopped when it is called again."""
        told = self.plan(name)
        if not told.account:
            self._database.write(lambda connection: _delete_invitation(connection, name))
            return told
        account = bytes.fromhex(told.account)
        self._accounts.lock(name, LOCK_REASON)
        self._remove_folder(account)
        # A running server writes in between.
        while self._database.write(lambda connection: _delete_some(connection, account)):
            continue
        self._database.write(lambda connection: _delete_rest(connection, account, name))
        return told

    def _remove_folder(self, account: bytes) -> None:
        folder = self._folder(account)
        if folder.is_dir():
            shutil.rmtree(folder)
            fsync_folder(folder.parent)

    def _folder(self, account: bytes) -> Path:
        return self._objects_folder / ACCOUNTS / account.hex()

    def _files(self, account: bytes) -> list[Path]:
        return [path for path in self._folder(account).rglob("*") if path.is_file()]

    def _count(self, sql: str, account: bytes) -> int:
        row = self._database.read().execute(sql, (account,)).fetchone()
        assert row is not None
        return int(row[0])


def _delete_some(connection: apsw.Connection, account: bytes) -> bool:
    """Deletes some of the rows of which there may be many; whether there were any."""
    before = connection.total_changes()
    connection.execute(
        "DELETE FROM chain WHERE rowid IN (SELECT rowid FROM chain WHERE account = ? LIMIT ?)",
        (account, ROWS_TOGETHER),
    )
    connection.execute(
        "DELETE FROM pack WHERE rowid IN (SELECT rowid FROM pack WHERE account = ? LIMIT ?)",
        (account, PACKS_TOGETHER),
    )
    connection.execute(
        "DELETE FROM object WHERE account = ?1 AND (zone, name) IN"
        " (SELECT zone, name FROM object WHERE account = ?1 LIMIT ?2)",
        (account, ROWS_TOGETHER),
    )
    return connection.total_changes() > before


def _delete_rest(connection: apsw.Connection, account: bytes, name: str) -> None:
    """What is left, and the name with it."""
    for table in TABLES:
        connection.execute(f"DELETE FROM {table} WHERE account = ?", (account,))
    _delete_invitation(connection, name)


def _delete_invitation(connection: apsw.Connection, name: str) -> None:
    connection.execute("DELETE FROM invitation WHERE name = ?", (name,))
