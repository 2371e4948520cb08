"""The place of an export: a new folder that is there whole, or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealwax.base.paths import TEMPORARY_SUFFIX, fsync_folder
from sealwax.exports.base import ExportExists, ExportFailed

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `out` at the end; raises ExportExists, ExportFailed."""
    _refuse_existing(out)
    with _temporary(out) as temporary:
        yield temporary
        _settle(temporary)
        temporary.replace(out)
        fsync_folder(out.parent)


@contextmanager
def new_file(out: Path, beside: Path) -> Iterator[Path]:
    """A folder to write a file named as `out`, and a folder named as `beside`, into: both become
    what their names say at the end. Raises ExportExists, ExportFailed."""
    _refuse_existing(out)
    _refuse_existing(beside)
    with _temporary(out) as temporary:
        yield temporary
        _settle(temporary)
        if (temporary / beside.name).exists():
            (temporary / beside.name).replace(beside)
        (temporary / out.name).replace(out)
        fsync_folder(out.parent)
        temporary.rmdir()


def _refuse_existing(out: Path) -> None:
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ExportExists(f"There is something at {out} already.")


@contextmanager
def _temporary(out: Path) -> Iterator[Path]:
    """When writing fails nothing is left, so the same command can be given again."""
    temporary = out.with_name(out.name + TEMPORARY_SUFFIX)
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir(mode=PRIVATE_FOLDER)
        yield temporary
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise ExportFailed(f"The export cannot be written: {error.strerror}.") from error
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _settle(folder: Path) -> None:
    """Everything is on the disk, and for nobody but its owner: these are words in the clear."""
    for place, _, names in os.walk(folder):
        Path(place).chmod(PRIVATE_FOLDER)
        for name in names:
            descriptor = os.open(Path(place) / name, os.O_RDONLY)
            try:
                os.fchmod(descriptor, PRIVATE_FILE)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
