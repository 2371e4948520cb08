"""The keys of an open account: every epoch's account key that a member reaches, and the root keys.

A rotation is one device's word: its packets can be garbage, or lead nowhere, and nobody but the
recipient can tell. So no rotation is believed for being the newest. A key counts when it opens the
root keys of its epoch, which only the right one does; an epoch is *sound* when its key leads down,
by the keys that rotations seal, to the genesis. What is written is sealed under the newest epoch
that is sound; what is read, under any key that counts. The root keys are those of the genesis.

Implements "Key packets" of docs/format.md.
"""

import hmac
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.key_packet import open_earlier, open_packet, open_root
from sealwax.crypto.key_tree import AccountKey, ChunkKey, RootKeys, ZoneKey
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.account import (
    AccountLog,
    DeviceAdd,
    DeviceRevoke,
    Epoch,
    Genesis,
    Packet,
    RecoverySet,
)
from sealwax.ledger.account_steps import rotations
from sealwax.ledger.names import NO_HASH


class Flaw(StrEnum):
    """What is wrong with a rotation, as one member sees it."""

    CLOSED = "closed"
    """Its key does not open for the member, or does not lead to the genesis: nothing may be sealed
    under it, for a later device could not read it."""
    OTHER_ROOTS = "other roots"
    """It seals other root keys than those of the genesis, which nobody uses."""


class Unsound(NamedTuple):
    """A rotation that is not as it must be: its position in the log, and what is wrong."""

    position: int
    flaw: Flaw


class KeyMissing(SealBroken):
    """The account has this epoch, and its key does not open here: another member may have it."""


class AccountKeys:
    """What a member that has been let in can open, as of one position of the account's log.

    `newest_epoch` is the newest sound one. `not_handed_on` are epochs, the newest first, whose keys
    are here and do not follow from that of the newest: a device that comes later lacks them, until
    a rotation hands them on. `unsound` are the rotations that are not as they must be. `last_epoch`
    is the account's, sound or not.
    """

    def __init__(
        self,
        account: bytes,
        roots: RootKeys,
        keys: Mapping[int, AccountKey],
        newest_epoch: int = 0,
        position: int = 0,
        not_handed_on: tuple[int, ...] = (),
        unsound: tuple[Unsound, ...] = (),
        last_epoch: int = 0,
    ) -> None:
        self.account = account
        self.roots = roots
        self._keys = dict(keys)
        self.newest_epoch = newest_epoch
        self.position = position
        self.not_handed_on = not_handed_on
        self.unsound = unsound
        self.last_epoch = last_epoch
        self.zone_key = lru_cache(maxsize=256)(self._zone_key)

    def account_key(self, epoch: int) -> AccountKey:
        """The account key of an epoch; raises KeyMissing for one whose key does not open here,
        SealBroken for an epoch that the account never reached."""
        if epoch not in self._keys:
            is_reached = epoch <= self.last_epoch
            raise (KeyMissing if is_reached else SealBroken)(f"There is no key for epoch {epoch}.")
        return self._keys[epoch]

    def learn(self, others: "AccountKeys") -> None:
        """Takes in the keys as of a later position, wherever these keys are in use."""
        assert self.account == others.account
        self._keys.update(others._keys)
        self.newest_epoch = others.newest_epoch
        self.not_handed_on = others.not_handed_on
        self.unsound = others.unsound
        self.last_epoch = others.last_epoch
        self.position = others.position

    def chunk_key(self, epoch: int) -> ChunkKey:
        return self.account_key(epoch).chunk_key(self.account)

    def _zone_key(self, zone: str, epoch: int) -> ZoneKey:
        return self.account_key(epoch).zone_key(self.account, zone)


def open_account(log: AccountLog, member: bytes, keys: MemberKeys) -> AccountKeys:
    """Opens an account's keys for a member of its log, as far as they can be opened.

    Raises SealBroken when nothing in the log leads this member to the genesis.
    """
    opening = _Opening(log, member, keys)
    opening.run()
    sound = opening.sound()
    if not sound:
        raise SealBroken("No key packet of the account opens with this key.")
    newest_epoch = max(sound)
    return AccountKeys(
        log.account,
        opening.roots[0],
        opening.keys,
        newest_epoch,
        log.head,
        opening.not_handed_on(newest_epoch),
        tuple(opening.unsound(sound)),
        log.newest.epoch,
    )


