"""The library's database file: opening it under its key, its schema, its transactions.

SQLite through apsw-sqlite3mc, every page encrypted and authenticated (ChaCha20-Poly1305). The file
is a cache: when it is missing, damaged or of another schema it is made anew from the vault.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import apsw

from sealwax.base.errors import SealwaxError
from sealwax.base.paths import fsync_file, fsync_folder, write_durably

SCHEMA_VERSION = 9
APPLICATION_ID = 0x5EA15EA1 & 0x7FFFFFFF
STILL = 2**62
"""The `to_seq` of what has not changed since."""
NEVER = -STILL
"""A moment before all others."""
LATE_INDEXES = (
    (
        "record_by_uid",
        "CREATE UNIQUE INDEX IF NOT EXISTS record_by_uid ON record (uid)",
    ),
    # A search for common words walks the present from its newest message on.
    (
        "version_by_time",
        "CREATE INDEX IF NOT EXISTS version_by_time"
        " ON version (time_ns, source_order, record, text_id, place, from_seq)"
        f" WHERE text_id IS NOT NULL AND to_seq = {STILL}",
    ),
)
"""Names and SQL of indexes in whose order no message comes: to sort them once, when a new library
has been filled, is much quicker than to put each into its place."""
PAGE_BYTES = 8192
_CACHE_KIB = 32 * 1024
_WIDE_CACHE_KIB = 64 * 1024
_LOG_PAGES = 4_096
"""Pages of the write-ahead log before they go into the file: a large import writes many twice."""
GROUP_TRANSACTIONS = 8
FILLING_TRANSACTIONS = 64
MAKING_TRANSACTIONS = 256
MAKING_SUFFIX = ".making"
"""Beside a library that is being made, so far without care for power cuts."""
CHECK_SUFFIX = ".check"
DAMAGED_SUFFIX = ".damaged"
_BESIDE = ("", "-wal", "-shm", "-journal", MAKING_SUFFIX)
"""The library's files. The mark of a half-made one goes last."""


class LibraryBroken(SealwaxError):
    """The library's file is damaged or not readable with its key."""

    code = "library-broken"
    hint = "Nothing is lost: run `sealwax verify --repair`, which rebuilds it from the vault."


