"""Key packets: an account key sealed to one member by HPKE (RFC 9180, base mode).

HPKE: X25519, HKDF-SHA256, AES-256-GCM. A packet says nothing of who made it: it counts only inside
a signed entry of the account log.

Implements "Key packets" of docs/format.md.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.key_tree import KEY_BYTES, AccountKey, RootKeys
from sealwax.crypto.sealing import SUITE, SealBroken, SealedKind, open_sealed, seal
from sealwax.ledger.account import Member, Packet
from sealwax.ledger.framing import frame
from sealwax.ledger.names import ACCOUNT_ZONE

_HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal_packet(key: AccountKey, recipient: Member, nonce: bytes) -> Packet:
    """Seals an account key to a member. `nonce` is the account's, from its genesis."""
    public = X25519PublicKey.from_public_bytes(recipient.box_key)
    sealed = _HPKE.encrypt(key.secret, public, _info(nonce, key.epoch, recipient.id))
    return Packet(key.epoch, recipient.id, sealed)


def open_packet(packet: Packet, keys: MemberKeys, nonce: bytes) -> AccountKey:
    """The account key in a packet for the holder of `keys`; raises SealBroken."""
    info = _info(nonce, packet.epoch, packet.recipient)
    try:
        secret = _HPKE.decrypt(packet.sealed, keys.box_private(), info)
    except (InvalidTag, ValueError):
        raise SealBroken("A key packet does not open.") from None
    if len(secret) != KEY_BYTES:
        raise SealBroken("A key packet does not hold a key.")
    return AccountKey(packet.epoch, secret)


def seal_root(roots: RootKeys, under: AccountKey, account: bytes, salt: bytes) -> bytes:
    """K_id and K_digest, sealed under an account key."""
    zone_key = under.zone_key(account, ACCOUNT_ZONE)
    return seal(zone_key, SealedKind.ROOT_KEYS, salt, roots.record_id + roots.digest)


def open_root(sealed: bytes, under: AccountKey, account: bytes) -> RootKeys:
    content = open_sealed(under.zone_key(account, ACCOUNT_ZONE), SealedKind.ROOT_KEYS, sealed)
    if len(content) != 2 * KEY_BYTES:
        raise SealBroken("The root keys do not have their length.")
    return RootKeys(content[:KEY_BYTES], content[KEY_BYTES:])


def seal_earlier(earlier: AccountKey, under: AccountKey, account: bytes, salt: bytes) -> bytes:
    """The account key of an earlier epoch, sealed under a later one: the newest opens all."""
    assert under.epoch > earlier.epoch
    zone_key = under.zone_key(account, ACCOUNT_ZONE)
    return seal(zone_key, SealedKind.EARLIER_KEY, salt, earlier.secret)


def open_earlier(sealed: bytes, epoch: int, under: AccountKey, account: bytes) -> AccountKey:
    """The account key of the earlier `epoch` that a rotation names; raises SealBroken."""
    content = open_sealed(under.zone_key(account, ACCOUNT_ZONE), SealedKind.EARLIER_KEY, sealed)
    if len(content) != KEY_BYTES:
        raise SealBroken("The key of an earlier epoch does not have its length.")
    return AccountKey(epoch, content)


def _info(nonce: bytes, epoch: int, recipient: bytes) -> bytes:
    return frame(
        b"sealwax/key-packet/v1", bytes((SUITE,)), nonce, epoch.to_bytes(8, "big"), recipient
    )
