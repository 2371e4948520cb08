"""Letter boxes in a folder on a shared disk; see `stores.letters.Letters`.

    links/<box, 64 hex>/<new | trusted>      one file a letter

They lie beside the accounts, for a new machine does not know its account yet. A letter gets its
name as a commit does: create-if-absent. Boxes that nobody removed go when a later one is opened.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from sealwax.base.paths import make_folder
from sealwax.stores.folder_marker import check_vault
from sealwax.stores.folder_writing import (
    fsync_files,
    fsync_folders,
    give_name,
    plain_errors,
    write_temporary,
)
from sealwax.stores.letters import LinkUnknown, LinkUsed

LINKS = "links"
LETTER_LIMIT_BYTES = 16 * 1024
STALE_SECONDS = 24 * 60 * 60


class FolderLetters:
    """Boxes in the folder of a vault."""

    def __init__(self, root: Path) -> None:
        """Raises NotAStore where there is no vault."""
        check_vault(root)
        self._folder = root / LINKS

    def open(self, box: bytes) -> None:
        with plain_errors("opening a letter box"):
            make_folder(self._path(box))
        self._remove_stale(self._path(box))

    def leave(self, box: bytes, side: str, letter: bytes) -> None:
        assert 0 < len(letter) <= LETTER_LIMIT_BYTES
        folder = self._found(box)
        with plain_errors("leaving a letter"):
            temporary = write_temporary(folder, letter)
            fsync_files([temporary])
            is_first = give_name(temporary, folder / side)
            fsync_folders({folder})
        if not is_first and self.take(box, side) != letter:
            raise LinkUsed("This code was used already.")

    def take(self, box: bytes, side: str) -> bytes:
        path = self._found(box) / side
        with plain_errors("reading a letter"):
            if not path.exists():
                return b""
            with path.open("rb") as file:
                return file.read(LETTER_LIMIT_BYTES)

    def forget(self, box: bytes) -> None:
        shutil.rmtree(self._path(box), ignore_errors=True)

    def _path(self, box: bytes) -> Path:
        return self._folder / box.hex()

    def _found(self, box: bytes) -> Path:
        path = self._path(box)
        if not path.is_dir():
            raise LinkUnknown("The code is not known there, or too old.")
        return path

    def _remove_stale(self, newest: Path) -> None:
        """The disk's own clock says which boxes are a day older than the one just opened."""
        with suppress(OSError):
            now = newest.stat().st_mtime
            for folder in self._folder.iterdir():
                if now - folder.stat().st_mtime > STALE_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
