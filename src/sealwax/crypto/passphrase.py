"""A secret wrapped by a passphrase: Argon2id, then AES-256-GCM.

For the file that keeps a device's keys where the operating system has no keyring. The cost is
stored with the file and bounded when it is read, so that a crafted file is no denial of service.

Implements "The key file" of docs/format.md.
"""

from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import Meta

from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.crypto.key_tree import KEY_BYTES, NONCE_BYTES

MEMORY_KIB = 64 * 1024
PASSES = 3
LANES = 1
LEAST_KIB_A_LANE = 8
_LABEL = b"sealwax/passphrase/v1"
_SALT_BYTES = 16


class PassphraseWrong(SealwaxError):
    """The passphrase does not open the key file."""

    code = "passphrase-wrong"
    hint = "Try again, or set SEALWAX_PASSPHRASE; the recovery key opens a lost home."


class KeyFileBroken(SealwaxError):
    """The key file is damaged."""

    code = "key-file-broken"
    hint = "The messages are safe: open the vault on a fresh home with the recovery key."


class _Wrapped(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    label: bytes
    memory_kib: Annotated[int, Meta(ge=8, le=4 * 1024 * 1024)]
    passes: Annotated[int, Meta(ge=1, le=64)]
    lanes: Annotated[int, Meta(ge=1, le=16)]
    salt: Annotated[bytes, Meta(min_length=_SALT_BYTES, max_length=_SALT_BYTES)]
    nonce: Annotated[bytes, Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
    sealed: Annotated[bytes, Meta(max_length=65_536)]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Wrapped).decode


def wrap(secret: bytes, passphrase: str, entropy: Entropy, memory_kib: int = MEMORY_KIB) -> bytes:
    """`secret` under a passphrase."""
    salt, nonce = entropy.bytes(_SALT_BYTES), entropy.bytes(NONCE_BYTES)
    head = _Wrapped(_LABEL, memory_kib, PASSES, LANES, salt, nonce, b"")
    sealed = AESGCM(_stretch(head, passphrase)).encrypt(nonce, secret, _encode(head))
    return _encode(msgspec.structs.replace(head, sealed=sealed))


def unwrap(wrapped: bytes, passphrase: str) -> bytes:
    """The secret; raises PassphraseWrong or KeyFileBroken."""
    try:
        stored = _decode(wrapped)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise KeyFileBroken("The key file does not have the form of one.") from None
    if stored.label != _LABEL:
        raise KeyFileBroken("The key file is of a kind that this version does not know.")
    if stored.memory_kib < LEAST_KIB_A_LANE * stored.lanes:
        raise KeyFileBroken("The key file states less memory than its lanes need.")
    head = msgspec.structs.replace(stored, sealed=b"")
    cipher = AESGCM(_stretch(head, passphrase))
    try:
        return cipher.decrypt(stored.nonce, stored.sealed, _encode(head))
    except InvalidTag:
        raise PassphraseWrong("The passphrase is wrong, or the key file is damaged.") from None


def _stretch(head: _Wrapped, passphrase: str) -> bytes:
    stretcher = Argon2id(
        salt=head.salt,
        length=KEY_BYTES,
        iterations=head.passes,
        lanes=head.lanes,
        memory_cost=head.memory_kib,
    )
    # What is no text in an environment variable is its bytes.
    return stretcher.derive(passphrase.encode("utf-8", "surrogateescape"))
