"""Objects of the vault: changes and pieces of files, sealed and opened.

What is sealed is opened again and compared before it is handed out (see `crypto.sealing`). Nothing
here touches a disk: bytes in, bytes out.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple

from sealwax.base.entropy import Entropy
from sealwax.crypto.key_tree import SALT_BYTES, RootKeys, ZoneKey
from sealwax.crypto.keyed_hash import chunk_salt
from sealwax.crypto.padding import padded_length
from sealwax.crypto.sealing import (
    OBJECT_LEAST_BYTES,
    OVERHEAD_BYTES,
    SealBroken,
    SealedKind,
    SealUnknown,
    open_sealed,
    read_header,
    seal,
)
from sealwax.ledger.names import OBJECT_LIMIT_BYTES, object_name
from sealwax.model.change import Change, Entry
from sealwax.vault.digest import change_digest
from sealwax.vault.group import Group, changes_of
from sealwax.vault.keys import AccountKeys, KeyMissing
from sealwax.vault.segment import (
    LARGEST_CHANGES_BYTES,
    checked_groups,
    encode_and_read,
)

CHUNK_BYTES = 4 * 1024 * 1024
"""The fixed size of all pieces of a file but the last."""
SMALL_BYTES = 24 * 1024
"""A piece of at most so many bytes is small: every device keeps it."""
SMALL_SEALED_BYTES = padded_length(OVERHEAD_BYTES + SMALL_BYTES, OBJECT_LEAST_BYTES)
"""The most that a small piece has when it is sealed."""
_CHANGE_OVERHEAD_BYTES = 48


class Sealed(NamedTuple):
    """A sealed object, ready to be stored."""

    name: bytes
    data: bytes


class SealedSegment(NamedTuple):
    """A sealed segment with the digest of its changes and their number."""

    name: bytes
    data: bytes
    change_digest: int
    changes: int


class HoldsNothing(SealBroken):
    """The bytes are those of the name, and are no segment: nobody can ever read anything in them,
    so there is nothing in them. It is the fault of whoever added them, not of the place."""


def seal_segment(
    key: ZoneKey, roots: RootKeys, changes: Sequence[Change], entropy: Entropy
) -> SealedSegment:
    """Seals a batch of changes under a random salt."""
    return seal_and_read(key, roots, changes, entropy)[0]


def seal_and_read(
    key: ZoneKey, roots: RootKeys, changes: Sequence[Change], entropy: Entropy
) -> tuple[SealedSegment, list[Group]]:
    """The same, with what a reader of the segment finds in it."""
    content, groups = encode_and_read(roots, changes)
    data = seal(key, SealedKind.SEGMENT, entropy.bytes(SALT_BYTES), content)
    digest = change_digest(roots, changes)
    return SealedSegment(object_name(data), data, digest, len(changes)), groups


def open_segment(keys: AccountKeys, zone: str, data: bytes) -> list[Change]:
    """The changes of a sealed segment; raises SealBroken or SealUnknown."""
    return changes_of(open_groups(keys.zone_key(zone, epoch_of(data)), keys.roots, data))


def open_groups(key: ZoneKey, roots: RootKeys, data: bytes) -> list[Group]:
    """The changes of a sealed segment by shape, checked; raises SealBroken or SealUnknown."""
    return checked_groups(roots, open_sealed(key, SealedKind.SEGMENT, data))


def segment_key(keys: AccountKeys, zone: str, data: bytes) -> ZoneKey:
    """The key that opens a sealed segment whose bytes are those of its name; raises HoldsNothing,
    or KeyMissing where another member may open it."""
    try:
        return keys.zone_key(zone, epoch_of(data))
    except KeyMissing:
        raise
    except (SealBroken, SealUnknown) as error:
        raise HoldsNothing(error.sentence) from error


def sound_groups(key: ZoneKey, roots: RootKeys, data: bytes) -> list[Group]:
    """As `open_groups`, for bytes that are those of their name; raises HoldsNothing."""
    try:
        return open_groups(key, roots, data)
    except (SealBroken, SealUnknown) as error:
        raise HoldsNothing(error.sentence) from error


def epoch_of(data: bytes) -> int:
    """The epoch whose key opens a sealed object; raises SealBroken or SealUnknown."""
    return read_header(data).epoch


def seal_chunk(keys: AccountKeys, zone: str, epoch: int, piece: bytes, counter: int = 0) -> Sealed:
    """Seals a piece of a file: the same piece gets the same name, unless the counter differs."""
    assert 0 < len(piece) <= CHUNK_BYTES
    salt = chunk_salt(keys.chunk_key(epoch), piece, counter)
    data = seal(keys.zone_key(zone, epoch), SealedKind.CHUNK, salt, piece)
    return Sealed(object_name(data), data)


def open_chunk(keys: AccountKeys, zone: str, data: bytes) -> bytes:
    """The piece of a file in a sealed chunk; raises SealBroken or SealUnknown."""
    header = read_header(data)
    return open_sealed(keys.zone_key(zone, header.epoch), SealedKind.CHUNK, data)


def check_name(name: bytes, data: bytes) -> None:
    """Raises SealBroken when bytes from a store do not hash to their name."""
    if len(data) > OBJECT_LIMIT_BYTES:
        raise SealBroken(f"The object {name.hex()} is larger than one may be.")
    if object_name(data) != name:
        raise SealBroken(f"The object {name.hex()} is damaged: its bytes do not match its name.")


def cut_segments(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Cuts changes into batches of about one segment each, and of about the same size. A change
    that is larger than a segment becomes several; a single value is not cut."""
    sizes = [_size_bytes(change) for change in changes]
    if max(sizes, default=0) > LARGEST_CHANGES_BYTES:
        changes = [part for change in changes for part in _divided(change)]
        sizes = [_size_bytes(change) for change in changes]
    total_bytes = sum(sizes)
    pieces = max(1, ceil(total_bytes / LARGEST_CHANGES_BYTES))
    batch: list[Change] = []
    done, done_bytes = 0, 0
    for change, size_bytes in zip(changes, sizes, strict=True):
        batch.append(change)
        done_bytes += size_bytes
        if done_bytes * pieces >= total_bytes * (done + 1):
            yield batch
            batch, done = [], done_bytes * pieces // total_bytes


def _divided(change: Change) -> Iterator[Change]:
    """A change as several of at most about a segment each; joined, they say the same."""
    entries: list[Entry] = []
    size_bytes = 0
    for item in change.entries:
        more_bytes = _size_bytes(change._replace(entries=(item,)))
        if entries and size_bytes + more_bytes > LARGEST_CHANGES_BYTES:
            yield change._replace(entries=tuple(entries))
            entries, size_bytes = [], 0
        entries.append(item)
        size_bytes += more_bytes
    yield change._replace(entries=tuple(entries))


def _size_bytes(change: Change) -> int:
    """About the bytes of a change in a segment, before it is compressed."""
    size_bytes = _CHANGE_OVERHEAD_BYTES
    for _, _, key, value in change.entries:
        kind = type(value)
        if kind is str or kind is bytes:
            size_bytes += 8 + len(value)
        elif kind is int or kind is bool:
            size_bytes += 10
        else:
            size_bytes += len(key) + _weight(value)
    return size_bytes


def _weight(value: object) -> int:
    if isinstance(value, str | bytes):
        return 8 + len(value)
    if isinstance(value, list | tuple):
        return 8 + sum(_weight(item) for item in value)
    if isinstance(value, dict):
        return 8 + sum(_weight(key) + _weight(item) for key, item in value.items())
    return 10
