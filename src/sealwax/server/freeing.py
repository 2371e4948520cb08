"""Deleting objects that nothing needs: those that nothing has held for long enough, when a device
asks; those that the operator let go of; those that were brought and that no commit ever named."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter

from sealwax.base.clock import Clock
from sealwax.server import held
from sealwax.server.database import Database
from sealwax.server.held import Staying
from sealwax.server.objects import Objects
from sealwax.server.refusal import Refusal

FORGOTTEN_MS = 7 * 24 * 3600 * 1000
"""An object that no commit names is deleted so long after it was brought."""
TOGETHER = 5_000


class Freeing:
    """Deletes objects of a server's accounts."""

    def __init__(self, database: Database, objects: Objects, clock: Clock) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock

    def delete(self, account: bytes, names: Sequence[bytes]) -> Staying:
        """Deletes objects that no head and no snapshot has held for long enough, and gives those
        that stay for now; raises Refusal where one is held, or comes just now."""
        wanted = set(names)
        with self._objects.going(account, wanted) as free:
            kept = wanted.difference(free)
            kept |= held.held_names(self._database.read(), account, free)
            if kept:
                detail = f"The object {min(kept).hex()} is held by the history."
                raise Refusal(409, "object-held", detail)
            stay = self.staying(account, free)
            self._objects.remove(account, sorted(wanted.difference(stay.names)))
        return stay

    def staying(self, account: bytes, names: Iterable[bytes]) -> Staying:
        """Those of the objects that would not be deleted now."""
        return held.staying(self._database.read(), account, names, self._clock.now_ms())

    def unheld(self, account: bytes) -> dict[bytes, int]:
        """The objects that are here and that nothing holds, with their sizes."""
        found = held.all_unheld(self._database.read(), account)
        present = self._objects.sizes(account, found)
        return {name: size_bytes for name, size_bytes in found.items() if name in present}

    def let_go(self, account: bytes) -> None:
        """The operator lets go of what nothing holds now, for however short a time. It is deleted
        by the process that serves, see `delete_let_go`."""
        self._database.write(partial(held.let_go, account=account))

    def delete_let_go(self) -> int:
        """Deletes what the operator let go of; gives how many. For the one process that serves."""
        count = 0
        while objects := held.all_let_go(self._database.read(), TOGETHER):
            for account, pairs in groupby(objects, key=itemgetter(0)):
                with self._objects.going(account, [name for _, name in pairs]) as free:
                    kept = held.held_names(self._database.read(), account, free)
                    kept.update(self.staying(account, free).names)
                    gone = [name for name in free if name not in kept]
                    count += self._objects.remove(account, gone)
            self._database.write(partial(held.note_let_go, objects=objects))
        return count

    def forget_unnamed(self, now_ms: int) -> int:
        """Deletes what was brought long ago and no commit ever named; gives how many."""
        count = 0
        for account in self._objects.accounts():
            old = self._objects.unnamed_before(account, now_ms - FORGOTTEN_MS)
            with self._objects.going(account, old) as free:
                connection = self._database.read()
                gone = [name for name in free if not held.is_named(connection, account, name)]
                count += self._objects.remove(account, gone)
        return count
