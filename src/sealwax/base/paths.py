"""Files that survive a power cut, and names that stay inside their folder.

Durability rule: write a temporary file in the same folder, fsync it, rename it, fsync the folder.
A reader therefore sees the old bytes or the new bytes, never half of either.
"""

import os
from pathlib import Path

TEMPORARY_SUFFIX = ".partial"


def fsync_folder(folder: Path) -> None:
    """Makes renames and new names inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Makes the bytes of a file survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Creates `folder` and its missing parents durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode)
    folder.mkdir(mode=mode, exist_ok=True)
    fsync_folder(folder.parent)


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replaces `path` by `data`, whole or not at all; an OSError names the file."""
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
    fsync_folder(path.parent)


def is_inside(folder: Path, path: Path) -> bool:
    """Whether `path`, with its links followed, lies inside `folder`."""
    return path.resolve().is_relative_to(folder.resolve())
