"""Choices that come out the same for the same seed: what the made-up world is drawn from.

Nothing here is unpredictable, and no key is ever made from it; real randomness is `base.entropy`.
SHAKE-256 of the seed gives an endless row of 64-bit numbers, 4,096 at a time, so that a million
messages can be drawn in seconds.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_BLOCK_NUMBERS = 4096
_BLOCK = struct.Struct(f"<{_BLOCK_NUMBERS}Q")


class Chance:
    """A row of choices made from a seed."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.number = _numbers(seed).__next__
        """The next number: 0 to 2**64 - 1. For inner loops; the methods below read better."""

    def branch(self, name: str) -> "Chance":
        """A row of its own, so that drawing more in one place changes nothing in another."""
        return Chance(f"{self._seed}/{name}")

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return (self.number() * limit) >> 64

    def between(self, lowest: int, highest: int) -> int:
        """A whole number, both ends included."""
        return lowest + self.below(highest - lowest + 1)

    def fraction(self) -> float:
        """A number from 0 up to, and without, 1."""
        return (self.number() >> 11) * 2.0**-53

    def happens(self, share: float) -> bool:
        """Whether something that happens in this share of all cases happens now."""
        return self.fraction() < share

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely as the others."""
        return choices[(self.number() * len(choices)) >> 64]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All items in another order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(len(left))]

    def guid(self) -> str:
        """A name in the form Messages gives to its rows (a version 4 UUID in capitals)."""
        digits = f"{self.number():016X}{self.number():016X}"
        variant = "89AB"[int(digits[16], 16) & 3]
        return (
            f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
        )


def seeded_bytes(seed: str, count: int) -> bytes:
    """Bytes that look random and are the same for the same seed."""
    return hashlib.shake_256(seed.encode()).digest(count)


def _numbers(seed: str) -> Iterator[int]:
    block = 0
    while True:
        yield from _BLOCK.unpack(seeded_bytes(f"{seed}|{block}", _BLOCK.size))
        block += 1
