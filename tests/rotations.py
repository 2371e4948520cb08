"""Rotations as a device in the wrong hands would make them: they count, and cannot be used."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from sealwax.base.entropy import Entropy
from sealwax.crypto.key_packet import seal_earlier, seal_packet, seal_root
from sealwax.crypto.key_tree import SALT_BYTES, AccountKey, new_account_key, new_root_keys
from sealwax.crypto.sealing import SealedKind, seal
from sealwax.ledger.account import (
    AccountLog,
    EarlierKey,
    Genesis,
    Member,
    Packet,
    Rotation,
)
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.vault.keys import AccountKeys

GARBAGE = b"\x5a" * 80


class Made(NamedTuple):
    """A sound rotation, what it was made of, and the earlier key that it hands on."""

    rotation: Rotation
    key: AccountKey
    log: AccountLog
    keys: AccountKeys
    entropy: Entropy

    def salt(self) -> bytes:
        return self.entropy.bytes(SALT_BYTES)

    def packet(self, key: AccountKey, member: Member) -> Packet:
        """A key sealed to a member, as if it were the rotation's."""
        genesis = self.log.entries[0]
        assert isinstance(genesis, Genesis)
        return seal_packet(key, member, genesis.nonce)


Odd = Callable[[Made], Rotation]


def made_rotation(
    log: AccountLog, keys: AccountKeys, entropy: Entropy, without: bytes = b""
) -> Made:
    """The next epoch for all members but one, from the newest that `keys` opens."""
    key = new_account_key(log.newest.epoch + 1, entropy)
    earlier = keys.account_key(keys.newest_epoch)
    made = Made(Rotation(key.epoch, [], [], b""), key, log, keys, entropy)
    members = [*log.newest.devices.values(), log.newest.recovery]
    sealed = seal_earlier(earlier, key, log.account, made.salt())
    rotation = Rotation(
        key.epoch,
        [made.packet(key, member) for member in members if member.id != without],
        [EarlierKey(earlier.epoch, sealed)],
        seal_root(keys.roots, key, log.account, made.salt()),
    )
    return made._replace(rotation=rotation)


def _packets(change: Callable[[Made, Packet], bytes]) -> Odd:
    """Every packet with other sealed bytes."""
    return lambda made: replace(
        made.rotation,
        packets=[replace(packet, sealed=change(made, packet)) for packet in made.rotation.packets],
    )


def _another_key(made: Made, packet: Packet) -> bytes:
    """Each member gets a key of its own: every packet opens, and no two can read each other."""
    members = [*made.log.newest.devices.values(), made.log.newest.recovery]
    (member,) = [one for one in members if one.id == packet.recipient]
    return made.packet(new_account_key(made.key.epoch, made.entropy), member).sealed


def _earlier(change: Callable[[Made], bytes]) -> Odd:
    return lambda made: replace(
        made.rotation, earlier=[EarlierKey(made.rotation.earlier[0].epoch, change(made))]
    )


def _another_earlier_key(made: Made) -> bytes:
    another = new_account_key(made.rotation.earlier[0].epoch, made.entropy)
    return seal_earlier(another, made.key, made.log.account, made.salt())


def _earlier_key_cut(made: Made) -> bytes:
    zone_key = made.key.zone_key(made.log.account, ACCOUNT_ZONE)
    return seal(zone_key, SealedKind.EARLIER_KEY, made.salt(), b"short")


def _root(change: Callable[[Made], bytes]) -> Odd:
    return lambda made: replace(made.rotation, root=change(made))


def _root_under_another_key(made: Made) -> bytes:
    another = new_account_key(made.key.epoch, made.entropy)
    return seal_root(made.keys.roots, another, made.log.account, made.salt())


def _root_cut(made: Made) -> bytes:
    zone_key = made.key.zone_key(made.log.account, ACCOUNT_ZONE)
    return seal(zone_key, SealedKind.ROOT_KEYS, made.salt(), b"short")


CLOSED: dict[str, Odd] = {
    "a packet of garbage": _packets(lambda _, __: GARBAGE),
    "an empty packet": _packets(lambda _, __: b""),
    "a packet cut short": _packets(lambda _, packet: packet.sealed[:-1]),
    "a packet with another key": _packets(_another_key),
    "an earlier key of garbage": _earlier(lambda _: GARBAGE),
    "an empty earlier key": _earlier(lambda _: b""),
    "another earlier key": _earlier(_another_earlier_key),
    "an earlier key cut short": _earlier(_earlier_key_cut),
    "roots of garbage": _root(lambda _: GARBAGE),
    "no roots": _root(lambda _: b""),
    "roots under another key": _root(_root_under_another_key),
    "roots cut short": _root(_root_cut),
}
"""Nothing can be sealed under the key of one of these."""
OTHER_ROOTS: dict[str, Odd] = {
    "other roots": _root(
        lambda made: seal_root(new_root_keys(made.entropy), made.key, made.log.account, made.salt())
    ),
}
"""The key can be used, the roots cannot."""
