"""A checkpoint: the full list of what a zone holds, for devices that do not read every commit.

The list is msgpack inside zstd, cut into sealed objects of kind CHECKPOINT; the checkpoint commit
adds them and names them in its sealed part. It states the moment before its own commit.

Implements "Checkpoints" of docs/format.md.
"""

from collections.abc import Sequence

import msgspec
import zstandard

from sealwax.base.entropy import Entropy
from sealwax.crypto.key_tree import SALT_BYTES
from sealwax.crypto.sealing import SealBroken, SealedKind, open_sealed, read_header, seal
from sealwax.ledger.commit import Count, Hash
from sealwax.ledger.names import object_name
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import Sealed

PIECE_BYTES = 1024 * 1024
PLAIN_LIMIT_BYTES = 128 * 1024 * 1024
HELD_LIMIT = 1_000_000
"""So many objects fit into a checkpoint at any rate: four terabytes of files."""


class Held(msgspec.Struct, frozen=True, array_like=True):
    """One object: its name, when it was added and dropped (None: live), its size, and, of a
    segment, the digest of its changes."""

    name: Hash
    added_seq: Count
    dropped_seq: Count | None
    size_bytes: Count
    change_digest: Hash | None


class PinnedMoment(msgspec.Struct, frozen=True, array_like=True):
    """One pin: the seq of its commit, the seq whose state it holds, its lock, when it was made."""

    commit_seq: Count
    pinned_seq: Count
    lock_until_ms: Count
    made_ms: Count


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """Everything that a zone holds after the commit `seq` with the hash `head`."""

    seq: int
    head: Hash
    position: Count
    objects: list[Held]
    pins: list[PinnedMoment]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Checkpoint).decode


def seal_checkpoint(
    keys: AccountKeys, zone: str, epoch: int, checkpoint: Checkpoint, entropy: Entropy
) -> list[Sealed]:
    """The sealed pieces of a checkpoint, in order."""
    content = zstandard.ZstdCompressor(level=3).compress(_encode(checkpoint))
    pieces = [content[start : start + PIECE_BYTES] for start in range(0, len(content), PIECE_BYTES)]
    zone_key = keys.zone_key(zone, epoch)
    sealed = [
        seal(zone_key, SealedKind.CHECKPOINT, entropy.bytes(SALT_BYTES), piece) for piece in pieces
    ]
    return [Sealed(object_name(data), data) for data in sealed]


def open_checkpoint(keys: AccountKeys, zone: str, pieces: Sequence[bytes]) -> Checkpoint:
    """The checkpoint in its sealed pieces; raises SealBroken."""
    content = b"".join(
        open_sealed(keys.zone_key(zone, read_header(piece).epoch), SealedKind.CHECKPOINT, piece)
        for piece in pieces
    )
    try:
        size_bytes = zstandard.get_frame_parameters(content).content_size
        if not 0 < size_bytes <= PLAIN_LIMIT_BYTES:
            raise SealBroken("A checkpoint is larger than one may be.")
        plain = zstandard.ZstdDecompressor().decompress(content, max_output_size=size_bytes)
        return _decode(plain)
    except (zstandard.ZstdError, msgspec.MsgspecError):
        raise SealBroken("A checkpoint does not have the form of one.") from None
