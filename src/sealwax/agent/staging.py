"""A home that is being made beside what is in its folder already, and that may come to nothing.

All of it lies in one folder until it is kept. Where it is not, the home's folder is as it was
before, and one that was made for it is gone.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sealwax.agent.home import (
    LIBRARY_FILE,
    LOCK_FILE,
    SCRATCH_FOLDER,
    VAULT_FOLDER,
    HomeLock,
    make_private,
    scratch_folder,
)
from sealwax.agent.place import Place
from sealwax.base.paths import fsync_folder, make_folder
from sealwax.library.database import move_files, set_aside
from sealwax.library.guard_file import GUARD_FILE, set_guard_aside
from sealwax.trust.heads import HEADS_FILE, HeadsBroken, RememberedHeads

STAGING_FOLDER = "coming"
"""In the scratch folder, which is emptied when the home is opened."""


class Staging:
    """What is to become a home. `place` is where its vault is for now: a home with a server that
    has no vault of its own yet gets it in here. Set `is_kept` when the home is whole."""

    def __init__(self, home: Path, place: Place) -> None:
        self.folder = scratch_folder(home) / STAGING_FOLDER
        shutil.rmtree(self.folder, ignore_errors=True)
        make_folder(self.folder)
        self._home = home
        self._vault = place.root
        self._is_vault_new = bool(place.url) and not place.root.exists()
        self.place = place
        if self._is_vault_new:
            self.place = place._replace(root=self.folder / VAULT_FOLDER)
        self.is_kept = False
        self._take_heads()

    @property
    def library(self) -> Path:
        return self.folder / LIBRARY_FILE

    def move_in(self) -> None:
        """Moves everything to its place in the home; the library must be closed. One that is there
        already is set aside."""
        library = self._home / LIBRARY_FILE
        if library.exists():
            set_aside(library)
        # Its key was among those that this home lost.
        set_guard_aside(self._home / GUARD_FILE)
        if self._is_vault_new:
            self.place.root.rename(self._vault)
        (self.folder / HEADS_FILE).replace(self._home / HEADS_FILE)
        move_files(self.library, library)
        fsync_folder(self._home)

    def _take_heads(self) -> None:
        """What this home had seen before it lost its keys still counts, if it can be read."""
        with suppress(HeadsBroken):
            for zone, (seq, seen) in RememberedHeads(self._home).all().items():
                RememberedHeads(self.folder).remember(zone, seq, seen)


@contextmanager
def staged(home: Path, place: Place) -> Iterator[Staging]:
    """Holds the home's lock, and a staging in it. Raises HomeLocked or HomeOfAnother."""
    was_there = home.is_dir()
    make_folder(home)
    with HomeLock(home):
        make_private(home)
        before = {path.name for path in home.iterdir()} - {LOCK_FILE}
        is_kept = False
        try:
            staging = Staging(home, place)
            yield staging
            is_kept = staging.is_kept
        finally:
            shutil.rmtree(home / SCRATCH_FOLDER / STAGING_FOLDER, ignore_errors=True)
            if not is_kept:
                _undo(home, before, was_there)


def _undo(home: Path, before: set[str], was_there: bool) -> None:
    """Whoever made a home here meanwhile holds the lock: what is there now is this one's own."""
    if not before and not was_there:
        shutil.rmtree(home, ignore_errors=True)
    elif SCRATCH_FOLDER not in before:
        shutil.rmtree(home / SCRATCH_FOLDER, ignore_errors=True)
