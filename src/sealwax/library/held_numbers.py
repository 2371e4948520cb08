"""Numbers of records in memory, while a library is filled: quicker than an index on the disk.

Ids are random, so each new one falls into another page of an index. Of an id this table keeps 32
bits and the number, 8 bytes in all, so it tells which numbers an id may have; whoever asks compares
the id in that row.
"""

from array import array
from collections.abc import Iterable, Sequence

HELD_LIMIT = 2**21
"""So many are held at most, in 32 MiB: memory does not grow with the history."""
_FIRST_SLOTS, _GROWTH = 2**14, 2
_LOW = 2**32 - 1
_FREE = 0


class HeldNumbers:
    """A hash table with open addressing, at most half full. The hash is Python's own, which is
    keyed anew for each process: nobody can choose ids that collide."""

    def __init__(self) -> None:
        self._slots = _free(_FIRST_SLOTS)
        self._count = 0

    @property
    def is_full(self) -> bool:
        return self._count >= HELD_LIMIT

    def add(self, uids: Sequence[bytes], numbers: Iterable[int]) -> None:
        """Takes in new records; a number is from 1 to 2^32 - 1."""
        self._count += len(uids)
        while self._count * 2 > len(self._slots):
            self._grow()
        slots, mask = self._slots, len(self._slots) - 1
        for hashed, number in zip(map(hash, uids), numbers, strict=True):
            at = hashed & mask
            while slots[at]:
                at = (at + 1) & mask
            slots[at] = (hashed & _LOW) << 32 | number

    def candidates(self, uids: Iterable[bytes]) -> list[int]:
        """The numbers that these records may have, those of all that are known among them."""
        slots, mask = self._slots, len(self._slots) - 1
        found: list[int] = []
        for hashed in map(hash, uids):
            at = hashed & mask
            while entry := slots[at]:
                if entry >> 32 == hashed & _LOW:
                    found.append(entry & _LOW)
                at = (at + 1) & mask
        return found

    def _grow(self) -> None:
        entries, self._slots = self._slots, _free(len(self._slots) * _GROWTH)
        slots, mask = self._slots, len(self._slots) - 1
        for entry in entries:
            if entry:
                at = entry >> 32 & mask
                while slots[at]:
                    at = (at + 1) & mask
                slots[at] = entry


def _free(slots: int) -> "array[int]":
    return array("Q", (_FREE,)) * slots
