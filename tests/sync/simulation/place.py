"""The shared place of a simulated account: a disk that is copied and put back."""

import random
from collections.abc import Iterable
from copy import deepcopy
from typing import NamedTuple

from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.ledger.names import commit_hash
from sealwax.stores.base import CommitVoid
from sealwax.stores.forwarding import ForwardingStore
from sealwax.stores.memory import MemoryStore

COPIES = 3
"""So many old disks are kept."""


class Safe:
    """The messages that are known to be at the place: in the shared history, and in the own zone of
    each device, by its name."""

    def __init__(self) -> None:
        self.shared: set[str] = set()
        self.kept: dict[str, set[str]] = {}

    def of(self, devices: Iterable[str]) -> set[str]:
        """Those that come back as long as these devices are there."""
        return self.shared.union(*(self.kept.get(device, set()) for device in devices))


class Disk(NamedTuple):
    """A copy of the place's disk, and the messages that were known to be on it."""

    store: MemoryStore
    safe: Safe


class Place(ForwardingStore):
    """The shared place: it can be put back to earlier days."""

    def __init__(self, is_judging: bool) -> None:
        """`is_judging` says that it is a server, which takes what counts alone; in a folder anybody
        may leave anything."""
        super().__init__(MemoryStore())
        self._is_judging = is_judging
        self.safe = Safe()
        self._disks: list[Disk] = []
        self.deleted: list[bytes] = []

    @property
    def is_judging(self) -> bool:
        return self._is_judging

    @property
    def disk(self) -> MemoryStore:
        """What is on the disk just now."""
        assert isinstance(self._inner, MemoryStore)
        return self._inner

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        """A commit that does not follow the newest one is refused, as a server does; nothing else
        of it is looked at. What is no commit at all has its place in a folder."""
        if 0 < seq == self.head_seq(zone) + 1:
            newest = commit_hash(self.get_commit(zone, seq - 1))
            if not self._follows(data, newest):
                raise CommitVoid("It does not follow the commit before it.")
        super().append_commit(zone, seq, data)

    def _follows(self, data: bytes, newest: bytes) -> bool:
        try:
            return parse_commit(data).header.previous == newest
        except MalformedCommitError:
            return not self._is_judging

    def delete_objects(self, names: Iterable[bytes]) -> None:
        listed = list(names)
        self.deleted += listed
        super().delete_objects(listed)

    def take_deleted(self) -> list[bytes]:
        """The names of the objects that were deleted since somebody asked."""
        deleted, self.deleted = self.deleted, []
        return deleted

    def copy_disk(self) -> Disk:
        return Disk(copied(self.disk), deepcopy(self.safe))

    def remember(self) -> None:
        """A copy of the disk is made, and kept for a while."""
        self._disks = [*self._disks, self.copy_disk()][-COPIES:]

    def come_back(self, rng: random.Random) -> None:
        """The disk is one of the copies, if there is any. What is on no other disk may be gone."""
        if self._disks:
            self.put_back(rng.choice(self._disks))

    def put_back(self, disk: Disk) -> None:
        """The disk is another one now."""
        self._inner = copied(disk.store)
        self.safe = deepcopy(disk.safe)


def copied(store: MemoryStore) -> MemoryStore:
    """A store with the same in it."""
    copy = MemoryStore()
    copy._objects = dict(store._objects)
    copy._zones = {zone: list(commits) for zone, commits in store._zones.items()}
    copy._lost = [(zone, list(commits)) for zone, commits in store._lost]
    return copy
