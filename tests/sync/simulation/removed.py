"""A removed device that goes on writing with its real keys, whatever the account says of it."""

from sealwax.ledger.commit import parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, device_zone
from sealwax.stores.memory import MemoryStore
from sealwax.trust.account import read_log
from tests.sync.simulation.checks import forged
from tests.sync.simulation.forgeries import TAKING, junk
from tests.sync.simulation.forging import Forger, Removed, Standing
from tests.sync.simulation.home import Home
from tests.sync.simulation.world import World

QUICK = 4
"""So many commits a removed device may write before anybody else does."""


def remove_device(world: World, home: Home) -> None:
    """The last device is put out by another one; what it had not shared is lost with it."""
    gone = world.homes[-1]
    if world.removed is not None or home is gone:
        return
    world.operations += 1
    log = read_log(world.place.disk, gone.account)
    standing, disk = Standing(log.head, log.newest.epoch), world.place.copy_disk()
    try:
        home.devices.revoke(gone.name)
    finally:
        if _knows(world.place.disk, gone.account, gone.member.member().id):
            keys = gone.device.history.keys
            forger = Forger(keys, gone.member, gone.clock, world.entropy)
            world.removed = Removed(forger, gone.account, standing, disk)
            gone.close()
            world.homes.remove(gone)


def write_although_removed(world: World, _: Home) -> None:
    """The removed device appends something to a history at the place. While the place knows of the
    removal and its histories are open still, it has to hurry: what it writes then may count, so
    that is left out."""
    removed, disk = world.removed, world.place.disk
    if removed is None:
        return
    zones = [MESSAGES_ZONE, *(device_zone(home.member.member().id) for home in world.homes)]
    zone, standing = world.rng.choice(zones), removed.standing
    if not _knows(disk, removed.account, removed.forger.device):
        log = read_log(disk, removed.account)
        standing = Standing(log.head, log.newest.epoch)
        world.was_removal_forgotten = True
    elif not is_closed(disk, zone, standing.position):
        return
    world.operations += 1
    ways = (junk, *TAKING)
    told = world.rng.choice(ways)(world, world.rng.choice(world.homes).library)
    removed.forger.append(disk, zone, told, standing)


def forget_removal(world: World, home: Home) -> None:
    """The place comes back from a disk that is older than the removal, and the removed device is
    the first to write."""
    if world.removed is not None:
        world.operations += 1
        world.may_be_forged |= world.was_removal_forgotten and any(map(forged, world.homes))
        world.place.put_back(world.removed.disk)
        for _ in range(world.rng.randrange(1, QUICK)):
            write_although_removed(world, home)


def _knows(disk: MemoryStore, account: bytes, device: bytes) -> bool:
    """Whether the log at the place has the removal."""
    return device not in read_log(disk, account).newest.devices


def is_closed(disk: MemoryStore, zone: str, position: int) -> bool:
    """Whether a commit of a zone names a position behind the removal."""
    seqs = range(disk.head_seq(zone), -1, -1)
    return any(parse_commit(disk.get_commit(zone, seq)).header.position > position for seq in seqs)
