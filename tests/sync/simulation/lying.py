"""A place that answers falsely for a while, and then honestly again."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, device_zone
from tests.lying_place import (
    Chain,
    ChainLie,
    backwards,
    doubled,
    ended,
    flipped,
    followed_by,
    one_bit_off,
    replaced,
    swapped,
    without,
)
from tests.sync.simulation.home import Home
from tests.sync.simulation.world import World

NEAR_THE_END = 6
"""Lies are about the newest commits: those that somebody is going to fetch."""
BYTE = 60
"""Which byte of a sealed object is wrong."""

Lie: TypeAlias = Callable[[World, Home], None]


def tell_lies(world: World, home: Home) -> None:
    """The place begins to lie, or tells another lie."""
    world.operations += 1
    world.lies.be_honest()
    world.rng.choice(LIES)(world, home)
    world.is_lied_to = True


def tell_the_truth(world: World, _: Home) -> None:
    world.operations += 1
    world.lies.be_honest()
    world.is_lied_to = False


def _about_a_chain(world: World, home: Home) -> None:
    """Swapped, missing, doubled, damaged, old, foreign commits."""
    own = device_zone(home.member.member().id)
    zone = world.rng.choice((MESSAGES_ZONE, MESSAGES_ZONE, ACCOUNT_ZONE, own))
    head_seq = world.place.head_seq(zone)
    seq = world.rng.randrange(max(1, head_seq - NEAR_THE_END), max(2, head_seq + 1))
    foreign = world.place.get_commit(ACCOUNT_ZONE, 0)
    lies: tuple[ChainLie, ...] = (
        swapped(seq - 1, seq),
        without(seq),
        doubled(seq),
        flipped(seq),
        ended(seq - 1),
        backwards,
        replaced(seq, foreign),
        followed_by(foreign),
        followed_by(b"no commit"),
    )
    world.lies.chains = {zone: partial(_lied, world.rng.choice(lies), seq)}


def _lied(lie: ChainLie, seq: int, commits: Chain) -> Chain:
    """A chain that has become too short to be lied about is told as it is."""
    return lie(commits) if seq < len(commits) else commits


def _about_objects(world: World, _: Home) -> None:
    """Every third object is damaged, or is not there."""
    is_damaged = world.rng.random() < 0.5

    def told(name: bytes, data: bytes) -> bytes:
        if name[0] % 3 or not data:
            return data
        return one_bit_off(data, BYTE) if is_damaged else b""

    world.lies.objects = told


def _about_presence(world: World, _: Home) -> None:
    """Nothing is said to be there, or everything."""
    is_all = world.rng.random() < 0.5
    world.lies.present = lambda asked, _: set(asked) if is_all else set()


def _forgets(world: World, _: Home) -> None:
    """What is put there is said to be kept, and thrown away."""
    world.lies.keeps_objects = False


LIES: tuple[Lie, ...] = (
    _about_a_chain,
    _about_a_chain,
    _about_a_chain,
    _about_objects,
    _about_presence,
    _forgets,
)
