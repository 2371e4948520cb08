"""The one place that draws randomness; everything else takes an `Entropy` as an argument."""

import hashlib
import os
from typing import Protocol


class Entropy(Protocol):
    """A source of unpredictable bytes."""

    def bytes(self, count: int) -> bytes:
        """`count` fresh bytes."""
        ...


class SystemEntropy:
    """The operating system's generator."""

    def bytes(self, count: int) -> bytes:
        return os.urandom(count)  # noqa: TID251 - this is the one place


class TestOnlySeededEntropy:
    """The same bytes for the same seed: for test vectors and simulations, never for real keys."""

    __test__ = False

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._drawn = 0

    def bytes(self, count: int) -> bytes:
        self._drawn += 1
        stream = hashlib.shake_256(self._seed + b"|" + str(self._drawn).encode())
        return stream.digest(count)
