"""Keyed hashes: record ids, file hashes, chunk salts, and the terms of a digest.

All inputs are length-prefixed. Implements "Records", "Chunks" and "The digest" of docs/format.md.
"""

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from sealwax.crypto.key_tree import ChunkKey, RootKeys
from sealwax.ledger.framing import frame

RECORD_ID_BYTES = 16
_ID_LABEL = frame(b"sealwax/record/v1")
_FILE_LABEL = frame(b"sealwax/file/v1")
_CHUNK_LABEL = frame(b"sealwax/chunk/v1")
_DIGEST_LABEL = frame(b"sealwax/digest/v1")
_RECORD_LENGTH = (RECORD_ID_BYTES).to_bytes(8, "big")
_HASH_LENGTH = (32).to_bytes(8, "big")
_sha256 = hashlib.sha256
_KINDS = [bytes((kind,)) for kind in range(256)]


def keyed_hash(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256. A history takes millions of them under two keys, so a key is set up once."""
    code = _keyed(key).copy()
    code.update(message)
    return code.finalize()


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> HMAC:
    return HMAC(key, hashes.SHA256())


def record_ids(keys: RootKeys, namespace: str, records: Iterable[tuple[int, str]]) -> list[bytes]:
    """The ids of (kind, canonical source id) pairs of one namespace. The first byte of an id is the
    kind, so that nobody can call a record another one."""
    key, name = keys.record_id, frame(namespace.encode())
    ids: list[bytes] = []
    heads: dict[int, bytes] = {}
    for kind, canonical in records:
        head = heads.get(kind)
        if head is None:
            head = heads[kind] = _ID_LABEL + frame(bytes((kind,))) + name
        text = canonical.encode("utf-8", "surrogatepass")
        message = head + len(text).to_bytes(8, "big") + text
        ids.append(_KINDS[kind] + keyed_hash(key, message)[: RECORD_ID_BYTES - 1])
    return ids


def record_id(keys: RootKeys, namespace: str, kind: int, canonical: str) -> bytes:
    """The id of one record, 16 bytes."""
    return record_ids(keys, namespace, [(kind, canonical)])[0]


class FileHash:
    """The keyed hash of a whole file, fed piece by piece; the length goes last."""

    def __init__(self, keys: RootKeys) -> None:
        self._hash = hmac.new(keys.record_id, _FILE_LABEL, "sha256")
        self._length = 0

    def update(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._length += len(piece)

    def digest(self) -> bytes:
        final = self._hash.copy()
        final.update(self._length.to_bytes(8, "big"))
        return final.digest()


def chunk_salt(key: ChunkKey, piece: bytes, counter: int) -> bytes:
    """The salt of a chunk: equal for equal pieces, unless the counter differs."""
    message = hmac.new(key.secret, _CHUNK_LABEL, "sha256")
    message.update(len(piece).to_bytes(8, "big"))
    message.update(piece)
    message.update(frame(counter.to_bytes(8, "big")))
    return message.digest()


class DigestSum:
    """The sum of many records' parts of a digest, not yet reduced modulo 2^256."""

    def __init__(self, keys: RootKeys) -> None:
        self.total = 0
        self._keyed = _keyed(keys.digest)
        self._head = _DIGEST_LABEL + _RECORD_LENGTH

    def add(self, record: bytes, state: bytes) -> None:
        """Adds what `digest_term` gives."""
        code = self._keyed.copy()
        code.update(self._head + record + _HASH_LENGTH + _sha256(state).digest())
        self.total += int.from_bytes(code.finalize(), "big")


def digest_term(keys: RootKeys, record: bytes, state: bytes) -> int:
    """One record's part of a digest: to be added modulo 2^256. `state` is its canonical bytes."""
    message = b"".join(
        (_DIGEST_LABEL, _RECORD_LENGTH, record, _HASH_LENGTH, _sha256(state).digest())
    )
    return int.from_bytes(keyed_hash(keys.digest, message), "big")