class Database:
    """An open library file. Not shared between threads."""

    def __init__(
        self, path: Path, key: bytes, is_durable: bool = True, is_reader: bool = False
    ) -> None:
        """Opens or makes the file; raises LibraryBroken, or LibraryStale for another schema.

        A reader writes nothing.
        """
        self.path = path
        self._key = key
        self._is_durable = is_durable
        self._is_reader = is_reader
        self.has_readers = False
        """Whether the file is, or may be, open more than once."""
        self._group_limit, self._in_group, self._group_most = 0, 0, 0
        if self._making.exists():
            raise LibraryStale("The library was not made to its end.")
        try:
            # SQLite gives the files beside this one the same rights.
            path.touch(mode=0o600)
            self.connection = opened(path, key)
            self._configure()
            self._prepare()
        except (apsw.NotADBError, apsw.CorruptError) as error:
            raise LibraryBroken("The library's file is damaged.") from error
        except apsw.CantOpenError as error:
            raise LibraryBroken("The library's file cannot be opened.") from error

    @property
    def _making(self) -> Path:
        return self.path.with_name(self.path.name + MAKING_SUFFIX)

    def _configure(self) -> None:
        self.connection.pragma("page_size", PAGE_BYTES)
        self.connection.pragma("journal_mode", "wal")
        # The library can be rebuilt, so a power cut may cost its last transaction, never more.
        self.connection.pragma("synchronous", 1 if self._is_durable else 0)
        self.connection.pragma("cache_size", -_CACHE_KIB)
        self.connection.pragma("wal_autocheckpoint", _LOG_PAGES)
        self.connection.pragma("temp_store", 2)
        self.connection.set_busy_timeout(5_000)

    def _prepare(self) -> None:
        version = self.connection.pragma("user_version")
        if version == 0:
            schema = resources.files("sealwax.library").joinpath("schema.sql").read_text("utf-8")
            with self.transaction():
                for _ in self.connection.execute(schema):
                    pass
                self.connection.pragma("application_id", APPLICATION_ID)
                self.connection.pragma("user_version", SCHEMA_VERSION)
        elif version != SCHEMA_VERSION:
            raise LibraryStale(f"The library has schema {version}, not {SCHEMA_VERSION}.")
        if self._is_reader:
            self.connection.pragma("query_only", 1)
        else:
            # Whoever filled the library may have ended before it made them.
            for _, sql in LATE_INDEXES:
                self.connection.execute(sql)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or none of it; in a group, with those before it of the same group."""
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._in_group = 0
            # SQLite ends a transaction itself when the disk is full.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        if self._group_limit:
            self._in_group = (self._in_group + 1) % self._group_limit
        if self._in_group == 0:
            self._group_limit = max(self._group_limit, min(2 * self._group_limit, self._group_most))
            self.connection.execute("COMMIT")

    @contextmanager
    def grouped(self) -> Iterator[None]:
        """Commits several transactions at once: much less is written, for each of many large ones
        changes the same pages of the indexes. One that fails takes the group with it, so this is
        for what can be done again from the vault."""
        with self._grouped(GROUP_TRANSACTIONS):
            yield

    @contextmanager
    def making(self) -> Iterator[None]:
        """For filling a library that holds nothing yet: all is written once, and nothing waits for
        the disk until the end. A file beside it says so; where that is found at an opening, the
        library was not made to its end, and is made anew."""
        if self._group_limit or self.has_readers:
            with self._filling():
                yield
            return
        write_durably(self._making, b"")
        # A transaction can still be rolled back; only a power cut leaves pages of two times. In
        # memory the journal would grow with the library.
        self.connection.pragma("journal_mode", "truncate")
        self.connection.pragma("synchronous", 0)
        try:
            with self._grouped(MAKING_TRANSACTIONS):
                yield
        finally:
            self._configure()
            fsync_file(self.path)
            self._making.unlink()
            fsync_folder(self.path.parent)

    @contextmanager
    def _filling(self) -> Iterator[None]:
        """The same while others read: they see what is there so far, soon at first and then in
        ever larger steps."""
        try:
            with self._grouped(1, FILLING_TRANSACTIONS):
                yield
        finally:
            self.connection.pragma("cache_size", -_CACHE_KIB)

    def widen_cache(self) -> None:
        """Until the end of a making: so much is in the library by now that what is still to come
        changes pages all over its indexes."""
        self.connection.pragma("cache_size", -_WIDE_CACHE_KIB)

    @contextmanager
    def _grouped(self, limit: int, most: int = 0) -> Iterator[None]:
        """Groups of so many transactions; each of twice as many as the one before, up to `most`."""
        if self._group_limit:
            yield
            return
        self._group_limit, self._group_most = limit, most
        try:
            yield
        finally:
            self._group_limit, self._in_group = 0, 0
            if self.connection.in_transaction:
                self.connection.execute("COMMIT")

    def empty(self) -> None:
        """Removes every row of every table; inside a transaction."""
        rows = self.connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT%'"
        ).fetchall()
        for (table,) in rows:
            self.connection.execute(f'DELETE FROM "{table}"')
        for index in ("text_index", "unspaced_index"):
            self.connection.execute(f"INSERT INTO {index} ({index}) VALUES ('delete-all')")

    def check(self, is_deep: bool = True) -> list[str]:
        """What is wrong with the file: every page is read and authenticated, free ones too. With
        `is_deep` each row, each index and the words in it are looked at as well."""
        wrong: list[str] = []
        try:
            if is_deep:
                rows = self.connection.execute("PRAGMA integrity_check(20)").fetchall()
                wrong = [str(what) for (what,) in rows if what != "ok"]
            else:
                self._read_every_tree()
            if not wrong:
                self._read_free_pages()
        except apsw.Error as error:
            wrong = [f"a page does not read: {error}"]
        return wrong

    def _read_every_tree(self) -> None:
        """Counting the pages of tables and indexes reads each of them through the cipher, and takes
        a quarter of the time of looking at what they say."""
        self.connection.execute("SELECT sum(pageno) FROM dbstat WHERE aggregate = TRUE").fetchall()

    def _read_free_pages(self) -> None:
        """A backup reads all pages through the cipher, even those that no table uses."""
        if self.connection.pragma("freelist_count") == 0:
            return
        copy = self.path.with_name(self.path.name + CHECK_SUFFIX)
        remove_files(copy)
        try:
            with opened(copy, self._key) as scratch:
                scratch.pragma("page_size", PAGE_BYTES)
                with scratch.backup("main", self.connection, "main") as backup:
                    while not backup.done:
                        backup.step(1_000)
        finally:
            remove_files(copy)

    def close(self) -> None:
        self.connection.close()


def opened(path: Path, key: bytes) -> apsw.Connection:
    """A connection to a file under a key; SQLite reads nothing of it yet."""
    connection = apsw.Connection(str(path))
    connection.pragma("key", f"raw:{key.hex()}")
    return connection


class LibraryFull(SealwaxError):
    """There is no room for the library to grow."""

    code = "disk-full"
    hint = "Free some space, then run the command again: it goes on where it stopped."


@contextmanager
def naming_damage() -> Iterator[None]:
    """Turns SQLite's complaint about a damaged file or a full disk, wherever it comes up, into
    LibraryBroken or LibraryFull."""
    try:
        yield
    except apsw.FullError as error:
        raise LibraryFull("The disk with the home is full.") from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise LibraryBroken("The library's file is damaged.") from error


class LibraryStale(LibraryBroken):
    """The library was made by another version of Sealwax; it is rebuilt."""

    code = "library-stale"


def remove_files(path: Path) -> None:
    """Removes a library's file and what SQLite keeps beside it, to be made anew."""
    for suffix in _BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def set_aside(path: Path) -> None:
    """Moves a damaged library out of the way instead of removing it: it may hold what a damaged
    vault does not."""
    number, aside = 1, path.with_name(path.name + DAMAGED_SUFFIX)
    while aside.exists():
        number, aside = number + 1, path.with_name(f"{path.name}{DAMAGED_SUFFIX}-{number}")
    move_files(path, aside)


def move_files(path: Path, target: Path) -> None:
    """Gives a library that nobody has open another place on the same disk."""
    for suffix in _BESIDE:
        part = path.with_name(path.name + suffix)
        if suffix == "-shm":
            # An index of the log, which SQLite makes anew.
            part.unlink(missing_ok=True)
        elif part.exists():
            part.replace(target.with_name(target.name + suffix))
