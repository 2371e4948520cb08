"""The attachments of an export: files beside it, under names of our own."""

from pathlib import Path

from sealwax.base.problem import Problem
from sealwax.crypto.sealing import SealBroken, SealUnknown
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
        self._folder.mkdir(exist_ok=True)
        try:
            with (self._folder / name).open("xb") as file:
                for piece in self._read_file(attachment):
                    file.write(piece)
                    self.size_bytes += len(piece)
        except (SealBroken, SealUnknown, StoreError) as error:
            (self._folder / name).unlink(missing_ok=True)
            self.problems.append(Problem(f"attachment {attachment.origin}", str(error)))
            return None
        self.count += 1
        return f"{self._folder.name}/{name}"
