"""A near store and a far one: this device's own copy, and the place that all devices share.

Reading asks the near store, and the far one for what is not near. Objects are kept near first,
then far (`mirrored_objects`). A commit is appended far first, for only there can another device be
in the way, then near, and `refresh` fetches what others appended (`mirrored_history`). Trouble with
the far store is told apart from trouble with the near one (`far_side`).
"""

from collections.abc import Collection, Iterable

from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.stores.base import CommitExists, CommitGap, CommitVoid, Store
from sealwax.stores.far_trouble import Incomplete, Parted, Parting, ZoneTrouble
from sealwax.stores.mirrored_history import MirroredHistory, far_heads
from sealwax.stores.mirrored_objects import MirroredObjects
from sealwax.stores.near import NearStore
from sealwax.stores.packing import pack_some
from sealwax.stores.zone_copy import ZoneStanding, zone_standing


class MirrorStore(MirroredObjects, MirroredHistory):
    """See `stores.base.Store`. Closing it closes both."""

    def __init__(self, near: NearStore, far: Store, account: bytes) -> None:
        """`account` is the name of the account that both keep."""
        super().__init__(near, far, account)

    def zone_standing(self, zone: str) -> ZoneStanding:
        """How a zone stands near and far, by hashes."""
        far_seq, far_hash = self._ask(lambda: far_heads(self.far, [zone])).get(zone, (-1, b""))
        return zone_standing(self.near, self.far_commit, zone, far_seq, far_hash)

    def copy_zone(self, zone: str, names: Iterable[bytes]) -> None:
        """Brings the far history of a zone that this device alone writes up to the near one, with
        the objects that it holds, and those that its commits name: the far store wants to have
        had them. Raises Parted where the far one has commits that are not near."""
        standing = self.zone_standing(zone)
        if standing.far_seq > standing.common_seq:
            raise Parted(standing.parting())
        if standing.far_seq < standing.near_seq:
            self.upload(self.near.has_objects(names))
        for seq, data in self.near.read_commits(zone, standing.far_seq + 1):
            self.upload(self.near.has_objects(_names_added(data)))
            try:
                self.append_far(zone, seq, data)
            except CommitExists:
                raise Parted(self.zone_standing(zone).parting()) from None
            except (CommitGap, CommitVoid) as error:
                raise ZoneTrouble(error) from error

    def pack_commits(self, most: int) -> int:
        """See `stores.packing.Packing`: near, and far where that is a folder."""
        packed = pack_some(self.near, most)
        return packed + self._ask(lambda: pack_some(self.far, most))

    def append_far(self, zone: str, seq: int, data: bytes) -> None:
        """Appends to the far history alone."""
        self._append_far(zone, seq, data)

    def put_back(self, parting: Parting, held: Collection[bytes]) -> None:
        """Appends what a far store that is behind has lost, each commit after those of its objects
        that are still held; raises Incomplete where one is on another device alone."""
        assert parting.is_behind
        for seq, data in self.near.read_commits(parting.zone, parting.far_seq + 1):
            names = [name for name in _names_added(data) if name in held]
            near = self.near.has_objects(names)
            if not near | self.far_objects(names) >= set(names):
                raise Incomplete
            self.upload(near)
            try:
                self._append_far(parting.zone, seq, data)
            except (CommitExists, CommitGap, CommitVoid) as error:
                # It is not as far behind as it says, or lost what this was about.
                raise ZoneTrouble(error) from error


def _names_added(data: bytes) -> list[bytes]:
    """The objects that a commit adds; a void one may add none."""
    try:
        return [name for name, _ in parse_commit(data).header.added]
    except MalformedCommitError:
        return []
