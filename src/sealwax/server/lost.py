"""Objects that the server's disk lost: found by reading them, asked for again, and forgotten when a
device has put them back.

An object is named by its hash, so the server can tell by itself. It never believes anybody: a
device may say that an object is damaged, and then the server reads it. One that is damaged is put
aside: from then on it is missing, and whoever has it may put it again under its name.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sealwax.base.clock import Clock
from sealwax.ledger.wire import BATCH_BYTES, NAMES_LIMIT
from sealwax.server.database import Database
from sealwax.server.held import ONE_HELD, held_names
from sealwax.stores.folder import FolderStore

LOST_AND_HELD = (
    "SELECT name FROM lost WHERE account = ?1 AND EXISTS"
    f" ({ONE_HELD.replace('?2', 'lost.name')}) ORDER BY name LIMIT ?2"
)


class Looked(NamedTuple):
    """How many objects were read, and the names of those that are missing or damaged."""

    seen: int
    lost: list[bytes]


class Lost:
    """What accounts lack of what their histories hold."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def look(self, account: bytes, store: FolderStore, names: Sequence[bytes]) -> Looked:
        """Reads the first of these objects, about as many as one answer could hold, puts damaged
        ones aside, and remembers those that are lost and held."""
        held = held_names(self._database.read(), account, names)
        count, size_bytes, lost = 0, 0, list[bytes]()
        sizes = store.object_sizes(names)
        for name in names:
            size_bytes += sizes.get(name, 0)
            if count and size_bytes > BATCH_BYTES:
                break
            count += 1
            if name in held and not store.is_whole(name):
                lost.append(name)
        self.note(account, store, lost)
        return Looked(count, lost)

    def note(self, account: bytes, store: FolderStore, lost: Collection[bytes]) -> None:
        """Remembers that these are lost; damaged ones are put aside."""
        for name in store.has_objects(lost):
            store.set_aside_object(name)
        rows = [(account, name, self._clock.now_ms()) for name in lost]
        if rows:
            self._database.write(
                lambda connection: connection.executemany(
                    "INSERT OR IGNORE INTO lost (account, name, found_ms) VALUES (?, ?, ?)", rows
                )
            )

    def names(self, account: bytes) -> list[bytes]:
        """Those that are lost, and still held; not more than one answer holds."""
        rows: Any = self._database.read().execute(LOST_AND_HELD, (account, NAMES_LIMIT)).fetchall()
        return [bytes(name) for (name,) in rows]

    def put_back(self, account: bytes, names: Iterable[bytes]) -> None:
        """These are here again."""
        rows = [(account, name) for name in names]
        self._database.write(
            lambda connection: connection.executemany(
                "DELETE FROM lost WHERE account = ? AND name = ?", rows
            )
        )
