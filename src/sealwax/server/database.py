"""The server's database: one thread writes, and writes that wait are committed together.

An answer follows the fsync. Devices that write at the same time share one: that is what makes many
commits a second possible on one disk.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from importlib import resources
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from weakref import WeakSet

import apsw

from sealwax.base.errors import SealwaxError
from sealwax.server.refusal import Refusal, disk_full

MIGRATIONS = ("schema.sql",)
"""Applied in this order; the database remembers its version."""
FIRST_VERSION = 6
"""The version that the first of them makes. Those before it kept the first format of the chain."""
TOGETHER = 256
_CACHE_KIB = 16 * 1024
_BUSY_MS = 10_000

T = TypeVar("T")
Act = Callable[[apsw.Connection], T]


class DatabaseNewer(SealwaxError):
    """The database was made by a newer server."""

    code = "server-database-newer"
    hint = "Run the version of Sealwax that made it, or a newer one."


class DatabaseOutdated(SealwaxError):
    """The database was made by a server of the first version."""

    code = "server-database-outdated"
    hint = (
        "Begin in an empty folder: name it with --folder, and let people make their accounts anew."
        " What is in the old one can be read by the older program only."
    )


class Database:
    """An open database. `write` and `read` may be called by any thread."""

    def __init__(self, path: Path) -> None:
        """Opens or makes it; raises DatabaseNewer or DatabaseOutdated."""
        self._path = path
        self._readers = threading.local()
        self._all_readers: WeakSet[apsw.Connection] = WeakSet()
        self._jobs: SimpleQueue[tuple[Act[Any], Future[Any]] | None] = SimpleQueue()
        path.touch(mode=0o600)
        self._writer = self._opened()
        self._migrate()
        self._thread = threading.Thread(target=self._run, name="database", daemon=True)
        self._thread.start()

    def write(self, act: Act[T]) -> T:
        """Runs `act` in a transaction; returns when what it did is on the disk. What it raises
        undoes what it did, and nothing else."""
        future: Future[T] = Future()
        self._jobs.put((act, future))
        return future.result()

    def write_soon(self, act: Act[Any]) -> None:
        """As `write`, for what nobody waits for and nothing is lost by when it fails."""
        self._jobs.put((act, Future()))

    def read(self) -> apsw.Connection:
        """A connection for reading, of the calling thread's own."""
        connection = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = self._opened()
            self._all_readers.add(connection)
        return connection

    def close(self) -> None:
        """Writes what waits, then ends. The last connection that closes leaves all in one file: who
        copies the folder then finds no half of it elsewhere."""
        self._jobs.put(None)
        self._thread.join()
        for reader in list(self._all_readers):
            # One whose thread still reads is closed when that ends.
            with suppress(apsw.Error):
                reader.close()
        self._writer.close()

    def _opened(self) -> apsw.Connection:
        connection = apsw.Connection(str(self._path))
        connection.set_busy_timeout(_BUSY_MS)
        # Another process may write too: `sealwax admin`. A transaction that only later turns to
        # writing could not wait for it.
        connection.transaction_mode = "IMMEDIATE"
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", 2)
        connection.pragma("cache_size", -_CACHE_KIB)
        return connection

    def _migrate(self) -> None:
        version = int(str(self._writer.pragma("user_version")))
        if 0 < version < FIRST_VERSION:
            raise DatabaseOutdated(
                f"The server's database has version {version}: its histories are of a format that"
                " is not kept any more."
            )
        done = version - FIRST_VERSION + 1 if version else 0
        if done > len(MIGRATIONS):
            raise DatabaseNewer(f"The server's database has version {version}.")
        for number, name in enumerate(MIGRATIONS[done:], FIRST_VERSION + done):
            sql = resources.files("sealwax.server").joinpath(name).read_text("utf-8")
            with self._writer:
                for _ in self._writer.execute(sql):
                    pass
                self._writer.pragma("user_version", number)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs, is_last = [job], False
            while len(jobs) < TOGETHER and not is_last:
                try:
                    following = self._jobs.get_nowait()
                except Empty:
                    break
                if following is None:
                    is_last = True
                else:
                    jobs.append(following)
            self._commit(jobs)
            if is_last:
                return

    def _commit(self, jobs: list[tuple[Act[Any], Future[Any]]]) -> None:
        """All jobs in one transaction, each undone alone when it fails."""
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self._writer:
                for act, future in jobs:
                    try:
                        with self._writer:
                            done.append((future, _acted(act, self._writer)))
                    except Exception as error:
                        if not self._writer.in_transaction:
                            raise
                        future.set_exception(error)
        except Exception as error:
            # The transaction as a whole failed: none of it is on the disk.
            trouble = _first(error)
            for _, future in jobs:
                if not future.done():
                    future.set_exception(trouble)
            return
        for future, result in done:
            future.set_result(result)


def _acted(act: Act[T], connection: apsw.Connection) -> T:
    try:
        return act(connection)
    except apsw.FullError as error:
        raise disk_full() from error


def _first(error: Exception) -> Exception:
    """What went wrong in the beginning: where SQLite has undone the whole transaction, ending it
    is refused too, and says so instead."""
    found: BaseException = error
    while not isinstance(found, Refusal) and found.__context__ is not None:
        found = found.__context__
    if isinstance(found, apsw.FullError):
        return disk_full()
    return found if isinstance(found, Exception) else error
