"""What goes wrong on the lines between devices and their place."""

import random

from sealwax.stores.faulty import Fault

FAULTS = 0.06
"""So often a call fails."""


class Killed(Exception):
    """The process is killed here; nothing of it goes on."""


class Chance:
    """Fails a call now and then, as long as it `is_faulty`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.is_faulty = False

    def __call__(self, _: str) -> Fault | None:
        if not self.is_faulty or self._rng.random() > FAULTS:
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
