"""A store in a folder: a home's own vault, an external disk, a mounted share.

Readers take no lock and never see half a file. Writers need none either: objects are named by their
bytes, and creating a commit's name fails when it is taken. A folder that another program
synchronises is no place for a vault that several devices write: it has no create-if-absent.
"""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sealwax.base.paths import make_folder, write_durably
from sealwax.ledger.names import object_name
from sealwax.stores.base import (
    COMMIT_LIMIT_BYTES,
    OBJECT_LIMIT_BYTES,
    CommitExists,
    CommitGap,
    Missing,
    StoredObject,
    StoreError,
)
from sealwax.stores.folder_layout import (
    ACCOUNTS,
    LOST,
    OBJECTS,
    SHARD_COMMITS,
    TEMPORARY,
    ZONES,
    commit_path,
    object_of,
    object_path,
    seq_of,
    zone_folder,
    zone_of,
)
from sealwax.stores.folder_marker import MARKER, MARKER_FILE, NotAStore, check_vault
from sealwax.stores.folder_writing import (
    fsync_files,
    fsync_folders,
    give_name,
    make_folders,
    plain_errors,
    remove_stale,
    write_temporary,
)

BATCH_BYTES = 32 * 1024 * 1024
BATCH_OBJECTS = 256
ACCOUNT_HEX = 64


