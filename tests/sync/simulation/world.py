"""What there is in a simulated account, and how its time goes."""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.stores.base import StoreError
from sealwax.stores.faulty import FaultyStore
from tests.homes import NOW_MS
from tests.lying_place import Lies, LyingStore
from tests.sync.simulation.account import begin
from tests.sync.simulation.clocks import DAY_MS, DeviceClock, TrueTime
from tests.sync.simulation.forging import Removed
from tests.sync.simulation.grace import Grace
from tests.sync.simulation.home import Home
from tests.sync.simulation.line import Chance
from tests.sync.simulation.place import Place
from tests.sync.simulation.size import Size


class World:
    """What happens to an account, by a seed. `homes` are the devices that are at work, two of which
    may be copies of one; `purged` are the messages that may be gone."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        size: Size,
        off_ms: Sequence[int],
        is_honest: bool = False,
        is_judging: bool = False,
    ) -> None:
        """`off_ms` is by how much the clock of each device is wrong at first. In an honest world
        nobody means harm, so no alarm may be raised. `is_judging`: see `Place`."""
        self.size = size
        self.is_honest = is_honest
        self.rng = random.Random(seed)
        self.entropy = TestOnlySeededEntropy(f"world {seed}")
        self.time = TrueTime(NOW_MS)
        self.place = Place(is_judging)
        self.faults = Chance(self.rng)
        self.lies = Lies()
        self.is_lied_to = False
        """Whether the place is lying just now."""
        self.operations = 0
        self.grace = Grace(self.time)
        self.removed: Removed | None = None
        self.was_removal_forgotten = False
        """Whether the removed device wrote where the place had forgotten that it is out: who has
        not heard of it takes that in at first."""
        self.may_be_forged = False
        """Whether what a removed device wrote may stay: a person took it in, or a device that had
        not heard of the removal did, before the place came back from yet another disk."""
        self.attacked: set[str] = set()
        """The messages that a harmful device took away: they may be gone until that is answered."""
        self.alone: set[str] = set()
        """The messages that the harmful device alone had when it took something away: no other
        device can miss what it never saw."""
        self.is_exact = True
        """Whether what libraries have is what the history holds: not after a device dropped what it
        does not tell again, before that is put back. So snapshots of then may change."""
        self.infected: Home | None = None
        """The device that means harm, if there is one."""
        self.taken: set[bytes] = set()
        """The records that a person deleted, purged or edited, on whichever device."""
        self.purged: set[str] = set()
        self.folder = folder
        self.begun = begin(self.place, len(off_ms), NOW_MS, self.entropy)
        self.homes = [
            self.new_home(f"device {number}", f"device{number}", member, off_ms[number])
            for number, member in enumerate(self.begun.members)
        ]
        for home in self.homes:
            home.open()

    def new_home(self, name: str, folder: str, member: MemberKeys, off_ms: int) -> Home:
        """A home of a device, to be opened next."""
        line = FaultyStore(LyingStore(self.place, self.lies), self.faults)
        clock = DeviceClock(self.time, off_ms)
        return Home(
            name, self.folder / folder, line, self.begun.account, member, clock, self.entropy
        )

    def run(self, turns: "Turns", operations: int, watch: "Act", check: "Act") -> None:
        """Lets things happen until so many operations were asked for in all; `turns` says how often
        each act is had. A device is watched after each of them, and checked now and then."""
        acts, weights = list(turns), list(turns.values())
        self.faults.is_faulty = True
        while self.operations < operations:
            self.faults.turn()
            home = self.rng.choice(self.homes)
            self.time.advance(self.rng.randrange(1, DAY_MS // 8))
            if not home.is_on and self.rng.random() < 0.2:
                home.switch(is_on=True)
            (act,) = self.rng.choices(acts, weights)
            is_whole = _did(act, self, home)
            if home in self.homes:
                watch(self, home)
            if is_whole and self.rng.random() < 0.02:
                check(self, home)

    def close(self) -> None:
        for home in self.homes:
            home.close()


def _did(act: "Act", world: World, home: Home) -> bool:
    """Whether an act was not cut off."""
    try:
        act(world, home)
    except StoreError:
        return False
    return True


Act: TypeAlias = Callable[[World, Home], None]
"""Something that a device does, or that befalls it; it may raise StoreError."""
Turns: TypeAlias = Mapping[Act, int]
"""Acts, and how often each of them is had beside the others."""