class _Opening:
    """The keys and roots that were reached so far, by epoch; each key has opened its roots."""

    def __init__(self, log: AccountLog, member: bytes, keys: MemberKeys) -> None:
        genesis = log.entries[0]
        assert isinstance(genesis, Genesis)
        self._account = log.account
        self._genesis = genesis
        self._rotations = rotations(log)
        self._packets = [packet for packet in _packets(log) if packet.recipient == member]
        self._member_keys = keys
        self.keys: dict[int, AccountKey] = {}
        self.roots: dict[int, RootKeys] = {}
        self._fresh: list[AccountKey] = []
        self._links: dict[int, set[int]] = {}
        """The earlier epochs whose right keys an epoch's rotation seals."""

    def run(self) -> None:
        """From the newest packet down; an older one only where the newer ones did not lead."""
        for packet in sorted(self._packets, key=lambda packet: packet.epoch, reverse=True):
            if packet.epoch not in self.keys and (key := self._open(packet)) is not None:
                self._follow(key)

    def sound(self) -> set[int]:
        """The epochs that lead to the genesis."""
        found = {0} & self.keys.keys()
        for epoch in sorted(self._links.keys() - {0}):
            first = self._rotations[epoch][1].earlier[0].epoch
            if first in found and first in self._links[epoch]:
                found.add(epoch)
        return found

    def unsound(self, sound: set[int]) -> Iterator[Unsound]:
        """What is wrong with the rotations of which this member was given a key."""
        given = {packet.epoch for packet in self._packets}
        for epoch, (position, _) in self._rotations.items():
            if epoch not in sound and epoch in given:
                yield Unsound(position, Flaw.CLOSED)
            elif epoch in sound and not _are_same(self.roots[epoch], self.roots[0]):
                yield Unsound(position, Flaw.OTHER_ROOTS)

    def not_handed_on(self, newest_epoch: int) -> tuple[int, ...]:
        """The newest of the epochs that do not follow from one, then of those that do not follow
        from both, and so on."""
        reached: set[int] = set()
        self._reach(newest_epoch, reached)
        found = []
        for epoch in sorted(self.keys, reverse=True):
            if epoch not in reached:
                found.append(epoch)
                self._reach(epoch, reached)
        return tuple(found)

    def _reach(self, epoch: int, reached: set[int]) -> None:
        left = [epoch]
        while left:
            epoch = left.pop()
            if epoch not in reached:
                reached.add(epoch)
                left += self._links[epoch]

    def _follow(self, key: AccountKey) -> None:
        """Takes a key, and those that it leads to, as far as they are right."""
        self._take(key)
        while self._fresh:
            taken = self._fresh.pop()
            earlier = self._sealed_under(taken)
            self._links[taken.epoch] = {one.epoch for one in earlier if self._take(one)}

    def _take(self, key: AccountKey) -> bool:
        """Whether a key is that of its epoch; one that was not known is kept."""
        known = self.keys.get(key.epoch)
        if known is not None:
            return hmac.compare_digest(known.secret, key.secret)
        roots = self._roots_under(key)
        if roots is None:
            return False
        self.keys[key.epoch], self.roots[key.epoch] = key, roots
        self._fresh.append(key)
        return True

    def _sealed_under(self, key: AccountKey) -> Iterator[AccountKey]:
        """What the rotation of a key's epoch seals as keys of earlier epochs, right or not."""
        sealed = self._rotations[key.epoch][1].earlier if key.epoch else []
        for one in sealed:
            try:
                yield open_earlier(one.sealed, one.epoch, key, self._account)
            except (SealBroken, SealUnknown):
                continue

    def _open(self, packet: Packet) -> AccountKey | None:
        try:
            return open_packet(packet, self._member_keys, self._genesis.nonce)
        except SealBroken:
            return None

    def _roots_under(self, key: AccountKey) -> RootKeys | None:
        """The root keys of a key's epoch; none for a key that is not that epoch's."""
        try:
            if key.epoch == 0:
                return open_root(self._genesis.root, key, NO_HASH)
            return open_root(self._rotations[key.epoch][1].root, key, self._account)
        except (SealBroken, SealUnknown):
            return None


def _are_same(one: RootKeys, two: RootKeys) -> bool:
    return hmac.compare_digest(one.record_id + one.digest, two.record_id + two.digest)


def _packets(log: AccountLog) -> Iterator[Packet]:
    """The key packets of members, the newest first."""
    for entry in reversed(log.entries):
        if isinstance(entry, Genesis | DeviceAdd):
            yield from entry.packets
        elif isinstance(entry, DeviceRevoke | RecoverySet | Epoch):
            yield from entry.rotation.packets
