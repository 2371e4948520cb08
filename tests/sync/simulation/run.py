"""One simulated world, from its beginning to its end."""

from contextlib import closing, suppress
from pathlib import Path

from sealwax.stores.base import StoreError
from tests.sync.simulation.acts import import_later_facts
from tests.sync.simulation.alarms import check_asked, check_quiet
from tests.sync.simulation.checks import check_end, check_some
from tests.sync.simulation.home import Home
from tests.sync.simulation.mishaps import come_back
from tests.sync.simulation.newcomer import check_newcomer
from tests.sync.simulation.person import sync_and_answer
from tests.sync.simulation.size import Size
from tests.sync.simulation.steady import steady
from tests.sync.simulation.stories import PLAIN, Story
from tests.sync.simulation.world import World

ROUNDS = 6
"""So many times everybody syncs before all devices have to say the same."""


def simulate(folder: Path, seed: int, size: Size, operations: int, story: Story = PLAIN) -> None:
    """Raises whatever a device raises that it must not, or AssertionError. The same arguments have
    the same world."""
    kind = (story.off_ms, story.is_honest, story.is_judging)
    with steady(), closing(World(folder, seed, size, *kind)) as world:
        world.run(story.turns, operations // 2, check_asked, check)
        come_back(world, world.homes[0])
        world.run(story.turns, operations, check_asked, check)
        finish(world)
        check_end(world)
        for home in world.homes:
            check_quiet(world, home)
        check_newcomer(world)


def check(world: World, home: Home) -> None:
    """What holds at any time."""
    check_some(world, home)
    check_quiet(world, home)


def finish(world: World) -> None:
    """All faults and lies end, everybody syncs, backs up, and answers."""
    world.faults.is_faulty = False
    world.lies.be_honest()
    world.is_lied_to = False
    for home in world.homes:
        home.switch(is_on=True)
    if world.infected is not None:
        # What the infected device signed last says what its own library has, and no other's.
        import_later_facts(world, world.homes[0])
    for number in range(ROUNDS):
        for home in world.homes:
            done = sync_and_answer(world, home)
            # What the place lost and another device alone has comes back with that one.
            assert done.why == "" or number < ROUNDS - 1, done
            with suppress(StoreError):
                home.device.sync.back_up()
    for home in world.homes:
        assert not home.held.questions()
        assert home.device.outbox.waiting().is_nothing
        assert home.device.sync.agrees()
