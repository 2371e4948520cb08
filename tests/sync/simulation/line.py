"""What goes wrong on the lines between devices and their place."""

import random

from sealwax.stores.faulty import Fault

RATES = (0.0, 0.0, 0.02, 0.1)
"""So often a call fails: there are good days and bad ones."""
CHANGES = 0.1


class Killed(Exception):
    """The process is killed here; nothing of it goes on."""


class Chance:
    """Fails a call now and then, as long as it `is_faulty`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._rate = 0.0
        self.is_faulty = False

    def turn(self) -> None:
        """Another day may have come."""
        if self._rng.random() < CHANGES:
            self._rate = self._rng.choice(RATES)

    def __call__(self, _: str) -> Fault | None:
        if not self.is_faulty or self._rng.random() >= self._rate:
            return None
        return self._rng.choice(list(Fault))


class Countdown:
    """Kills at the n-th call."""

    def __init__(self, left: int) -> None:
        self._left = left

    def __call__(self, _: str) -> Fault | None:
        self._left -= 1
        if self._left <= 0:
            raise Killed("It is killed here.")
        return None
