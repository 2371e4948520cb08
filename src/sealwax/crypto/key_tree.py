"""The key tree below the account key: one type a level, each derived from the one above.

    AccountKey (epoch e) ─HKDF─► ZoneKey (zone, e) ─HKDF with the object's salt─► ObjectKey
                         └─HKDF─► ChunkKey (e): makes the salts of chunks
    RootKeys: K_id and K_digest, random once for each account, never rotated

Implements "The key tree" of docs/format.md. Keys show neither in `repr` nor in errors.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sealwax.base.entropy import Entropy
from sealwax.ledger.framing import frame

KEY_BYTES = 32
SALT_BYTES = 32
NONCE_BYTES = 12
COMMITMENT_BYTES = 32


@dataclass(frozen=True, slots=True)
class ChunkKey:
    """Makes the salts of chunks, so that equal pieces get equal names within an epoch."""

    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """Seals exactly one object: its key and nonce, and the tag that commits to both."""

    secret: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    commitment: bytes


@dataclass(frozen=True, slots=True)
class ZoneKey:
    """Seals the objects of one zone in one epoch."""

    account: bytes
    zone: str
    epoch: int
    secret: bytes = field(repr=False)

    def object_key(self, suite: int, kind: int, salt: bytes) -> ObjectKey:
        """The key of the object with this kind and salt."""
        label = frame(b"sealwax/object/v1", bytes((suite, kind)), self.account, self.zone.encode())
        wanted = KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES
        derived = _derive(self.secret, salt, label, wanted)
        return ObjectKey(
            derived[:KEY_BYTES],
            derived[KEY_BYTES : KEY_BYTES + NONCE_BYTES],
            derived[KEY_BYTES + NONCE_BYTES :],
        )


@dataclass(frozen=True, slots=True)
class AccountKey:
    """AK_e: opens everything that was sealed in its epoch."""

    epoch: int
    secret: bytes = field(repr=False)

    def zone_key(self, account: bytes, zone: str) -> ZoneKey:
        label = frame(b"sealwax/zone-key/v1", account, zone.encode(), _number(self.epoch))
        return ZoneKey(account, zone, self.epoch, _derive(self.secret, b"", label, KEY_BYTES))

    def chunk_key(self, account: bytes) -> ChunkKey:
        label = frame(b"sealwax/chunk-key/v1", account, _number(self.epoch))
        return ChunkKey(_derive(self.secret, b"", label, KEY_BYTES))


@dataclass(frozen=True, slots=True)
class RootKeys:
    """K_id names records and files, K_digest sums histories up."""

    record_id: bytes = field(repr=False)
    digest: bytes = field(repr=False)


def new_account_key(epoch: int, entropy: Entropy) -> AccountKey:
    return AccountKey(epoch, entropy.bytes(KEY_BYTES))


def new_root_keys(entropy: Entropy) -> RootKeys:
    return RootKeys(entropy.bytes(KEY_BYTES), entropy.bytes(KEY_BYTES))


def derive_secret(secret: bytes, label: bytes, count: int) -> bytes:
    """HKDF-SHA256 without a salt: for the other derivations of this package."""
    return _derive(secret, b"", label, count)


def _derive(secret: bytes, salt: bytes, label: bytes, count: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=count, salt=salt, info=label).derive(secret)


def _number(value: int) -> bytes:
    return value.to_bytes(8, "big")
