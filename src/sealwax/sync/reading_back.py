"""Reading back what a place keeps: fetching objects from the place itself, and hashing them.

A place that says that it has an object may be wrong, or lie. Only its bytes prove it. All of them
take as long as the line is slow, so a part is chosen by chance, which the place cannot foresee.
"""

import hashlib
from collections.abc import Callable, Mapping
from math import ceil
from typing import NamedTuple

from sealwax.base.entropy import Entropy
from sealwax.stores.mirror import MirrorStore

TOGETHER = 64
_SALT_BYTES = 32


class Reading(NamedTuple):
    """How much is to be read back: a share of the objects (0 to 1), and at most so many bytes of
    them, beyond the first; None: no limit."""

    share: float = 0.0
    most_bytes: int | None = None


NOTHING = Reading()
EVERYTHING = Reading(1.0)
SAMPLE = Reading(0.02, 64 * 1024 * 1024)
"""What the agent reads back when it checks everything, once a month."""


class ReadBack(NamedTuple):
    """What came of it: how many objects and bytes were read and are whole, those that are not, and
    how many of these were sent again and are whole now."""

    objects: int
    size_bytes: int
    lost: tuple[bytes, ...]
    healed: int


def chosen(sizes: Mapping[bytes, int], reading: Reading, entropy: Entropy) -> list[bytes]:
    """The objects to be read back, by chance; `sizes` has all of them with their bytes."""
    salt = entropy.bytes(_SALT_BYTES)
    names = sorted(sizes, key=lambda name: hashlib.sha256(salt + name).digest())
    wanted = names[: ceil(reading.share * len(names))]
    if reading.most_bytes is None:
        return wanted
    some, size_bytes = list[bytes](), 0
    for name in wanted:
        size_bytes += sizes[name]
        if some and size_bytes > reading.most_bytes:
            break
        some.append(name)
    return some


def read_back(
    mirror: MirrorStore, names: list[bytes], report: Callable[[int], object] = lambda _: None
) -> ReadBack:
    """Fetches these objects from the place and hashes them. What is not whole there and is here is
    sent again, and read once more. Raises FarAway or FarFull."""
    read, lost = _read(mirror, names, report)
    size_bytes, healed = sum(read.values()), 0
    if lost:
        # It has to know: what is damaged there is missing from then on, and may be put again.
        mirror.lost_far(lost, is_read=True)
        if mirror.heal(lost):
            back, lost = _read(mirror, lost, lambda _: None)
            healed = len(back)
    return ReadBack(len(read), size_bytes, tuple(lost), healed)


def bring_back(mirror: MirrorStore, names: list[bytes]) -> ReadBack:
    """As `read_back`, whatever the place says of having them: what does not come back is sent again
    unasked, and read once more."""
    read, lost = _read(mirror, names, lambda _: None)
    healed = 0
    if lost:
        mirror.lost_far(lost, is_read=True)
        mirror.put_again(lost)
        back, lost = _read(mirror, lost, lambda _: None)
        read, healed = {**read, **back}, len(back)
    return ReadBack(len(read), sum(read.values()), tuple(lost), healed)


def _read(
    mirror: MirrorStore, names: list[bytes], report: Callable[[int], object]
) -> tuple[dict[bytes, int], list[bytes]]:
    """The sizes of the objects that are whole, and the names of the others."""
    read: dict[bytes, int] = {}
    for start in range(0, len(names), TOGETHER):
        report(start)
        for name, data in mirror.read_far(names[start : start + TOGETHER]):
            read[name] = len(data)
    return read, [name for name in names if name not in read]
