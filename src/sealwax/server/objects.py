"""The sealed objects of accounts, in one folder: names, bytes, nothing else."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import apsw

from sealwax.base.clock import Clock
from sealwax.base.paths import write_durably
from sealwax.ledger.names import object_name
from sealwax.ledger.wire import BATCH_BYTES, BATCH_OBJECTS
from sealwax.server.database import Database
from sealwax.server.lost import Looked, Lost, all_held, held_names
from sealwax.server.quota import Standing, need_room
from sealwax.server.refusal import Refusal, malformed, not_there
from sealwax.server.traffic import Traffic
from sealwax.server.uploads import Uploads
from sealwax.stores.base import OBJECT_LIMIT_BYTES, Missing, StoredObject, StoreError
from sealwax.stores.folder import FolderStore, list_accounts
from sealwax.stores.folder_marker import MARKER_FILE

LISTED_LIMIT = 10_000
FORGOTTEN_MS = 7 * 24 * 3600 * 1000
"""An object that no commit names is deleted so long after it was brought."""


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
        held = list(all_held(self._database.read(), account))
        lost = [name for name in held if not store.is_whole(name)]
        if is_repair:
            self._lost.note(account, store, lost)
        return Looked(len(held), lost)

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

    def delete(self, account: bytes, names: Sequence[bytes]) -> None:
        """Deletes objects that no head and no snapshot holds; raises Refusal for any other."""
        with self._traffic.going(account, names) as free:
            wanted = set(names)
            if len(free) < len(wanted):
                raise _held((wanted - set(free)).pop())
            for name in sorted(held_names(self._database.read(), account, free)):
                raise _held(name)
            self._delete(account, free)

    def forget_unnamed(self, now_ms: int) -> int:
        """Deletes what was brought long ago and no commit ever named; gives how many."""
        count = 0
        for account in self._accounts():
            store = self._store(account)
            names = [stored.name for stored in self._unnamed(account)]
            old = store.objects_before(names, now_ms - FORGOTTEN_MS)
            with self._traffic.going(account, old) as free:
                connection = self._database.read()
                lost = [name for name in free if not _is_named(connection, account, name)]
                self._delete(account, lost)
                count += len(lost)
        return count

    def probe(self) -> None:
        """Writes, fsyncs and reads something; raises StoreError or OSError."""
        is_begun = (self._folder / MARKER_FILE).exists()
        trial = (self._folder if is_begun else self._folder.parent) / "probe"
        write_durably(trial, b"probe")
        if trial.read_bytes() != b"probe":
            raise StoreError("The folder of objects does not hold what is written.")
        trial.unlink()

    def _delete(self, account: bytes, names: list[bytes]) -> None:
        self._store(account).delete_objects(names)
        self._uploads.settle(account, names)

    def _unnamed(self, account: bytes) -> Iterator[StoredObject]:
        connection = self._database.read()
        for stored in self._store(account).list_objects():
            if not _is_named(connection, account, stored.name):
                yield stored

    def _accounts(self) -> list[bytes]:
        return list_accounts(self._folder) if (self._folder / MARKER_FILE).exists() else []

    def _store(self, account: bytes) -> FolderStore:
        with self._lock:
            store = self._stores.get(account)
            if store is None:
                store = FolderStore.create(self._folder, account)
                store.remove_stale()
                self._stores[account] = store
            return store


def _is_named(connection: apsw.Connection, account: bytes, name: bytes) -> bool:
    """Whether a commit ever added it. What was added and dropped again is deleted by a device."""
    row = connection.execute(
        "SELECT 1 FROM object WHERE account = ? AND name = ?", (account, name)
    ).fetchone()
    return row is not None


def _held(name: bytes) -> Refusal:
    return Refusal(409, "object-held", f"The object {name.hex()} is held by the history.")
