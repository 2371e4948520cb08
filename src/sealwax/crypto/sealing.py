"""Sealing: bytes that only the holders of a zone's key can read, and nobody can change unseen.

A sealed object is a header of 76 bytes and the ciphertext. The header is authenticated, and carries
a tag that commits to the key, so that one ciphertext opens under one key only. The plaintext is
framed by its length and padded with zeros before it is encrypted.

    0   4  "SLWX"
    4   1  format version, 1
    5   1  suite, 1
    6   1  kind (`SealedKind`)
    7   1  zero
    8   4  epoch, big-endian
    12 32  salt
    44 32  key-commitment tag
    76     AES-256-GCM ciphertext of (length, 8 bytes big-endian | content | zeros), and its tag

Implements "Sealed objects" of docs/format.md.
"""

import struct
from enum import IntEnum
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sealwax.base.errors import SealwaxError
from sealwax.crypto.key_tree import COMMITMENT_BYTES, SALT_BYTES, ZoneKey
from sealwax.crypto.padding import padded_length

MAGIC = b"SLWX"
FORMAT_VERSION = 1
SUITE = 1
OBJECT_LEAST_BYTES = 512
PART_LEAST_BYTES = 128

_HEADER = struct.Struct(f">4sBBBBI{SALT_BYTES}s{COMMITMENT_BYTES}s")
HEADER_BYTES = _HEADER.size
_LENGTH_BYTES = 8
_TAG_BYTES = 16
OVERHEAD_BYTES = HEADER_BYTES + _LENGTH_BYTES + _TAG_BYTES


class SealedKind(IntEnum):
    """What is sealed; part of the key's derivation, so kinds cannot stand in for each other."""

    SEGMENT = 1
    CHUNK = 2
    COMMIT_PART = 3
    ROOT_KEYS = 4
    EARLIER_KEY = 5
    CHECKPOINT = 6
    LINK = 7


class SealBroken(SealwaxError):
    """Sealed bytes do not open: they were damaged or altered, or are not what they should be."""

    code = "seal-broken"
    hint = "Run `sealwax verify` to see all that is damaged; everything else stays readable."


class SealUnknown(SealwaxError):
    """Sealed bytes of a format or suite that this version does not know."""

    code = "seal-unknown"
    hint = "It was written by a newer version of Sealwax: update, then try again."


class SealedHeader(NamedTuple):
    """The readable head of a sealed object."""

    kind: int
    epoch: int
    salt: bytes
    commitment: bytes


def seal(key: ZoneKey, kind: SealedKind, salt: bytes, content: bytes) -> bytes:
    """Seals `content`; opens it again in memory and compares before it returns.

    The salt must be fresh for each content under one zone key: random, or a keyed hash of it.
    """
    assert len(salt) == SALT_BYTES
    object_key = key.object_key(SUITE, kind, salt)
    header = _HEADER.pack(
        MAGIC, FORMAT_VERSION, SUITE, kind, 0, key.epoch, salt, object_key.commitment
    )
    least = PART_LEAST_BYTES if kind == SealedKind.COMMIT_PART else OBJECT_LEAST_BYTES
    padding = padded_length(OVERHEAD_BYTES + len(content), least) - OVERHEAD_BYTES - len(content)
    plain = b"".join((len(content).to_bytes(_LENGTH_BYTES, "big"), content, bytes(padding)))
    cipher = AESGCM(object_key.secret)
    sealed = cipher.encrypt(object_key.nonce, plain, header)
    assert cipher.decrypt(object_key.nonce, sealed, header) == plain
    return header + sealed


def open_sealed(key: ZoneKey, kind: SealedKind, data: bytes) -> bytes:
    """The content of a sealed object; raises SealBroken or SealUnknown."""
    header = read_header(data)
    if (header.kind, header.epoch) != (kind, key.epoch):
        raise SealBroken("A sealed object is not of the kind or epoch that it should be.")
    object_key = key.object_key(SUITE, kind, header.salt)
    if not constant_time.bytes_eq(object_key.commitment, header.commitment):
        raise SealBroken("A sealed object was sealed under another key.")
    try:
        view = memoryview(data)
        plain = AESGCM(object_key.secret).decrypt(
            object_key.nonce, view[HEADER_BYTES:], view[:HEADER_BYTES]
        )
    except InvalidTag:
        raise SealBroken("A sealed object is damaged.") from None
    return _content(plain)


def read_header(data: bytes) -> SealedHeader:
    """Reads the head of a sealed object, without any key."""
    if len(data) < OVERHEAD_BYTES:
        raise SealBroken("A sealed object is cut short.")
    magic, version, suite, kind, zero, epoch, salt, commitment = _HEADER.unpack_from(data)
    if magic != MAGIC or zero != 0:
        raise SealBroken("These bytes are not a sealed object.")
    if version != FORMAT_VERSION or suite != SUITE:
        raise SealUnknown(f"A sealed object has version {version} and suite {suite}.")
    return SealedHeader(kind, epoch, salt, commitment)


def _content(plain: bytes) -> bytes:
    length = int.from_bytes(plain[:_LENGTH_BYTES], "big")
    end = _LENGTH_BYTES + length
    if end > len(plain) or plain.count(0, end) != len(plain) - end:
        raise SealBroken("The padding of a sealed object is wrong.")
    return plain[_LENGTH_BYTES:end]
