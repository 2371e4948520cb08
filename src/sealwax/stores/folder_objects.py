"""The objects of a folder store: one file an object, named by the hash of its bytes."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from sealwax.base.paths import make_folder
from sealwax.ledger.names import object_name
from sealwax.stores.base import OBJECT_LIMIT_BYTES, StoredObject, StoreError
from sealwax.stores.folder_files import (
    AccountFolder,
    changed_ms,
    file_size,
    read_file,
    sorted_names,
)
from sealwax.stores.folder_layout import LOST, OBJECTS, object_of, object_path
from sealwax.stores.folder_writing import (
    fsync_files,
    fsync_folders,
    give_name,
    make_folders,
    plain_errors,
    write_temporary,
)

BATCH_BYTES = 32 * 1024 * 1024
BATCH_OBJECTS = 256


class FolderObjects(AccountFolder):
    """The objects below the folder of one account."""

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
        return read_file(object_path(self._folder, name), OBJECT_LIMIT_BYTES, "object", name.hex())

    def is_whole(self, name: bytes) -> bool:
        """Whether an object is there and its bytes are those that its name says."""
        try:
            data = self.get_object(name)
        except StoreError:
            return False
        return len(data) <= OBJECT_LIMIT_BYTES and object_name(data) == name

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
        sizes = {name: file_size(object_path(self._folder, name)) for name in names}
        return {name: size_bytes for name, size_bytes in sizes.items() if size_bytes}

    def list_objects(self, after: bytes = b"") -> Iterator[StoredObject]:
        first_shard = after.hex()[:2]
        folder = self._folder / OBJECTS
        # Without the folder there are no objects: which ones are missing is for others to say.
        with plain_errors("listing objects"):
            for shard in sorted_names(folder) if folder.is_dir() else []:
                if shard < first_shard:
                    continue
                for file_name in sorted_names(folder / shard):
                    name = object_of(file_name)
                    if name is not None and file_name[:2] == shard and name > after:
                        size_bytes = file_size(object_path(self._folder, name))
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
        return [name for name in names if 0 < changed_ms(object_path(self._folder, name)) < time_ms]

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
        if not file_size(object_path(self._folder, name)):
            return True
        return not self.is_whole(name) and object_name(data) == name

    def _name_object(self, temporary: Path, final: Path, name: bytes) -> None:
        """Gives an object its name. What is there meanwhile stays, unless it is damaged."""
        if file_size(final) and not self.is_whole(name):
            temporary.replace(final)
        else:
            give_name(temporary, final)