class FolderStore:
    """The objects and commits of one account in a folder; see `stores.base.Store`."""

    def __init__(self, root: Path, account: bytes) -> None:
        """Use `create` or `open`."""
        self._root = root
        self._folder = root / ACCOUNTS / account.hex()
        self._temporary = self._folder / TEMPORARY

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

    def put_objects(self, objects: Iterable[tuple[bytes, bytes | memoryview]]) -> None:
        batch: dict[bytes, bytes | memoryview] = {}
        size_bytes = 0
        with plain_errors("writing objects"):
            for name, data in objects:
                assert 0 < len(data) <= OBJECT_LIMIT_BYTES
                batch[name] = data
                size_bytes += len(data)
                if size_bytes >= BATCH_BYTES or len(batch) >= BATCH_OBJECTS:
                    self._put_batch(batch)
                    batch, size_bytes = {}, 0
            self._put_batch(batch)

    def get_object(self, name: bytes) -> bytes:
        return _read(object_path(self._folder, name), OBJECT_LIMIT_BYTES, "object", name.hex())

    def is_whole(self, name: bytes) -> bool:
        """Whether an object is there and its bytes are those that its name says."""
        try:
            return object_name(self.get_object(name)) == name
        except StoreError:
            return False

    def set_aside_object(self, name: bytes) -> None:
        """Moves an object out of the way, into the folder `lost`: it is missing afterwards."""
        path, lost = object_path(self._folder, name), self._folder / LOST
        with plain_errors("putting an object aside"):
            make_folder(lost)
            path.replace(lost / f"object-{name.hex()}")
            fsync_folders({lost, path.parent})

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        return set(self.object_sizes(names))

    def object_sizes(self, names: Iterable[bytes]) -> dict[bytes, int]:
        """The sizes of those of `names` that are there."""
        sizes = {name: _size(object_path(self._folder, name)) for name in names}
        return {name: size_bytes for name, size_bytes in sizes.items() if size_bytes}

    def list_objects(self, after: bytes = b"") -> Iterator[StoredObject]:
        first_shard = after.hex()[:2]
        with plain_errors("listing objects"):
            for shard in _sorted_names(self._folder / OBJECTS):
                if shard < first_shard:
                    continue
                for file_name in _sorted_names(self._folder / OBJECTS / shard):
                    name = object_of(file_name)
                    if name is not None and file_name[:2] == shard and name > after:
                        size_bytes = _size(object_path(self._folder, name))
                        if size_bytes:
                            yield StoredObject(name, size_bytes)

    def delete_objects(self, names: Iterable[bytes]) -> None:
        folders: set[Path] = set()
        with plain_errors("deleting objects"):
            for name in names:
                path = object_path(self._folder, name)
                path.unlink(missing_ok=True)
                if path.parent.is_dir():
                    folders.add(path.parent)
            fsync_folders(folders)

    def refresh_objects(self, names: Iterable[bytes]) -> None:
        """Marks objects as of now: see `objects_before`."""
        for name in names:
            with suppress(FileNotFoundError):
                os.utime(object_path(self._folder, name))

    def objects_before(self, names: Iterable[bytes], time_ms: int) -> list[bytes]:
        """Those of the objects that were put, or refreshed, before a moment of the disk's clock."""
        return [
            name for name in names if 0 < _changed_ms(object_path(self._folder, name)) < time_ms
        ]

    def remove_stale(self) -> None:
        """Removes what processes of this computer that are gone left half-written."""
        remove_stale(self._temporary)

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        assert 0 < len(data) <= COMMIT_LIMIT_BYTES
        path = commit_path(self._folder, zone, seq)
        with plain_errors("appending a commit"):
            if seq > 0 and not _size(commit_path(self._folder, zone, seq - 1)):
                raise CommitGap(f"The commit before {zone}/{seq} is not there.")
            if _size(path):
                raise CommitExists(f"The commit {zone}/{seq} is there already.")
            make_folder(path.parent)
            make_folder(self._temporary)
            temporary = write_temporary(self._temporary, data)
            fsync_files([temporary])
            if not give_name(temporary, path):
                raise CommitExists(f"The commit {zone}/{seq} is there already.")
            fsync_folders({path.parent})

    def append_commits(self, zone: str, start_seq: int, commits: Sequence[bytes]) -> None:
        """Appends commits that follow one another; see `stores.near.NearStore`.

        They get their names in their order, after all of them are on the disk.
        """
        with plain_errors("appending commits"):
            if start_seq > 0 and not _size(commit_path(self._folder, zone, start_seq - 1)):
                raise CommitGap(f"The commit before {zone}/{start_seq} is not there.")
            make_folder(self._temporary)
            written = [write_temporary(self._temporary, data) for data in commits]
            if written:
                fsync_files(written)
            folders: set[Path] = set()
            for seq, temporary in enumerate(written, start_seq):
                path = commit_path(self._folder, zone, seq)
                make_folder(path.parent)
                if _size(path) or not give_name(temporary, path):
                    raise CommitExists(f"The commit {zone}/{seq} is there already.")
                folders.add(path.parent)
            fsync_folders(folders)

    def set_aside_zone(self, zone: str) -> None:
        """Moves a zone's commits into the folder `lost`; see `stores.near.NearStore`."""
        folder = zone_folder(self._folder, zone)
        lost = self._folder / LOST
        with plain_errors("putting a history aside"):
            make_folder(lost)
            number = 1 + sum(1 for _ in lost.iterdir())
            folder.rename(lost / f"{folder.name}-{number}")
            fsync_folders({lost, folder.parent})

    def lost_commits(self, zone: str) -> list[list[bytes]]:
        """The histories of a zone that were put aside; see `stores.near.NearStore`."""
        name = zone_folder(self._folder, zone).name
        lost = self._folder / LOST
        with plain_errors("reading a history that was put aside"):
            folders = sorted(lost.glob(f"{name}-*")) if lost.is_dir() else []
            return [
                [file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()]
                for folder in folders
            ]

    def get_commit(self, zone: str, seq: int) -> bytes:
        path = commit_path(self._folder, zone, seq)
        return _read(path, COMMIT_LIMIT_BYTES, "commit", f"{zone}/{seq}")

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        seq = start_seq
        while _size(commit_path(self._folder, zone, seq)):
            yield seq, self.get_commit(zone, seq)
            seq += 1

    def head_seq(self, zone: str) -> int:
        folder = zone_folder(self._folder, zone)
        if not folder.is_dir():
            return -1
        with plain_errors("reading commits"):
            for shard in reversed(_sorted_names(folder)):
                seqs = [seq_of(name) for name in _sorted_names(folder / shard)]
                present = {seq for seq in seqs if seq is not None}
                if present:
                    return self._newest_without_gap(zone, max(present) // SHARD_COMMITS)
        return -1

    def list_zones(self) -> list[str]:
        with plain_errors("listing zones"):
            zones = [zone_of(name) for name in _sorted_names(self._folder / ZONES)]
        return [zone for zone in zones if zone is not None and self.head_seq(zone) >= 0]

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

    def _put_batch(self, batch: dict[bytes, bytes | memoryview]) -> None:
        """Writes, fsyncs, names, fsyncs the folders: in this order, each step for all of them."""
        missing = {name: data for name, data in batch.items() if self._is_wanted(name, data)}
        if not missing:
            return
        make_folder(self._temporary)
        written: dict[bytes, Path] = {}
        try:
            for name, data in missing.items():
                written[name] = write_temporary(self._temporary, data)
            fsync_files(list(written.values()))
            finals = {name: object_path(self._folder, name) for name in written}
            folders = {final.parent for final in finals.values()}
            make_folders(folders)
            for name, temporary in written.items():
                self._name_object(temporary, finals[name], name)
            fsync_folders(folders)
        finally:
            for temporary in written.values():
                temporary.unlink(missing_ok=True)

    def _is_wanted(self, name: bytes, data: bytes | memoryview) -> bool:
        """Whether an object is not there, or is damaged and these are its bytes."""
        if not _size(object_path(self._folder, name)):
            return True
        return not self.is_whole(name) and object_name(data) == name

    def _name_object(self, temporary: Path, final: Path, name: bytes) -> None:
        """Gives an object its name. What is there meanwhile stays, unless it is damaged."""
        if _size(final) and not self.is_whole(name):
            temporary.replace(final)
        else:
            give_name(temporary, final)

    def _newest_without_gap(self, zone: str, newest_shard: int) -> int:
        """The last seq before a gap; a shard is begun only when the one before is full."""
        seq = newest_shard * SHARD_COMMITS
        if seq > 0 and not _size(commit_path(self._folder, zone, seq - 1)):
            return self._newest_without_gap(zone, newest_shard - 1)
        while _size(commit_path(self._folder, zone, seq)):
            seq += 1
        return seq - 1

    def _is_own(self, path: Path) -> bool:
        name = object_of(path.name)
        if name is not None:
            return path == object_path(self._folder, name)
        seq = seq_of(path.name)
        zone = zone_of(path.parent.parent.name)
        return seq is not None and zone is not None and path == commit_path(self._folder, zone, seq)


def list_accounts(root: Path) -> list[bytes]:
    """The accounts that a vault holds; raises NotAStore."""
    check_vault(root)
    folder = root / ACCOUNTS
    names = _sorted_names(folder) if folder.is_dir() else []
    return [bytes.fromhex(name) for name in names if object_of(name) is not None]


def _read(path: Path, limit_bytes: int, kind: str, name: str) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise Missing(f"The {kind} {name} is not there.") from error
        raise StoreError(f"The {kind} {name} cannot be read: {error.strerror}.") from error
    if not data:
        raise Missing(f"The {kind} {name} is not there.")
    if len(data) > limit_bytes:
        raise StoreError(f"The {kind} {name} is larger than one may be.")
    return data


def _size(path: Path) -> int:
    """The size of a file; 0 when it is not there. An empty file is one that never was written."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _changed_ms(path: Path) -> int:
    """When a file was written (ms since 1970); 0 when it is not there."""
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _sorted_names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries)
