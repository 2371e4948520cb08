"""A near store and a far one: this device's own copy, and the place that all devices share.

Reading asks the near store, and the far one for what is not near. Objects are kept near first, then
far. A commit is appended far first, for only there can another device be in the way, then near. So
the near store always holds a beginning of what the far one holds, and `refresh` fetches the rest.

Trouble with the far store is told apart from trouble with the near one: `FarFull` and `FarAway`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import chain, islice
from typing import TypeVar

from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash, object_name
from sealwax.stores.arriving import Arriving
from sealwax.stores.base import (
    CommitExists,
    CommitGap,
    CommitVoid,
    Missing,
    Store,
    StoredObject,
    StoreError,
    StoreFull,
)
from sealwax.stores.far_trouble import FarAway, FarFull, Incomplete, Parted, Parting
from sealwax.stores.near import NearStore
from sealwax.stores.reserve import essential
from sealwax.stores.server_errors import DeviceNotTrusted
from sealwax.stores.staying import Staying, staying

T = TypeVar("T")
COMMITS_TOGETHER = 256


class MirrorStore:
    """See `stores.base.Store`. Closing it closes both."""

    def __init__(self, near: NearStore, far: Store) -> None:
        self.near = near
        self.far = far
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

    def describe(self) -> str:
        return self.far.describe()

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        for batch in _batches(objects):
            self.near.put_objects(batch)
            self._put_far(batch)

    def upload(self, names: Iterable[bytes]) -> None:
        """Sends near objects to the far store, those that it lacks."""
        wanted = list(names)
        present = self._ask(lambda: self.far.has_objects(wanted))
        lacking = [name for name in wanted if name not in present]
        for batch in _batches((name, self.near.get_object(name)) for name in lacking):
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
        if object_name(data) == name:
            self.near.put_objects([(name, data)])
        else:
            self._look_far([name])
        return data

    def copy_zone(self, zone: str, names: Iterable[bytes]) -> None:
        """Brings the far history of a zone that this device alone writes up to the near one, with
        the objects that it holds, and those that its commits name: the far store wants to have
        had them."""
        far_seq = self._ask(lambda: self.far.head_seq(zone))
        if far_seq < self.near.head_seq(zone):
            self.upload(self.near.has_objects(names))
        for seq, data in self.near.read_commits(zone, far_seq + 1):
            self.upload(self.near.has_objects(_names_added(data)))
            try:
                self._append_far(zone, seq, data)
            except (CommitExists, CommitGap, CommitVoid) as error:
                raise FarAway(error) from error

    def put_back(self, parting: Parting, held: Collection[bytes]) -> None:
        """Appends what a far store that is behind has lost, each commit after those of its objects
        that are still held; raises Incomplete where one is on another device alone."""
        assert parting.is_behind
        for seq, data in self.near.read_commits(parting.zone, parting.far_seq + 1):
            names = [name for name in _names_added(data) if name in held]
            near = self.near.has_objects(names)
            far = self._ask(partial(self.far.has_objects, names))
            if not near | far >= set(names):
                raise Incomplete
            self.upload(near)
            self._append_far(parting.zone, seq, data)

    def heal(self, names: Iterable[bytes]) -> int:
        """Sends what the far store lacks of these and this device has whole; gives how many."""
        wanted = list(names)
        present = self._ask(lambda: self.far.has_objects(wanted))
        near = self.near.has_objects(name for name in wanted if name not in present)
        whole = [name for name in sorted(near) if object_name(self.near.get_object(name)) == name]
        self.upload(whole)
        return len(whole)

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
        present = self._ask(lambda: self.far.has_objects(wanted))
        missing = [name for name in wanted if name not in present]
        if missing:
            # It has to know: then every device hears of it.
            self._look_far(missing)
        return missing

    def mend_near(self, names: Iterable[bytes]) -> int:
        """Replaces near objects that are damaged or missing by what the far store has; gives how
        many."""
        came = 0
        for batch in _batches(self._far_objects(list(names))):
            self.near.put_objects(batch)
            came += len(batch)
        return came

    def fetch(self, names: Iterable[bytes]) -> int:
        """Brings far objects near, those that are not; gives how many came."""
        wanted = list(names)
        present = self.near.has_objects(wanted)
        lacking = [name for name in wanted if name not in present]
        came = 0
        for start in range(0, len(lacking), COMMITS_TOGETHER):
            part = lacking[start : start + COMMITS_TOGETHER]
            for batch in _batches(self._far_objects(part)):
                self.near.put_objects(batch)
                came += len(batch)
        return came

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        wanted = list(names)
        found = self.near.has_objects(wanted)
        left = [name for name in wanted if name not in found]
        return found | (self._ask(lambda: self.far.has_objects(left)) if left else set())

    def list_objects(self) -> Iterator[StoredObject]:
        yield from self.near.list_objects()

    def delete_objects(self, names: Iterable[bytes]) -> None:
        wanted = list(names)
        self._ask(lambda: self.far.delete_objects(wanted))
        self.near.delete_objects(wanted)

    def staying_objects(self, names: Iterable[bytes]) -> Staying:
        """See `stores.staying`."""
        return self._ask(lambda: staying(self.far, names))

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        try:
            self._ask(lambda: self.far.append_commit(zone, seq, data))
        except (CommitExists, CommitGap):
            self._refresh_with_account(zone)
            raise
        except CommitVoid as error:
            # What others wrote meanwhile may be why. Where they wrote nothing, trying again is no
            # use.
            if not self._refresh_with_account(zone):
                raise FarAway(error) from error
            raise
        self.near.append_commit(zone, seq, data)

    def essential(self) -> AbstractContextManager[None]:
        """See `stores.reserve`."""
        return essential(self.far)

    def get_commit(self, zone: str, seq: int) -> bytes:
        return self.near.get_commit(zone, seq)

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        return self.near.read_commits(zone, start_seq)

    def head_seq(self, zone: str) -> int:
        return self.near.head_seq(zone)

    def list_zones(self) -> list[str]:
        return self.near.list_zones()

    def far_zones(self) -> list[str]:
        """The zones that the far store has."""
        return self._ask(self.far.list_zones)

    def close(self) -> None:
        try:
            self.far.close()
        finally:
            self.near.close()

    def refresh(self, zones: Iterable[str]) -> int:
        """Fetches the commits of these zones that are not near; gives how many came.

        Raises Parted where the far history is not a continuation, FarAway, FarFull.
        """
        heads = self._ask(lambda: far_heads(self.far, zones))
        came = 0
        for zone in zones:
            far_seq, far_hash = heads.get(zone, (-1, b""))
            came += self._refresh_zone(zone, far_seq, far_hash)
        return came

    def parting(self, zone: str) -> Parting | None:
        """Where the far history leaves the near one, if it does."""
        near_seq = self.near.head_seq(zone)
        far_seq = self._ask(lambda: self.far.head_seq(zone))
        low, high = -1, min(near_seq, far_seq)
        while low < high:
            middle = (low + high + 1) // 2
            if self._is_shared(zone, middle):
                low = middle
            else:
                high = middle - 1
        return None if low == near_seq else Parting(zone, low, near_seq, far_seq)

    def _is_shared(self, zone: str, seq: int) -> bool:
        """Commits name the one before them: two that are the same have the same history."""
        far = self._ask(lambda: self.far.get_commit(zone, seq))
        return far == self.near.get_commit(zone, seq)

    def _refresh_zone(self, zone: str, far_seq: int, far_hash: bytes) -> int:
        near_seq = self.near.head_seq(zone)
        if far_seq <= near_seq:
            is_same = far_seq == near_seq and (
                far_seq < 0 or commit_hash(self.near.get_commit(zone, far_seq)) == far_hash
            )
            if not is_same:
                self._need_one_history(zone)
            return 0
        # Not beyond the head that was told: what was appended since may name a position of the
        # account's log that was not fetched.
        told = islice(self._far_commits(zone, near_seq + 1), far_seq - near_seq)
        first = list(islice(told, 1))
        if not (near_seq < 0 or self._goes_on(zone, near_seq, first)):
            self._need_one_history(zone)
        came, commits = 0, chain(first, told)
        while batch := [data for _, data in islice(commits, COMMITS_TOGETHER)]:
            self.near.append_commits(zone, near_seq + 1 + came, batch)
            came += len(batch)
        return came

    def _refresh_with_account(self, zone: str) -> int:
        """A commit that is fetched may name a position of the account's log that is new too."""
        return self.refresh([ACCOUNT_ZONE, *([zone] if zone != ACCOUNT_ZONE else ())])

    def _goes_on(self, zone: str, near_seq: int, first: list[tuple[int, bytes]]) -> bool:
        """Whether the far history goes on from the near head: the commit after it names it, or it
        is there itself."""
        near_hash = commit_hash(self.near.get_commit(zone, near_seq))
        return any(_previous(data) == near_hash for _, data in first) or self._is_shared(
            zone, near_seq
        )

    def _need_one_history(self, zone: str) -> None:
        parting = self.parting(zone)
        if parting is not None:
            raise Parted(parting)

    def far_commits(self, zone: str, start_seq: int) -> list[bytes]:
        """All commits of the far history from a seq on."""
        return [data for _, data in self._far_commits(zone, start_seq)]

    def _far_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        yield from self._told(iter(self._ask(lambda: self.far.read_commits(zone, start_seq))))

    def _far_objects(self, names: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Those of the objects that are there and are what their names say."""
        found: Iterator[tuple[bytes, bytes]]
        several: Callable[[list[bytes]], Iterator[tuple[bytes, bytes]]] | None
        several = getattr(self.far, "get_objects", None)
        if several is None:
            found = ((name, self._get_if_there(name)) for name in names)
        else:
            found = self._told(iter(several(names)))
        damaged: list[bytes] = []
        for name, data in found:
            if object_name(data) == name:
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

    def _told(self, answers: Iterator[T]) -> Iterator[T]:
        """What the far store tells piece by piece."""

        def following() -> T | None:
            return next(answers, None)

        while (answer := self._ask(following)) is not None:
            yield answer

    def _append_far(self, zone: str, seq: int, data: bytes) -> None:
        self._ask(lambda: self.far.append_commit(zone, seq, data))

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

    def _ask(self, act: Callable[[], T]) -> T:
        """Asks the far store; its troubles become FarFull and FarAway."""
        try:
            return act()
        except (CommitExists, CommitGap, CommitVoid, Missing, FarAway, FarFull):
            raise
        except StoreFull as error:
            raise FarFull(error.sentence) from error
        except StoreError as error:
            if isinstance(error, DeviceNotTrusted):
                self._learn_of_removal()
            raise FarAway(error) from error

    def _learn_of_removal(self) -> None:
        """Fetches the end of the account's log, which says since when this device is out: the far
        store still gives it that, and nothing else."""
        start_seq = self.near.head_seq(ACCOUNT_ZONE) + 1
        with suppress(StoreError):
            commits = [data for _, data in self.far.read_commits(ACCOUNT_ZONE, start_seq)]
            self.near.append_commits(ACCOUNT_ZONE, start_seq, commits)


def far_heads(far: Store, zones: Iterable[str]) -> dict[str, tuple[int, bytes]]:
    """(seq, hash) of the heads of zones: in one request where the store can."""
    told = getattr(far, "heads", None)
    if told is not None:
        found: dict[str, tuple[int, bytes]] = told()
        return found
    heads = {}
    # The account's log last: so it has every position that the other zones name.
    for zone in sorted(zones, key=lambda zone: zone == ACCOUNT_ZONE):
        seq = far.head_seq(zone)
        if seq >= 0:
            heads[zone] = (seq, commit_hash(far.get_commit(zone, seq)))
    return heads


def _previous(data: bytes) -> bytes:
    """The hash of the commit before, as a commit names it; nothing for one without form."""
    try:
        return parse_commit(data).header.previous
    except MalformedCommitError:
        return b""


def _names_added(data: bytes) -> list[bytes]:
    """The objects that a commit adds; a void one may add none."""
    try:
        return [name for name, _ in parse_commit(data).header.added]
    except MalformedCommitError:
        return []


BATCH_BYTES = 16 * 1024 * 1024


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
