"""The attachments of an export: files beside it, under names of our own.

A file that somebody sent is opened with a click. So its ending, by which a system decides what to
do with it, comes from what is in it, and is one of a few by which nothing is run.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sealwax.base.paths import TEMPORARY_SUFFIX
from sealwax.base.problem import Problem
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.exports.place import PRIVATE_FILE, PRIVATE_FOLDER
from sealwax.library.files import ReadFile
from sealwax.library.view import AttachmentView
from sealwax.model.file_kind import HEAD_BYTES, harmless_ending, sniffed
from sealwax.stores.base import StoreError

FOLDER = "attachments"


class WrittenFile(NamedTuple):
    """A file of an export: its path beside it, and the type that its first bytes have."""

    path: str
    kind: str


class AttachmentFiles:
    """Writes attachments into a folder; counts them, and what could not be read."""

    def __init__(self, folder: Path, read_file: ReadFile, name: str = FOLDER) -> None:
        """`folder` is the export's, `name` that of the folder inside it for the files."""
        self._folder = folder / name
        self._read_file = read_file
        self._written: dict[int, WrittenFile | None] = {}
        self.count = 0
        self.size_bytes = 0
        self.problems: list[Problem] = []

    def write(self, attachment: AttachmentView) -> WrittenFile | None:
        """Writes a file, once; gives where it is, or None when its bytes are not there or do not
        read."""
        if attachment.record not in self._written:
            self._written[attachment.record] = self._write(attachment)
        return self._written[attachment.record]

    def _write(self, attachment: AttachmentView) -> WrittenFile | None:
        if not attachment.file_hash:
            return None
        self._folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        partial = self._folder / f"{attachment.record:08d}{TEMPORARY_SUFFIX}"
        head = b""
        try:
            with open(partial, "xb", opener=_private) as file:
                for piece in self._read_file(attachment):
                    head = head or piece[:HEAD_BYTES]
                    file.write(piece)
                    self.size_bytes += len(piece)
        except (SealBroken, SealUnknown, StoreError) as error:
            partial.unlink(missing_ok=True)
            self.problems.append(Problem(f"attachment {attachment.origin}", str(error)))
            return None
        path = partial.with_suffix(harmless_ending(head, attachment.mime_type))
        partial.rename(path)
        self.count += 1
        _date(path, attachment.created_ns)
        return WrittenFile(f"{self._folder.name}/{path.name}", sniffed(head, attachment.mime_type))


def _private(path: str, flags: int) -> int:
    """It is for nobody but its owner, from the first byte."""
    return os.open(path, flags, PRIVATE_FILE)


def _date(path: Path, created_ns: int | None) -> None:
    """A file is as old as its source says; what a disk cannot say stays as it is."""
    if created_ns:
        with suppress(OSError, OverflowError, ValueError):
            os.utime(path, ns=(created_ns, created_ns))
