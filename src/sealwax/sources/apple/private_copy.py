"""Opening somebody's database without touching it.

SQLite never opens the original: opening one in WAL mode would leave files beside it. The file and
its `-wal`, which holds the newest messages, are copied into a private folder, and the copy is
opened. The two must belong together: when either changes while it is copied, it is copied again.
"""

import errno
import shutil
import tempfile
from pathlib import Path

import apsw

from sealwax.base.paths import make_folder
from sealwax.sources.base import SourceError

COPY_TRIES = 10
_MAGIC = b"SQLite format 3\x00"
_WAL = "-wal"


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


class PrivateCopy:
    """A copy of a database in a private folder, opened; `close` removes it."""

    def __init__(self, original: Path, scratch: Path) -> None:
        """Copies and opens; raises a SourceError."""
        _check(original)
        make_folder(scratch)
        self._folder = Path(tempfile.mkdtemp(prefix="source-", dir=scratch))
        try:
            copy = self._folder / "copy.db"
            _copy_together(original, copy)
            self.connection = _open(copy)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def close(self) -> None:
        """Closes the copy and removes it."""
        self.connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _check(original: Path) -> None:
    try:
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
    wal = original.with_name(original.name + _WAL)
    for _ in range(COPY_TRIES):
        before = _marks(original, wal)
        try:
            shutil.copyfile(original, copy)
            copied_wal = copy.with_name(copy.name + _WAL)
            copied_wal.unlink(missing_ok=True)
            if before[1] is not None:
                shutil.copyfile(wal, copied_wal)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _source_error(original, error) from error
        if _marks(original, wal) == before:
            return
    raise SourceBusy(f"{original} changed each of the {COPY_TRIES} times it was copied.")


def _marks(original: Path, wal: Path) -> tuple[tuple[int, int, int] | None, ...]:
    return _mark(original), _mark(wal)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _open(copy: Path) -> apsw.Connection:
    copy.chmod(0o600)
    try:
        connection = apsw.Connection(str(copy))
        connection.pragma("temp_store", 2)
        connection.pragma("synchronous", 0)
        connection.pragma("trusted_schema", 0)
        connection.pragma("cache_size", -16 * 1024)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except apsw.Error as error:
        raise SourceNotADatabase(f"The database cannot be opened: {error}.") from error
    return connection
