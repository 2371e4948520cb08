"""A device of the account that means harm: malware uses its keys beside it."""

from sealwax.ledger.names import MESSAGES_ZONE, device_zone
from sealwax.trust.account import open_for_device, read_log
from tests.sync.simulation.forgeries import BREAKING, TAKING, Way, junk
from tests.sync.simulation.forging import Forger, Standing
from tests.sync.simulation.home import Home
from tests.sync.simulation.removed import is_closed
from tests.sync.simulation.world import World

INFECTED = 1
"""The number of the device."""


def break_a_rule(world: World, home: Home) -> None:
    """It writes what the rules of the chain refuse, on every device."""
    _write(world, home, world.rng.choice(BREAKING))


def take_away(world: World, home: Home) -> None:
    """It writes what the chain lets it, and the other devices hold or put back."""
    world.is_exact = False
    infected = world.homes[INFECTED]
    others = (one.origins() for one in world.homes if one is not infected)
    world.alone |= infected.known.said.difference(*others)
    _write(world, home, world.rng.choice(TAKING))


def write_into_an_own_zone(world: World, home: Home) -> None:
    """It writes a message as if another device had said it: into that one's own zone."""
    infected, disk = world.homes[INFECTED], world.place.disk
    if home is infected:
        return
    world.operations += 1
    log, zone = read_log(disk, infected.account), device_zone(home.member.member().id)
    standing = Standing(log.head, log.newest.epoch)
    _forger(world).append(disk, zone, junk(world, home.library), standing)


def write_out_of_time(world: World, _: Home) -> None:
    """It says that the account is what it was before a device was put out: by the position that it
    names, or by the keys that it writes under."""
    infected, disk = world.homes[INFECTED], world.place.disk
    log = read_log(disk, infected.account)
    if log.newest.epoch == 0 or not is_closed(disk, MESSAGES_ZONE, log.head - 1):
        return
    world.operations += 1
    positions = range(log.head + 1)
    old = max(at for at in positions if log.states[at].epoch < log.newest.epoch)
    position = world.rng.choice((old, log.head))
    standing = Standing(position, log.states[old].epoch)
    _forger(world).append(disk, MESSAGES_ZONE, junk(world, infected.library), standing)


def _write(world: World, home: Home, way: Way) -> None:
    world.operations += 1
    infected, disk = world.homes[INFECTED], world.place.disk
    log = read_log(disk, infected.account)
    zone = MESSAGES_ZONE
    if world.rng.random() < 0.3:
        zone = device_zone(home.member.member().id)
    standing = Standing(log.head, log.newest.epoch)
    honest = world.rng.choice([one for one in world.homes if one is not infected])
    _forger(world).append(disk, zone, way(world, honest.library), standing)


def _forger(world: World) -> Forger:
    infected = world.infected = world.homes[INFECTED]
    # Whoever has the device's keys opens what the log seals to it, whether it has synced or not.
    keys = open_for_device(read_log(world.place.disk, infected.account), infected.member)
    return Forger(keys, infected.member, infected.clock, world.entropy)
