"""Writing into a folder store so that a power cut loses nothing that was acknowledged.

A file is written under a temporary name on the same disk, fsynced, given its name without ever
replacing one, and then its folder is fsynced. So a name, once seen, has all its bytes. Names are
given by `link`, which fails when the name is taken. Where a disk has no hard links (exFAT), the
name is created exclusively and empty first, then the file is renamed over it; a crash in between
leaves an empty file, which readers take for missing and the next writer replaces. On such a disk
two devices must not write at the same moment.
"""

import errno
import itertools
import os
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from sealwax.base.paths import fsync_file, fsync_folder, make_folder
from sealwax.stores.base import Missing, StoreError, StoreFull, StoreReadOnly

FSYNC_THREADS = 8
_FULL = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_counter = itertools.count()


@contextmanager
def plain_errors(act: str) -> Iterator[None]:
    """Turns the operating system's errors into the store's."""
    try:
        yield
    except FileNotFoundError as error:
        raise Missing(f"Something is missing in the store, {act}.") from error
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull("The disk of the store is full.") from error
        if error.errno in _READ_ONLY:
            raise StoreReadOnly("The store cannot be written to.") from error
        raise StoreError(f"The store failed, {act}: {error.strerror}.") from error


def write_temporary(folder: Path, data: bytes | memoryview) -> Path:
    """Writes a temporary file; its bytes are not durable yet."""
    path = folder / f"{os.getpid()}-{next(_counter)}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def fsync_files(paths: list[Path]) -> None:
    """Makes the bytes of files durable, several at a time: the disk merges the waits."""
    _together(fsync_file, paths)


def _together(act: Callable[[Path], None], paths: Collection[Path]) -> None:
    if len(paths) < 2:
        for path in paths:
            act(path)
        return
    with ThreadPoolExecutor(FSYNC_THREADS) as pool:
        for _ in pool.map(act, paths):
            pass


def give_name(temporary: Path, final: Path) -> bool:
    """Moves a durable temporary file to its name; False when the name is taken by a whole file."""
    if _is_torn(final):
        temporary.replace(final)
        return True
    try:
        os.link(temporary, final, follow_symlinks=False)
    except FileExistsError:
        temporary.unlink()
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _claim_and_rename(temporary, final)
    temporary.unlink()
    return True


def _claim_and_rename(temporary: Path, final: Path) -> bool:
    try:
        os.close(os.open(final, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        temporary.unlink()
        return False
    temporary.replace(final)
    return True


def _is_torn(path: Path) -> bool:
    """Whether a name was claimed but never filled: no object and no commit is empty."""
    try:
        return path.lstat().st_size == 0
    except FileNotFoundError:
        return False


def remove_stale(folder: Path) -> None:
    """Removes temporary files of processes of this computer that are gone."""
    with suppress(OSError):
        for path in folder.iterdir():
            owner = path.name.partition("-")[0]
            if owner.isdigit() and not _is_running(int(owner)):
                path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def take_place(temporary: Path, final: Path) -> None:
    """Gives a durable temporary file a name that another file may have, which goes."""
    temporary.replace(final)


def remove_files(paths: Collection[Path]) -> None:
    """Removes files; durable when their folders are fsynced."""
    for path in paths:
        path.unlink(missing_ok=True)


def fsync_folders(folders: set[Path]) -> None:
    """Makes new names durable, several folders at a time."""
    _together(fsync_folder, folders)


def make_folders(folders: set[Path]) -> None:
    """Makes those folders that are not there, durably."""
    missing = [folder for folder in folders if not folder.is_dir()]
    for parent in {folder.parent for folder in missing}:
        make_folder(parent)
    for folder in missing:
        folder.mkdir(mode=0o700, exist_ok=True)
    fsync_folders({folder.parent for folder in missing})
