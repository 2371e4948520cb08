"""The guard's file: what this device has seen by its own clock, and what it holds for an answer.

It lies beside the library, encrypted under the same key, and is no cache: a library that is made
anew has forgotten nothing of it. Where the file itself is lost, all times of grace begin anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from sealwax.base.errors import SealwaxError
from sealwax.library.database import opened

GUARD_FILE = "guard.db"
DAMAGED_SUFFIX = ".damaged"
_VERSION = 1
_SCHEMA = """
CREATE TABLE clock (one INTEGER PRIMARY KEY, newest_ms INTEGER NOT NULL) STRICT;
CREATE TABLE seen_head (
  zone TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, seen_ms INTEGER NOT NULL,
  PRIMARY KEY (zone, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE first_seen (
  what TEXT NOT NULL, name BLOB NOT NULL, seen_ms INTEGER NOT NULL, PRIMARY KEY (what, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE question (
  number INTEGER PRIMARY KEY, taker BLOB NOT NULL, is_confirmed INTEGER NOT NULL,
  moment INTEGER NOT NULL, seen_ms INTEGER NOT NULL, is_settled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE taken (
  record BLOB PRIMARY KEY, how INTEGER NOT NULL, life INTEGER NOT NULL, taker BLOB NOT NULL,
  moment INTEGER NOT NULL, question INTEGER NOT NULL, is_accepted INTEGER NOT NULL,
  is_repeated INTEGER NOT NULL, is_shared INTEGER NOT NULL, kind INTEGER NOT NULL,
  conversation TEXT NOT NULL, seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX taken_by_question ON taken (question);
CREATE TABLE let_go (
  pinned_seq INTEGER NOT NULL, made_ms INTEGER NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL,
  told BLOB NOT NULL, taker BLOB NOT NULL, question INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
  PRIMARY KEY (pinned_seq, made_ms, name, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE wanted (
  pinned_seq INTEGER NOT NULL, made_ms INTEGER NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL,
  told BLOB NOT NULL, PRIMARY KEY (pinned_seq, made_ms, name, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE unproved (
  seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, taker BLOB NOT NULL, kind TEXT NOT NULL,
  library BLOB NOT NULL
) STRICT;
CREATE TABLE checked (
  what TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE alarm (
  what TEXT NOT NULL, device BLOB NOT NULL, number INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
  PRIMARY KEY (what, device)
) STRICT, WITHOUT ROWID;
"""


class GuardBroken(SealwaxError):
    """The guard's file is damaged."""

    code = "guard-broken"
    hint = (
        "Run any command again: the file is set aside, times of grace begin anew, and what waited"
        " for an answer stays as it is."
    )


class GuardFile:
    """The open file. Not shared between threads; a reader writes nothing."""

    def __init__(self, path: Path, key: bytes, is_durable: bool, is_reader: bool) -> None:
        """Opens it, and reads all of it but where others write it; raises GuardBroken."""
        self._path, self._key = path, key
        self._is_durable, self._is_reader = is_durable, is_reader
        try:
            self.connection = self._open()
            wrong = [] if is_reader else self.check()
        except (apsw.NotADBError, apsw.CorruptError, apsw.CantOpenError) as error:
            raise GuardBroken("The guard's file is damaged.") from error
        if wrong:
            self.connection.close()
            raise GuardBroken("The guard's file is damaged.")

    def check(self) -> list[str]:
        """What is wrong with the file: every page that something uses is read and
        authenticated."""
        try:
            rows = self.connection.execute("PRAGMA quick_check(20)").fetchall()
        except apsw.Error as error:
            return [f"a page of the guard's file does not read: {error}"]
        return [f"the guard's file: {what}" for (what,) in rows if what != "ok"]

    @contextmanager
    def transaction(self, is_durable: bool = False) -> Iterator[None]:
        """All of it or none of it. With `is_durable` it is on the disk when it ends; else a power
        cut may cost the last of it, which makes times of grace longer."""
        connection = self.connection
        if connection.in_transaction:
            yield
            return
        if is_durable and self._is_durable:
            connection.pragma("synchronous", 2)
        try:
            with connection:
                yield
        finally:
            connection.pragma("synchronous", 1 if self._is_durable else 0)

    def close(self) -> None:
        self.connection.close()

    def _open(self) -> apsw.Connection:
        self._path.touch(mode=0o600)
        connection = opened(self._path, self._key)
        try:
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", 1 if self._is_durable else 0)
            connection.set_busy_timeout(5_000)
            if connection.pragma("user_version") != _VERSION:
                with connection:
                    for _ in connection.execute(_SCHEMA):
                        pass
                    connection.pragma("user_version", _VERSION)
            if self._is_reader:
                connection.pragma("query_only", 1)
        except BaseException:
            connection.close()
            raise
        return connection


def set_guard_aside(path: Path) -> None:
    """Moves a damaged file out of the way: the next opening makes a new one."""
    if path.exists():
        path.replace(path.with_name(path.name + DAMAGED_SUFFIX))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
