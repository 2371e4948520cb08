"""The attachments of an export: files beside it, under names of our own."""

import os
from contextlib import suppress
from pathlib import Path

from sealwax.base.problem import Problem
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.exports.place import PRIVATE_FILE, PRIVATE_FOLDER
from sealwax.library.files import ReadFile
from sealwax.library.view import AttachmentView
from sealwax.stores.base import StoreError

FOLDER = "attachments"
_SUFFIX_LIMIT = 12


class AttachmentFiles:
    """Writes attachments into a folder; counts them, and what could not be read."""

    def __init__(self, folder: Path, read_file: ReadFile, name: str = FOLDER) -> None:
        """`folder` is the export's, `name` that of the folder inside it for the files."""
        self._folder = folder / name
        self._read_file = read_file
        self._written: dict[int, str | None] = {}
        self.count = 0
        self.size_bytes = 0
        self.problems: list[Problem] = []

    def write(self, attachment: AttachmentView) -> str | None:
        """Writes a file, once; gives its path beside the export, or None when its bytes are not
        there or do not read."""
        if attachment.record not in self._written:
            self._written[attachment.record] = self._write(attachment)
        return self._written[attachment.record]

    def _write(self, attachment: AttachmentView) -> str | None:
        if not attachment.file_hash:
            return None
        # The name is a number of ours and the ending of the original, letters and digits only.
        suffix = Path(attachment.name).suffix
        safe = suffix.lower() if suffix[1:].isascii() and suffix[1:].isalnum() else ""
        name = f"{attachment.record:08d}{safe[:_SUFFIX_LIMIT]}"
        self._folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        path = self._folder / name
        try:
            with open(path, "xb", opener=_private) as file:
                for piece in self._read_file(attachment):
                    file.write(piece)
                    self.size_bytes += len(piece)
        except (SealBroken, SealUnknown, StoreError) as error:
            path.unlink(missing_ok=True)
            self.problems.append(Problem(f"attachment {attachment.origin}", str(error)))
            return None
        self.count += 1
        _date(path, attachment.created_ns)
        return f"{self._folder.name}/{name}"


def _private(path: str, flags: int) -> int:
    """It is for nobody but its owner, from the first byte."""
    return os.open(path, flags, PRIVATE_FILE)


def _date(path: Path, created_ns: int | None) -> None:
    """A file is as old as its source says; what a disk cannot say stays as it is."""
    if created_ns:
        with suppress(OSError, OverflowError, ValueError):
            os.utime(path, ns=(created_ns, created_ns))
