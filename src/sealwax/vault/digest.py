"""Digests: one number for a whole history, whatever the order in which it was built.

A digest is a sum modulo 2^256 of keyed hashes, one a record (or one a change), so it is kept up to
date by adding and subtracting. It covers the joined state, tombstones and unknown fields included.

Implements "The digest" of docs/format.md.
"""

from collections.abc import Iterable

import msgspec

from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import digest_term, keyed_hash
from sealwax.ledger.dropping import DIGEST_MODULUS
from sealwax.ledger.framing import frame
from sealwax.model.change import Change

DIGEST_RULES = 1
"""The version of what a digest covers; digests of different rules are not compared."""
MODULUS = DIGEST_MODULUS
_CHANGE_LABEL = frame(b"sealwax/change/v1")
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def state_term(roots: RootKeys, record: bytes, state: bytes) -> int:
    """What one record adds to the digest of a history. `state` is its canonical bytes."""
    return digest_term(roots, record, state)


def change_digest(roots: RootKeys, changes: Iterable[Change]) -> int:
    """The sum of the keyed hashes of changes: compaction must keep it."""
    total = 0
    for change in changes:
        encoded = _encode(change)
        message = b"".join((_CHANGE_LABEL, len(encoded).to_bytes(8, "big"), encoded))
        total += int.from_bytes(keyed_hash(roots.digest, message), "big")
    return total % MODULUS


def digest_bytes(digest: int) -> bytes:
    """A digest as 32 bytes."""
    return (digest % MODULUS).to_bytes(32, "big")
