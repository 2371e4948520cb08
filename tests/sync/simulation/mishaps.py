"""What befalls the devices of a simulated account, and the place that they share."""

from itertools import combinations

from sealwax.stores.faulty import FaultyStore
from tests.homes import ignore
from tests.sync.simulation.acts import collect_unheld, sync
from tests.sync.simulation.checks import forged
from tests.sync.simulation.clocks import DAY_MS, YEAR_MS
from tests.sync.simulation.home import Home
from tests.sync.simulation.line import Countdown, Killed
from tests.sync.simulation.world import World

JUMPS_MS = (0, -7 * YEAR_MS, -20 * YEAR_MS, 3 * YEAR_MS, 70 * YEAR_MS)
"""By how much a clock may be wrong after a jump."""
MONTHS_MS = (31 * DAY_MS, 100 * DAY_MS)


def kill(world: World, home: Home) -> None:
    """In the middle of a sync, then the home is opened again."""
    world.operations += 1
    mirror = home.device.mirror
    assert mirror is not None
    mirror.far = FaultyStore(mirror.far, Countdown(world.rng.randrange(1, 12)))
    try:
        home.device.sync.now(ignore)
    except Killed:
        pass
    finally:
        home.kill(is_library_lost=world.rng.random() < 0.1)


def copy_disk(world: World, _: Home) -> None:
    """Of the place."""
    world.operations += 1
    world.place.remember()


def come_back(world: World, _: Home) -> None:
    """The place comes back from an old disk."""
    world.operations += 1
    world.may_be_forged |= world.was_removal_forgotten and any(map(forged, world.homes))
    world.place.come_back(world.rng)


def jump(world: World, home: Home) -> None:
    """A clock is set to another year, or to the right time."""
    world.operations += 1
    home.clock.off_ms = world.rng.choice(JUMPS_MS)


def pass_months(world: World, home: Home) -> None:
    """Nobody does anything for months; then one device compacts."""
    world.time.advance(world.rng.randrange(*MONTHS_MS))
    sync(world, home)
    collect_unheld(world, home)


def take_image(world: World, home: Home) -> None:
    """Of a home's disk."""
    world.operations += 1
    home.images = [*home.images, home.take_image()][-2:]


def put_back(world: World, home: Home) -> None:
    """A home's disk is replaced by an image of it: what it said since and was nowhere else is
    gone."""
    world.operations += 1
    if home.images:
        home.close()
        home.put_back(world.rng.choice(home.images))
        home.open_again()


def clone(world: World, home: Home) -> None:
    """A copy of a home's disk is brought to work beside it."""
    world.operations += 1
    if copies(world) is None:
        folder = f"{home.folder.name}.copy{world.operations}"
        other = world.new_home(home.name, folder, home.member, home.clock.off_ms)
        other.put_back(home.take_image())
        other.open_again()
        world.homes.append(other)


def end_clone(world: World, _: Home) -> None:
    """One of two copies of a home is gone for good, and what it alone had."""
    world.operations += 1
    pair = copies(world)
    if pair is not None:
        gone = world.rng.choice(pair)
        gone.close()
        world.homes.remove(gone)


def copies(world: World) -> tuple[Home, Home] | None:
    """Two homes that are copies of one, if there are any."""
    for one, other in combinations(world.homes, 2):
        if one.member is other.member:
            return one, other
    return None
