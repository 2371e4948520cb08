"""The person who is asked: about what a removed device wrote, and about what was taken away."""

from contextlib import suppress

from sealwax.agent.held import MARKED, Asked
from sealwax.stores.base import StoreError
from sealwax.sync.apply import SyncOutcome
from sealwax.sync.removed_tail import RemovedDeviceWrote
from sealwax.sync.repair import Answer
from sealwax.sync.trouble import last_trouble
from tests.homes import ignore
from tests.sync.simulation.alarms import check_asked
from tests.sync.simulation.checks import check_verified
from tests.sync.simulation.home import Home
from tests.sync.simulation.world import World

ACCEPTED = 0.15
"""So often what a removed device wrote is taken in."""


def sync_and_answer(world: World, home: Home) -> SyncOutcome:
    """Syncs, and answers what is asked then; gives the outcome of the last sync. What cannot be
    answered now is asked again."""
    done = home.sync()
    if _is_waiting_for_an_answer(home):
        done = home.device.sync.resolve(_about_removed(world), ignore)
    if done.is_verified:
        check_verified(world, home)
        world.place.safe.shared |= home.known.said
        world.grace.note(home.library.holdings.live_objects())
    check_asked(world, home)
    with suppress(StoreError):
        for asked in home.held.questions():
            # What was answered before it, or elsewhere meanwhile, may have settled it.
            if asked.number in {one.number for one in home.held.questions()}:
                _answer(world, home, asked)
    return done


def _is_waiting_for_an_answer(home: Home) -> bool:
    trouble = last_trouble(home.library.holdings)
    return trouble is not None and trouble.code == RemovedDeviceWrote.code


def _about_removed(world: World) -> Answer:
    if world.rng.random() >= ACCEPTED:
        return Answer.WITHOUT
    world.may_be_forged = True
    return Answer.ACCEPT


def _answer(world: World, home: Home, asked: Asked) -> None:
    """What no person took away comes back; of the rest, some. What is accepted may be purged."""
    if asked.number == MARKED:
        records = {row.uid for row in home.library.read.held_rows()}
    else:
        records = {row.record for row in home.library.guarded.losses.waiting(asked.number)}
    is_meant = not asked.snapshots and records <= world.taken
    is_accepted = is_meant and world.rng.random() < 0.5
    if is_accepted:
        world.purged |= world.attacked & {home.name_of(record) for record in records}
    home.held.answer(is_accepted, asked.number)
