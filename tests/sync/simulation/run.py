"""One simulated world, from its beginning to its end."""

from pathlib import Path

from tests.sync.simulation.checks import check_end, check_some
from tests.sync.simulation.mishaps import come_back
from tests.sync.simulation.newcomer import check_newcomer
from tests.sync.simulation.size import Size
from tests.sync.simulation.stories import PLAIN, Story
from tests.sync.simulation.world import World


def simulate(
    folder: Path, seed: int, size: Size, operations: int, story: Story = PLAIN
) -> None:
    """Raises whatever a device raises that it must not, or AssertionError."""
    world = World(folder, seed, size, story.off_ms)
    try:
        world.run(story.turns, operations // 2, check_some)
        come_back(world, world.homes[0])
        world.run(story.turns, operations, check_some)
        world.finish()
        check_end(world)
        check_newcomer(world)
    finally:
        world.close()
