"""Writing what no honest program writes, with the real keys of a device."""

from collections.abc import Sequence
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.chain import Head, beginning
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE, OP_ID_BYTES, commit_hash
from sealwax.model.change import Change
from sealwax.stores.memory import MemoryStore
from sealwax.sync.sealing import SealHere
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft, Place, compose
from sealwax.vault.digest import digest_bytes
from sealwax.vault.keys import AccountKeys
from tests.sync.simulation.place import Disk


class Standing(NamedTuple):
    """The position of the account's log that commits name, and the epoch of that."""

    position: int
    epoch: int


class Forgery(NamedTuple):
    """What is to be written: its kind, the changes, what it drops, its public facts, what it says
    of itself. The digests of its segments are wrong where `is_digest_wrong`; `time_ms` is the time
    that it claims, where that is not the device's."""

    kind: CommitKind
    changes: tuple[Change, ...] = ()
    dropped: tuple[bytes, ...] = ()
    public: bytes = b""
    part: Part = Part(confirmed=True)
    is_digest_wrong: bool = False
    time_ms: int | None = None


class Forger:
    """Writes with the keys of one device, and cares for no rule. Its objects go where the commits
    go."""

    def __init__(
        self, keys: AccountKeys, member: MemberKeys, clock: Clock, entropy: Entropy
    ) -> None:
        self._keys = keys
        self._member = member
        self._clock = clock
        self._entropy = entropy
        self._sealer = SealHere(entropy)

    @property
    def device(self) -> bytes:
        return self._member.member().id

    def append(self, disk: MemoryStore, zone: str, told: Forgery, standing: Standing) -> None:
        """Appends a commit to a zone of the place's disk."""
        segments = self._put(disk, told.changes, standing.epoch)
        if told.is_digest_wrong:
            segments = [(name, size, bytes(32)) for name, size, _ in segments]
        draft = Draft(
            told.kind,
            self._entropy.bytes(OP_ID_BYTES),
            told.part,
            tuple(segments),
            dropped=told.dropped,
            public=told.public,
        )
        time_ms = self._clock.now_ms() if told.time_ms is None else told.time_ms
        head = _head(disk, self._keys.account, zone)
        place = Place(head, standing.position, standing.epoch, time_ms)
        data = compose(draft, place, self._keys, self._member, self._entropy)
        disk.append_commit(zone, head.seq + 1, data)

    def _put(
        self, disk: MemoryStore, changes: Sequence[Change], epoch: int
    ) -> list[tuple[bytes, int, bytes]]:
        key = self._keys.zone_key(MESSAGES_ZONE, epoch)
        sealed = self._sealer.start(key, self._keys.roots, changes)()
        disk.put_objects((segment.name, segment.data) for segment in sealed.segments)
        return [
            (segment.name, len(segment.data), digest_bytes(segment.change_digest))
            for segment in sealed.segments
        ]


def _head(disk: MemoryStore, account: bytes, zone: str) -> Head:
    """The end of a zone, whether its last commit counts or not."""
    seq = disk.head_seq(zone)
    if seq < 0:
        return beginning(account, zone)
    return Head(zone, seq, commit_hash(disk.get_commit(zone, seq)), 0)


class Removed(NamedTuple):
    """A device that was put out: what writes with its keys, the account, where it stood last in the
    account's log, and a copy of the place's disk from before."""

    forger: Forger
    account: bytes
    standing: Standing
    disk: Disk
