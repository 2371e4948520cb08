"""The sealed objects of accounts, in one folder: names, bytes, nothing else."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from sealwax.ledger.names import object_name
from sealwax.ledger.objects import FOREVER
from sealwax.ledger.wire import BATCH_BYTES, BATCH_OBJECTS
from sealwax.server.database import Database
from sealwax.server.refusal import Refusal, malformed, not_there
from sealwax.stores.base import OBJECT_LIMIT_BYTES, Missing, StoredObject, StoreError, StoreFull
from sealwax.stores.folder import FolderStore

LISTED_LIMIT = 10_000


class Objects:
    """The objects of all accounts of a server."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._stores: dict[bytes, FolderStore] = {}
        self._lock = threading.Lock()

    def put(self, account: bytes, pieces: Iterable[bytes]) -> list[bytes]:
        """Keeps objects under their own names, durably; gives the names."""
        objects: list[tuple[bytes, bytes]] = []
        for piece in pieces:
            if not 0 < len(piece) <= OBJECT_LIMIT_BYTES:
                raise malformed("An object is empty or larger than one may be.")
            objects.append((object_name(piece), piece))
        if len(objects) > BATCH_OBJECTS:
            raise malformed("These are more objects than one request may bring.")
        try:
            self._store(account).put_objects(objects)
        except StoreFull as error:
            raise Refusal(507, "server-disk-full", "The server's disk is full.") from error
        return [name for name, _ in objects]

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
        return self._store(account).has_objects(names)

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
        connection = self._database.read()
        for name in names:
            held = connection.execute(
                "SELECT 1 FROM object WHERE account = ?1 AND name = ?2 AND (dropped_seq = ?3"
                " OR EXISTS (SELECT 1 FROM pin WHERE pin.account = ?1 AND pin.zone = object.zone"
                " AND added_seq <= pinned_seq AND pinned_seq < dropped_seq))",
                (account, name, FOREVER),
            ).fetchone()
            if held:
                raise Refusal(
                    409, "object-held", f"The object {name.hex()} is held by the history."
                )
        self._store(account).delete_objects(names)

    def probe(self) -> None:
        """Writes and reads something; raises StoreError or OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        trial = self._folder / "probe"
        trial.write_bytes(b"probe")
        if trial.read_bytes() != b"probe":
            raise StoreError("The folder of objects does not hold what is written.")
        trial.unlink()

    def _store(self, account: bytes) -> FolderStore:
        with self._lock:
            store = self._stores.get(account)
            if store is None:
                store = self._stores[account] = FolderStore.create(self._folder, account)
            return store
