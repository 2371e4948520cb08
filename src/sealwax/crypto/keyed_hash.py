"""Keyed hashes: record ids, file hashes, chunk salts, and the terms of a digest.

All inputs are length-prefixed. Implements "Records", "Chunks" and "The digest" of docs/format.md.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
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
_number = int.from_bytes
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
    begun: dict[int, Callable[[], HMAC]] = {}
    ids: list[bytes] = []
    for kind, canonical in records:
        begin = begun.get(kind)
        if begin is None:
            begin = begun[kind] = _begun_id(keys, namespace, kind).copy
        text = canonical.encode("utf-8", "surrogatepass")
        code = begin()
        code.update(len(text).to_bytes(8, "big") + text)
        ids.append(_KINDS[kind] + code.finalize()[: RECORD_ID_BYTES - 1])
    return ids


def _begun_id(keys: RootKeys, namespace: str, kind: int) -> HMAC:
    """The keyed hash that all ids of a kind in a namespace begin with."""
    code = _keyed(keys.record_id).copy()
    code.update(_ID_LABEL + frame(bytes((kind,))) + frame(namespace.encode()))
    return code


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
        code = _keyed(keys.digest).copy()
        code.update(_DIGEST_LABEL + _RECORD_LENGTH)
        self._begin = code.copy

    def add(self, record: bytes, state: bytes) -> None:
        """Adds what `digest_term` gives."""
        self.add_all((record,), (state,))

    def add_all(self, records: Iterable[bytes], states: Iterable[bytes]) -> None:
        """Adds that of each record and its state."""
        begin, total = self._begin, self.total
        for record, state in zip(records, states, strict=True):
            code = begin()
            code.update(record + _HASH_LENGTH + _sha256(state).digest())
            total += _number(code.finalize(), "big")
        self.total = total


def digest_term(keys: RootKeys, record: bytes, state: bytes) -> int:
    """One record's part of a digest: to be added modulo 2^256. `state` is its canonical bytes."""
    message = b"".join(
        (_DIGEST_LABEL, _RECORD_LENGTH, record, _HASH_LENGTH, _sha256(state).digest())
    )
    return int.from_bytes(keyed_hash(keys.digest, message), "big")
