"""Signatures: what they cover, and checking them. Secret keys live in `crypto`."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sealwax.ledger.framing import frame

SIGNATURE_BYTES = 64
PUBLIC_KEY_BYTES = 32


def signed_bytes(purpose: str, suite: int, account: bytes, zone: str, payload: bytes) -> bytes:
    """What is signed: the purpose, the suite, the account, the zone and the exact bytes.

    `account` is 32 zero bytes for the genesis commit, whose hash becomes the account's name.
    """
    label = f"sealwax/{purpose}/v1".encode()
    return frame(label, bytes((suite,)), account, zone.encode(), payload)


def is_signed_by(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is the key's over `message`. Bad keys and lengths are just not."""
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
