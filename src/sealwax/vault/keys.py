"""The keys of an open account: every epoch's account key, and the root keys."""

from collections.abc import Mapping
from functools import lru_cache

from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.key_packet import open_packet, open_previous, open_root
from sealwax.crypto.key_tree import AccountKey, ChunkKey, RootKeys, ZoneKey
from sealwax.crypto.sealing import SealBroken
from sealwax.ledger.account import (
    AccountLog,
    DeviceAdd,
    DeviceRevoke,
    Epoch,
    Genesis,
    Packet,
    Protection,
    RecoverySet,
    Rotation,
)
from sealwax.ledger.names import NO_HASH


class AccountKeys:
    """What a member that has been let in can open."""

    def __init__(self, account: bytes, roots: RootKeys, keys: Mapping[int, AccountKey]) -> None:
        self.account = account
        self.roots = roots
        self._keys = dict(keys)
        self.zone_key = lru_cache(maxsize=256)(self._zone_key)

    @property
    def newest_epoch(self) -> int:
        return max(self._keys)

    def account_key(self, epoch: int) -> AccountKey:
        """The account key of an epoch; raises SealBroken for an epoch that was never reached."""
        if epoch not in self._keys:
            raise SealBroken(f"There is no key for epoch {epoch}.")
        return self._keys[epoch]

    def learn(self, others: "AccountKeys") -> None:
        """Takes in the keys of later epochs, wherever these keys are in use."""
        assert self.account == others.account
        self._keys.update(others._keys)

    def chunk_key(self, epoch: int) -> ChunkKey:
        return self.account_key(epoch).chunk_key(self.account)

    def _zone_key(self, zone: str, epoch: int) -> ZoneKey:
        return self.account_key(epoch).zone_key(self.account, zone)


def open_account(log: AccountLog, member: bytes, keys: MemberKeys) -> AccountKeys:
    """Opens an account's keys for a member of its log, from the newest packet down to epoch 0.

    Raises SealBroken when the log holds no packet for the member or a packet is damaged.
    """
    genesis = log.entries[0]
    assert isinstance(genesis, Genesis)
    packet = _newest_packet(log, member)
    newest = open_packet(packet, keys, genesis.nonce)
    opened = {newest.epoch: newest}
    rotations = _rotations(log)
    for epoch in range(newest.epoch, 0, -1):
        previous = open_previous(rotations[epoch].previous, opened[epoch], log.account)
        opened[previous.epoch] = previous
    if newest.epoch == 0:
        roots = open_root(genesis.root, newest, NO_HASH)
    else:
        roots = open_root(rotations[newest.epoch].root, newest, log.account)
    return AccountKeys(log.account, roots, opened)


def _newest_packet(log: AccountLog, member: bytes) -> Packet:
    found: Packet | None = None
    for entry in log.entries:
        for packet in _packets(entry):
            if packet.recipient == member and (found is None or packet.epoch >= found.epoch):
                found = packet
    if found is None:
        raise SealBroken("The account has no key packet for this key.")
    return found


def _packets(entry: object) -> list[Packet]:
    if isinstance(entry, Genesis | DeviceAdd | Protection):
        return entry.packets
    if isinstance(entry, DeviceRevoke | RecoverySet | Epoch):
        return entry.rotation.packets
    return []


def _rotations(log: AccountLog) -> dict[int, Rotation]:
    return {
        entry.rotation.epoch: entry.rotation
        for entry in log.entries
        if isinstance(entry, DeviceRevoke | RecoverySet | Epoch)
    }
