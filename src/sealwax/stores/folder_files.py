"""The files of one account in a folder store: what is not there, what is empty, what is too
large."""

import errno
import os
from pathlib import Path

from sealwax.stores.base import Missing, StoreError
from sealwax.stores.folder_layout import TEMPORARY


class AccountFolder:
    """The folder of one account."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._temporary = folder / TEMPORARY


def read_file(path: Path, limit_bytes: int, kind: str, name: str) -> bytes:
    """The bytes of a file; of one that is larger than it may be, the beginning, a byte too long: so
    whoever looks at it finds that it is too large, and nobody has to hold all of it. Raises Missing
    or StoreError."""
    try:
        with path.open("rb", buffering=0) as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise Missing(f"The {kind} {name} is not there.") from error
        raise StoreError(f"The {kind} {name} cannot be read: {error.strerror}.") from error
    if not data:
        raise Missing(f"The {kind} {name} is not there.")
    return data


def file_size(path: Path) -> int:
    """The size of a file; 0 when it is not there. An empty file is one that never was written."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def changed_ms(path: Path) -> int:
    """When a file was written (ms since 1970); 0 when it is not there."""
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except (FileNotFoundError, NotADirectoryError):
        return 0


def sorted_names(folder: Path) -> list[str]:
    """The names in a folder, in order."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries)
