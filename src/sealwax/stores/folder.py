"""A store in a folder: a home's own vault, an external disk, a mounted share.

Readers take no lock and never see half a file. Writers need none either: objects are named by their
bytes, and creating a commit's name fails when it is taken. A folder that another program
synchronises is no place for a vault that several devices write: it has no create-if-absent.
"""

import os
import shutil
from pathlib import Path

from sealwax.base.paths import make_folder, write_durably
from sealwax.stores.folder_commits import FolderCommits
from sealwax.stores.folder_files import sorted_names
from sealwax.stores.folder_layout import (
    ACCOUNTS,
    OBJECTS,
    TEMPORARY,
    ZONES,
    commit_path,
    object_of,
    object_path,
    pack_of,
    pack_path,
    seq_of,
    zone_of,
)
from sealwax.stores.folder_marker import MARKER, MARKER_FILE, NotAStore, check_vault
from sealwax.stores.folder_objects import FolderObjects
from sealwax.stores.folder_packs import FolderPacks
from sealwax.stores.folder_writing import plain_errors, remove_stale


class FolderStore(FolderObjects, FolderCommits, FolderPacks):
    """The objects and commits of one account in a folder; see `stores.base.Store`."""

    def __init__(self, root: Path, account: bytes) -> None:
        """Use `create` or `open`."""
        super().__init__(root / ACCOUNTS / account.hex())
        self._root = root

    @classmethod
    def create(cls, root: Path, account: bytes) -> "FolderStore":
        """Makes a place for an account, and the vault itself where the folder is new or empty."""
        with plain_errors("making it"):
            make_folder(root)
            if not (root / MARKER_FILE).exists():
                if any(root.iterdir()):
                    raise NotAStore(f"{root} holds other things than a vault.")
                write_durably(root / MARKER_FILE, MARKER)
            check_vault(root)
            store = cls(root, account)
            for name in (OBJECTS, ZONES, TEMPORARY):
                make_folder(store._folder / name)
        store.remove_stale()
        return store

    @classmethod
    def open(cls, root: Path, account: bytes) -> "FolderStore":
        """Opens what `create` made; writes nothing into a vault that is read-only."""
        check_vault(root)
        store = cls(root, account)
        if not store._folder.is_dir():
            raise NotAStore(f"The vault at {root} does not hold this account.")
        remove_stale(store._temporary)
        return store

    @property
    def root(self) -> Path:
        return self._root

    def describe(self) -> str:
        return str(self._root)

    def free_bytes(self) -> int:
        """How much room the disk has."""
        with plain_errors("asking for its size"):
            return shutil.disk_usage(self._root).free

    def remove_stale(self) -> None:
        """Removes what processes of this computer that are gone left half-written."""
        remove_stale(self._temporary)

    def list_foreign(self) -> list[str]:
        """Paths of files in this account's folder that are none of the store's."""
        foreign: list[str] = []
        for folder, _, files in os.walk(self._folder):
            place = Path(folder)
            if place == self._temporary:
                continue
            foreign += [
                str((place / name).relative_to(self._root))
                for name in files
                if not self._is_own(place / name)
            ]
        return sorted(foreign)

    def close(self) -> None:
        """Nothing is held open."""

    def _is_own(self, path: Path) -> bool:
        name = object_of(path.name)
        if name is not None:
            return path == object_path(self._folder, name)
        first, pack_zone = pack_of(path.name), zone_of(path.parent.name)
        if first is not None and pack_zone is not None:
            return path == pack_path(self._folder, pack_zone, first)
        seq = seq_of(path.name)
        zone = zone_of(path.parent.parent.name)
        return seq is not None and zone is not None and path == commit_path(self._folder, zone, seq)


def list_accounts(root: Path) -> list[bytes]:
    """The accounts that a vault holds; raises NotAStore."""
    check_vault(root)
    folder = root / ACCOUNTS
    names = sorted_names(folder) if folder.is_dir() else []
    return [bytes.fromhex(name) for name in names if object_of(name) is not None]
