"""The person who is asked: about what a removed device wrote, and about what was taken away."""

from sealwax.sync.apply import SyncOutcome
from sealwax.sync.removed_tail import RemovedDeviceWrote
from sealwax.sync.repair import Answer
from sealwax.sync.trouble import last_trouble
from tests.homes import ignore
from tests.sync.simulation.home import Home
from tests.sync.simulation.world import World

ACCEPTED = 0.0
"""So often what a removed device wrote is taken in."""


def answer_trouble(world: World, home: Home, done: SyncOutcome) -> SyncOutcome:
    """Answers where a sync waits for it; gives the outcome of that, or of the sync."""
    trouble = last_trouble(home.library.holdings)
    if trouble is None or trouble.code != RemovedDeviceWrote.code:
        return done
    answer = Answer.WITHOUT
    if world.rng.random() < ACCEPTED:
        answer, world.is_accepted = Answer.ACCEPT, True
    return home.device.sync.resolve(answer, ignore)
