"""HPKE (RFC 9180, base mode) with an ephemeral key that follows from its input: for vectors only.

The library draws a fresh ephemeral key each time, so its packets differ whenever they are made.
Here the key is a hash of the input, and making the vectors again gives the same bytes. Opening is
left to the library: what is sealed here must open there. Never use this for real keys, for equal
input shows.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from sealwax.ledger.framing import frame

_KEM = b"KEM" + (0x0020).to_bytes(2, "big")
_SUITE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0002))
_BASE_MODE = b"\x00"
_LIBRARY = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class FixedHpke:
    """Stands in for the library's suite where vectors are made."""

    def encrypt(self, plaintext: bytes, public_key: X25519PublicKey, info: bytes) -> bytes:
        """The encapsulated key and the ciphertext: the same for the same input."""
        recipient = public_key.public_bytes_raw()
        seed = hashlib.sha256(frame(b"vector", plaintext, recipient, info)).digest()
        ephemeral = X25519PrivateKey.from_private_bytes(seed)
        encapsulated = ephemeral.public_key().public_bytes_raw()
        secret = _shared_secret(ephemeral.exchange(public_key), encapsulated + recipient)
        key, nonce = _schedule(secret, info)
        return encapsulated + AESGCM(key).encrypt(nonce, plaintext, b"")

    def decrypt(self, sealed: bytes, private_key: X25519PrivateKey, info: bytes) -> bytes:
        """What the library makes of it."""
        return _LIBRARY.decrypt(sealed, private_key, info)


def _shared_secret(exchanged: bytes, context: bytes) -> bytes:
    extracted = _extract(_KEM, b"", b"eae_prk", exchanged)
    return _expand(_KEM, extracted, b"shared_secret", context, 32)


def _schedule(secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    """The key and the base nonce."""
    id_hash = _extract(_SUITE, b"", b"psk_id_hash", b"")
    info_hash = _extract(_SUITE, b"", b"info_hash", info)
    context = _BASE_MODE + id_hash + info_hash
    extracted = _extract(_SUITE, secret, b"secret", b"")
    key = _expand(_SUITE, extracted, b"key", context, 32)
    return key, _expand(_SUITE, extracted, b"base_nonce", context, 12)


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return HKDFExpand(hashes.SHA256(), length, labelled).derive(key)
