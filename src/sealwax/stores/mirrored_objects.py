"""Objects near and far: kept near first, then far; read near, and fetched where they are not."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from sealwax.ledger.names import object_name
from sealwax.stores.arriving import Arriving
from sealwax.stores.base import OBJECT_LIMIT_BYTES, Missing, Store, StoredObject
from sealwax.stores.far_side import FarSide
from sealwax.stores.far_trouble import FarAway
from sealwax.stores.near import NearStore
from sealwax.stores.staying import Staying, staying

BATCH_BYTES = 16 * 1024 * 1024
FETCHED_TOGETHER = 256


class MirroredObjects(FarSide):
    """The objects of both stores; see `stores.mirror`."""

    def __init__(self, near: NearStore, far: Store, account: bytes) -> None:
        super().__init__(near, far, account)
        self._is_far_current = False
        self._is_near_only = False
        self._arriving: Arriving | None = None

    @contextmanager
    def current(self) -> Iterator[None]:
        """For the time just after a refresh: what the far store does not have then is missing. At
        any other time it may only be behind, and that is no damage."""
        self._is_far_current = True
        try:
            yield
        finally:
            self._is_far_current = False

    @contextmanager
    def near_only(self) -> Iterator[None]:
        """Within, no object is fetched: one that is not near raises FarAway at once."""
        self._is_near_only = True
        try:
            yield
        finally:
            self._is_near_only = False

    @contextmanager
    def arriving(self, names: Iterable[bytes]) -> Iterator[None]:
        """Within, those of these objects that are not near are fetched by another thread, in their
        order; who gets one that has not come yet waits for it."""
        wanted = list(names)
        present = self.near.has_objects(wanted)
        arriving = Arriving([name for name in wanted if name not in present], self.fetch)
        outer, self._arriving = self._arriving, arriving
        try:
            yield
        finally:
            self._arriving = outer
            arriving.close()

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        for batch in _batches(objects):
            self.near.put_objects(batch)
            self._put_far(batch)

    def get_object(self, name: bytes) -> bytes:
        try:
            return self.near.get_object(name)
        except Missing as error:
            if self._is_near_only:
                raise FarAway(error) from error
        if self._arriving is not None:
            self._arriving.wait(name)
            with suppress(Missing):
                return self.near.get_object(name)
        data = self._get_missing(name)
        if is_whole(name, data):
            self.near.put_objects([(name, data)])
        else:
            self._look_far([name])
        return data

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        wanted = list(names)
        found = self.near.has_objects(wanted)
        left = [name for name in wanted if name not in found]
        return found | (self.far_objects(left) if left else set())

    def far_objects(self, names: Iterable[bytes]) -> set[bytes]:
        """Those of `names` that the far store says it has."""
        wanted = list(names)
        return self._ask(lambda: self.far.has_objects(wanted))

    def list_objects(self) -> Iterator[StoredObject]:
        yield from self.near.list_objects()

    def delete_objects(self, names: Iterable[bytes]) -> None:
        wanted = list(names)
        self._ask(lambda: self.far.delete_objects(wanted))
        self.near.delete_objects(wanted)

    def staying_objects(self, names: Iterable[bytes]) -> Staying:
        """See `stores.staying`."""
        return self._ask(lambda: staying(self.far, names))

    def upload(self, names: Iterable[bytes]) -> None:
        """Sends near objects to the far store, those that it lacks."""
        wanted = list(names)
        present = self.far_objects(wanted)
        lacking = [name for name in wanted if name not in present]
        for batch in _batches((name, self.near.get_object(name)) for name in lacking):
            self._put_far(batch)

    def heal(self, names: Iterable[bytes]) -> int:
        """Sends what the far store lacks of these and this device has whole; gives how many."""
        wanted = list(names)
        present = self.far_objects(wanted)
        near = self.near.has_objects(name for name in wanted if name not in present)
        whole = [name for name in sorted(near) if is_whole(name, self.near.get_object(name))]
        self.upload(whole)
        return len(whole)

    def put_again(self, names: Iterable[bytes]) -> None:
        """Sends those of these that this device has whole, whatever the far store says of having
        them."""
        wanted = sorted(self.near.has_objects(names))
        read = ((name, self.near.get_object(name)) for name in wanted)
        for batch in _batches((name, data) for name, data in read if is_whole(name, data)):
            self._put_far(batch)

    def put_back_lost(self) -> int:
        """Sends what the far store says that it lost; gives how many it still lacks, for this
        device does not have them whole."""
        told: Callable[[], list[bytes]] | None = getattr(self.far, "lost_objects", None)
        lost: list[bytes] = []
        if told is not None:
            # An older server has no such request.
            with suppress(Missing):
                lost = self._ask(told)
        return len(lost) - self.heal(lost) if lost else 0

    def lost_far(self, names: Iterable[bytes], is_read: bool) -> list[bytes]:
        """Those of the objects that the far store lacks. With `is_read` it reads all of them, where
        it can: those that are damaged are missing from then on."""
        wanted = list(names)
        if is_read and (lost := self._look_far(wanted)) is not None:
            return lost
        present = self.far_objects(wanted)
        missing = [name for name in wanted if name not in present]
        if missing:
            # It has to know: then every device hears of it.
            self._look_far(missing)
        return missing

    def mend_near(self, names: Iterable[bytes]) -> int:
        """Replaces near objects that are damaged or missing by what the far store has; gives how
        many."""
        came = 0
        for batch in _batches(self.read_far(list(names))):
            self.near.put_objects(batch)
            came += len(batch)
        return came

    def fetch(self, names: Iterable[bytes]) -> int:
        """Brings far objects near, those that are not; gives how many came."""
        wanted = list(names)
        present = self.near.has_objects(wanted)
        lacking = [name for name in wanted if name not in present]
        came = 0
        for start in range(0, len(lacking), FETCHED_TOGETHER):
            for batch in _batches(self.read_far(lacking[start : start + FETCHED_TOGETHER])):
                self.near.put_objects(batch)
                came += len(batch)
        return came

    def read_far(self, names: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Those of the objects that are there and are what their names say, fetched from the far
        store; it is told to look at those that are not."""
        several: Callable[[list[bytes]], Iterable[tuple[bytes, bytes]]] | None
        several = getattr(self.far, "get_objects", None)
        found: Iterable[tuple[bytes, bytes]]
        if several is None:
            found = ((name, self._get_if_there(name)) for name in names)
        else:
            found = self._told(several(names))
        damaged: list[bytes] = []
        for name, data in found:
            if is_whole(name, data):
                yield name, data
            elif data:
                damaged.append(name)
        if damaged:
            self._look_far(damaged)

    def _look_far(self, names: list[bytes]) -> list[bytes] | None:
        """Has the far store read objects: it may not know yet that it lost them. None where it is
        of a kind that reads nothing by itself."""
        look: Callable[[list[bytes]], list[bytes]] | None
        look = getattr(self.far, "look_at_objects", None)
        if look is None:
            return None
        with suppress(Missing):
            lost: list[bytes] = self._ask(lambda: look(names))
            return lost
        # An older server has no such request.
        return None

    def _put_far(self, batch: list[tuple[bytes, bytes]]) -> None:
        self._ask(lambda: self.far.put_objects(batch))

    def _get_missing(self, name: bytes) -> bytes:
        try:
            return self._get_far(name)
        except Missing as error:
            if self._is_far_current:
                raise
            raise FarAway(error) from error

    def _get_if_there(self, name: bytes) -> bytes:
        try:
            return self._get_far(name)
        except Missing:
            return b""

    def _get_far(self, name: bytes) -> bytes:
        return self._ask(lambda: self.far.get_object(name))


def is_whole(name: bytes, data: bytes) -> bool:
    """Whether bytes are those of an object's name, and no more than an object may have."""
    return 0 < len(data) <= OBJECT_LIMIT_BYTES and object_name(data) == name


def _batches(objects: Iterable[tuple[bytes, bytes]]) -> Iterator[list[tuple[bytes, bytes]]]:
    """Objects in lists of bounded size."""
    batch: list[tuple[bytes, bytes]] = []
    size_bytes = 0
    for name, data in objects:
        batch.append((name, data))
        size_bytes += len(data)
        if size_bytes >= BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch
