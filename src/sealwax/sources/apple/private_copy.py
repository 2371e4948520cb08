"""Opening somebody's database without touching it.

Opening a database in WAL mode would leave files beside it. So the file, and what SQLite keeps
beside it, are copied into a private folder, and the copy is opened. They must belong together: when
one changes meanwhile, all are copied again. A file that stands still needs no copy: see `in_place`.
"""

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

import apsw

from sealwax.base.paths import make_folder
from sealwax.sources.base import SourceError

COPY_TRIES = 10
_MAGIC = b"SQLite format 3\x00"
_HEAD_BYTES = 100
_PAGE_BYTES, _CHANGE_COUNTER = slice(16, 18), slice(24, 28)
_PAGES, _SIZE_VALID_FOR = slice(28, 32), slice(92, 96)
"""Fields of the head of an SQLite file: https://www.sqlite.org/fileformat.html#the_database_header"""
_FILL_LIMIT_BYTES = 64 * 1024**3
STEPS_LEAST, STEPS_A_BYTE, STEPS_TOGETHER = 8_000_000, 64, 100_000
"""Steps of SQLite's machine. A whole reading of a database takes less than two for each byte."""
VALUE_LIMIT_BYTES = 64 * 1024 * 1024
"""No segment could hold a larger value."""
BESIDE = ("-wal", "-journal")
"""What SQLite keeps beside a database: the newest messages, or what a crash left to undo."""


class SourceMissing(SourceError):
    """There is nothing at the path."""

    code = "source-missing"
    hint = "Check the path; on a Mac the messages are in ~/Library/Messages/chat.db."


class SourceNotADatabase(SourceError):
    """The file is not an SQLite database."""

    code = "source-not-a-database"
    hint = "Name a chat.db, an sms.db, a folder with one, or a Sealwax export."


class SourceForbidden(SourceError):
    """The file may not be read."""

    code = "source-forbidden"
    hint = (
        "On a Mac: System Settings > Privacy & Security > Full Disk Access, switch on your"
        " terminal, then open a new one."
    )


class SourceBusy(SourceError):
    """The file changed each time it was copied."""

    code = "source-busy"
    hint = "Quit Messages, or wait a moment, then try again."


class NoRoomForCopy(SourceError):
    """There is no room to copy the database to."""

    code = "source-no-room"
    hint = "Free as much space in the home as the database takes, then run the command again."


class PrivateCopy:
    """A copy of a database in a private folder, opened; `close` removes it."""

    def __init__(self, original: Path, scratch: Path) -> None:
        """Copies and opens what `check_database` has found good; raises a SourceError."""
        make_folder(scratch)
        self._folder = Path(tempfile.mkdtemp(prefix="source-", dir=scratch))
        self.path = self._folder / "copy.db"
        try:
            _copy_together(original, self.path)
            self.missing_bytes = _fill_up(self.path)
            self.connection = _open(self.path)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def check(self) -> None:
        """A copy of one's own does not change."""

    def close(self) -> None:
        """Closes the copy and removes it."""
        self.connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def check_database(original: Path) -> None:
    """Raises a SourceError for what is no database that may be read."""
    try:
        mode = original.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            # A pipe would be waited for without end.
            raise SourceNotADatabase(f"{original} is not a file.")
        with original.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as error:
        raise _source_error(original, error) from error
    if not head:
        raise SourceNotADatabase(f"{original} is empty.")
    if head != _MAGIC:
        raise SourceNotADatabase(f"{original} is not an SQLite database, or it is encrypted.")


def _source_error(original: Path, error: OSError) -> SourceError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return SourceMissing(f"There is nothing at {original}.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return SourceForbidden(f"{original} may not be read.")
    if error.errno == errno.EISDIR:
        return SourceNotADatabase(f"{original} is a folder without a database in it.")
    return SourceError(f"{original} cannot be read: {error.strerror}.")


def _copy_together(original: Path, copy: Path) -> None:
    names = ("", *BESIDE)
    for _ in range(COPY_TRIES):
        before = file_marks(original)
        try:
            for name, mark in zip(names, before, strict=True):
                target = copy.with_name(copy.name + name)
                target.unlink(missing_ok=True)
                if mark is not None:
                    shutil.copyfile(original.with_name(original.name + name), target)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoRoomForCopy(f"There is no room for a copy of {original.name}.") from error
            raise _source_error(original, error) from error
        if file_marks(original) == before and before[0] is not None:
            return
    raise SourceBusy(f"{original} changed each of the {COPY_TRIES} times it was copied.")


def file_marks(original: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """What tells whether a database was written: size, time and number of its files."""
    return tuple(_mark(original.with_name(original.name + name)) for name in ("", *BESIDE))


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _fill_up(copy: Path) -> int:
    """Gives a copy that was cut short the length that its head states; gives what was missing.

    SQLite reads nothing at all of a file that is shorter than it says. With zeros in the place of
    the missing pages it reads the others, and those count as damaged.
    """
    missing = missing_bytes(copy)
    if missing:
        with copy.open("r+b") as file:
            file.truncate(file.seek(0, os.SEEK_END) + missing)
    return missing


def missing_bytes(path: Path) -> int:
    """How much shorter a database is than its head states; raises OSError."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        size_bytes = file.seek(0, os.SEEK_END)
    if len(head) < _HEAD_BYTES or head[_CHANGE_COUNTER] != head[_SIZE_VALID_FOR]:
        # An older SQLite wrote this file and left the number of pages as it was.
        return 0
    page_bytes = int.from_bytes(head[_PAGE_BYTES], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    stated_bytes = int.from_bytes(head[_PAGES], "big") * page_bytes
    return stated_bytes - size_bytes if size_bytes < stated_bytes <= _FILL_LIMIT_BYTES else 0


def _open(copy: Path) -> apsw.Connection:
    copy.chmod(0o600)
    try:
        connection = apsw.Connection(str(copy))
        # The copy becomes one file, so that its pages can be compared.
        connection.pragma("journal_mode", "delete")
        connection.pragma("synchronous", 0)
        configure(connection)
    except apsw.Error as error:
        raise SourceNotADatabase(f"The database cannot be opened: {error}.") from error
    return connection


def configure(connection: apsw.Connection) -> None:
    """Settings for reading a database that is not ours; raises apsw.Error where it is none."""
    connection.pragma("temp_store", 2)
    connection.pragma("trusted_schema", 0)
    # A column may be computed: to any length, out of nothing.
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, VALUE_LIMIT_BYTES)
    connection.pragma("cache_size", -16 * 1024)
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    _bound_work(connection)


def _bound_work(connection: apsw.Connection) -> None:
    """Makes queries fail that take far longer than the file is large: pages that name the same page
    again and again have rows without end, and SQLite puts them all in order."""
    steps = STEPS_LEAST + STEPS_A_BYTE * stated_bytes(connection)
    left = [steps // STEPS_TOGETHER]

    def is_spent() -> bool:
        left[0] -= 1
        return left[0] < 0

    connection.set_progress_handler(is_spent, STEPS_TOGETHER)


def stated_bytes(connection: apsw.Connection) -> int:
    """The size of a database by the number of its pages; raises apsw.Error."""
    return int(str(connection.pragma("page_count"))) * int(str(connection.pragma("page_size")))
