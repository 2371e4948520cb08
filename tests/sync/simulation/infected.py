"""A device of the account that means harm: malware uses its keys beside the honest program."""

from sealwax.ledger.names import MESSAGES_ZONE, device_zone
from sealwax.trust.account import read_log
from tests.sync.simulation.forgeries import BREAKING, TAKING, Way
from tests.sync.simulation.forging import Forger, Standing
from tests.sync.simulation.home import Home
from tests.sync.simulation.world import World


def break_a_rule(world: World, home: Home) -> None:
    """Malware on the last device writes what the rules of the chain refuse, on every device."""
    _write(world, home, world.rng.choice(BREAKING))


def take_away(world: World, home: Home) -> None:
    """It writes what the other devices hold."""
    _write(world, home, world.rng.choice(TAKING))


def _write(world: World, home: Home, way: Way) -> None:
    world.operations += 1
    infected, disk = world.homes[-1], world.place.disk
    world.harmful.add(infected.name)
    forger = Forger(infected.device.history.keys, infected.member, infected.clock, world.entropy)
    log = read_log(disk, infected.account)
    zone = MESSAGES_ZONE
    if world.rng.random() < 0.3:
        zone = device_zone(home.member.member().id)
    told = way(world, infected.library)
    forger.append(disk, zone, told, Standing(log.head, log.newest.epoch))
