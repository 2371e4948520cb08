"""The sealed objects of accounts, in one folder: names, bytes, nothing else."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sealwax.base.clock import Clock
from sealwax.base.paths import write_durably
from sealwax.ledger.names import object_name
from sealwax.ledger.wire import BATCH_BYTES, BATCH_OBJECTS
from sealwax.server.database import Database
from sealwax.server.held import all_held, is_named
from sealwax.server.lost import Looked, Lost
from sealwax.server.quota import Standing, need_room
from sealwax.server.refusal import malformed, not_there
from sealwax.server.traffic import Traffic
from sealwax.server.uploads import Uploads
from sealwax.stores.base import OBJECT_LIMIT_BYTES, Missing, StoredObject, StoreError
from sealwax.stores.folder import FolderStore, list_accounts
from sealwax.stores.folder_marker import MARKER_FILE

LISTED_LIMIT = 10_000


class Objects:
    """The objects of all accounts of a server."""

    def __init__(self, folder: Path, database: Database, clock: Clock) -> None:
        self._folder = folder
        self._database = database
        self._lost = Lost(database, clock)
        self._stores: dict[bytes, FolderStore] = {}
        self._lock = threading.Lock()
        self._traffic = Traffic()
        self._uploads = Uploads(self._unnamed)

    def put(
        self,
        account: bytes,
        pieces: Iterable[bytes | memoryview],
        standing: Standing,
        is_essential: bool = False,
    ) -> list[bytes]:
        """Keeps objects under their own names, durably; gives the names. Raises Refusal, before
        anything is kept, where the account has no room for them."""
        objects: list[tuple[bytes, bytes | memoryview]] = []
        for piece in pieces:
            if not 0 < len(piece) <= OBJECT_LIMIT_BYTES:
                raise malformed("An object is empty or larger than one may be.")
            objects.append((object_name(piece), piece))
            if len(objects) > BATCH_OBJECTS:
                raise malformed("These are more objects than one request may bring.")
        names = [name for name, _ in objects]
        store = self._store(account)
        with self._traffic.coming(account, names):
            here = store.object_sizes(names)
            # What the account is charged for already, and the disk lost, always has room.
            lost = set(self._lost.names(account))
            new = {
                name: len(data) for name, data in objects if name not in here and name not in lost
            }
            need_room(standing, sum(new.values()), is_essential)
            self._uploads.bring(account, new, standing)
            store.refresh_objects(here)
            store.put_objects(objects)
        if back := lost.intersection(names):
            self._lost.put_back(account, back)
        return names

    def look(self, account: bytes, names: Sequence[bytes]) -> Looked:
        """Reads the first of these objects; see `Lost.look`."""
        return self._lost.look(account, self._store(account), names)

    def lost(self, account: bytes) -> list[bytes]:
        """What the disk lost of what the account's history holds, and nobody put back yet."""
        lost, store = self._lost.names(account), self._store(account)
        # The operator may have put files back by hand.
        back = {name for name in store.has_objects(lost) if store.is_whole(name)}
        if back:
            self._lost.put_back(account, back)
        return [name for name in lost if name not in back]

    def examine(self, account: bytes, is_repair: bool) -> Looked:
        """Reads all that an account's history holds. With `is_repair` what is damaged is put aside,
        and devices are asked for all that is lost."""
        store = self._store(account)
        wanted = list(all_held(self._database.read(), account))
        lost = [name for name in wanted if not store.is_whole(name)]
        if is_repair:
            self._lost.note(account, store, lost)
        return Looked(len(wanted), lost)

    def coming(self, account: bytes, names: Iterable[bytes]) -> AbstractContextManager[None]:
        """While it lasts, these objects are not deleted."""
        return self._traffic.coming(account, names)

    def named_by_commit(self, account: bytes, names: Iterable[bytes]) -> None:
        """A commit names these objects now."""
        self._uploads.settle(account, names)

    def get(self, account: bytes, name: bytes) -> bytes:
        try:
            return self._store(account).get_object(name)
        except Missing as error:
            raise not_there(f"The object {name.hex()} is not here.") from error

    def get_some(self, account: bytes, names: Sequence[bytes]) -> list[bytes]:
        """The first of these objects, as many as one answer holds; those not here are empty."""
        found: list[bytes] = []
        size_bytes = 0
        for name in names[:BATCH_OBJECTS]:
            try:
                data = self._store(account).get_object(name)
            except Missing:
                data = b""
            size_bytes += len(data)
            if found and size_bytes > BATCH_BYTES:
                break
            found.append(data)
        return found

    def present(self, account: bytes, names: Iterable[bytes]) -> set[bytes]:
        """Those of `names` that are here; they are not forgotten for some days more."""
        store = self._store(account)
        with self._traffic.coming(account, wanted := list(names)):
            found = store.has_objects(wanted)
            store.refresh_objects(found)
        return found

    def sizes(self, account: bytes, names: Iterable[bytes]) -> dict[bytes, int]:
        """The sizes of those of `names` that are here."""
        return self._store(account).object_sizes(names)

    def listed(self, account: bytes, after: bytes) -> list[StoredObject]:
        """The next objects in the order of names; none at the end."""
        found: list[StoredObject] = []
        for stored in self._store(account).list_objects(after):
            found.append(stored)
            if len(found) >= LISTED_LIMIT:
                break
        return found

    def going(self, account: bytes, names: Iterable[bytes]) -> AbstractContextManager[list[bytes]]:
        """Gives those of the objects that may be deleted while it lasts: none that comes."""
        return self._traffic.going(account, names)

    def remove(self, account: bytes, names: list[bytes]) -> int:
        """Deletes objects that are `going`, for good; gives how many were here."""
        store = self._store(account)
        count = len(store.has_objects(names))
        store.delete_objects(names)
        self._uploads.settle(account, names)
        return count

    def held_again(self, account: bytes, names: list[bytes]) -> None:
        """A commit holds these, which nothing held: devices are asked for those that are gone."""
        # Waits for those that just go.
        with self._traffic.coming(account, names):
            store = self._store(account)
            present = store.has_objects(names)
            self._lost.note(account, store, [name for name in names if name not in present])

    def unnamed_before(self, account: bytes, time_ms: int) -> list[bytes]:
        """Those that were brought before a time, and that no commit ever named."""
        names = [stored.name for stored in self._unnamed(account)]
        return self._store(account).objects_before(names, time_ms)

    def accounts(self) -> list[bytes]:
        """The accounts that have a folder here."""
        return list_accounts(self._folder) if (self._folder / MARKER_FILE).exists() else []

    def probe(self) -> None:
        """Writes, fsyncs and reads something; raises StoreError or OSError."""
        is_begun = (self._folder / MARKER_FILE).exists()
        trial = (self._folder if is_begun else self._folder.parent) / "probe"
        write_durably(trial, b"probe")
        if trial.read_bytes() != b"probe":
            raise StoreError("The folder of objects does not hold what is written.")
        trial.unlink()

    def _unnamed(self, account: bytes) -> Iterator[StoredObject]:
        connection = self._database.read()
        for stored in self._store(account).list_objects():
            if not is_named(connection, account, stored.name):
                yield stored

    def _store(self, account: bytes) -> FolderStore:
        with self._lock:
            store = self._stores.get(account)
            if store is None:
                store = FolderStore.create(self._folder, account)
                store.remove_stale()
                self._stores[account] = store
            return store
