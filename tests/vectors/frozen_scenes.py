"""The vaults that are frozen: each made with the program, from databases of Messages."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.device import Environment
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import Select
from sealwax.base.clock import SetClock
from sealwax.demo.world import write_world
from tests.homes import DAY_MS, NOW_MS, environment, ignore, write_threads

FIRST, SECOND, THIRD = (f"+1555010{number:04d}" for number in range(3))


class Made(NamedTuple):
    """The folder of a vault, its recovery key, and words that must be nowhere in it."""

    vault: Path
    recovery_key: str
    gone: tuple[str, ...] = ()


class Scene:
    """A vault in a folder that is being made, and the homes that share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vault = folder / "vault"
        self.clock = SetClock(NOW_MS)
        self.env: Environment = environment(self.clock)
        self.homes = [folder / "home 0"]
        self.recovery_key = create_home(self.homes[0], str(self.vault), "laptop", self.env)

    def join(self, name: str) -> Path:
        home = self.folder / f"home {len(self.homes)}"
        recover_home(home, str(self.vault), self.recovery_key, name, self.env)
        self.homes.append(home)
        return home

    def does(self, number: int, *acts: Callable[[Agent], object]) -> None:
        """A device does something each day."""
        for act in acts:
            with open_agent(self.homes[number], self.env) as agent:
                act(agent)
            self.clock.advance(DAY_MS)

    def phone(self, seed: str, *sizes: int) -> Callable[[Agent], object]:
        """To import a phone with so many messages in each conversation."""
        folder = self.folder / f"phone {seed}"
        if not folder.exists():
            folder.mkdir()
            write_threads(folder, sizes, seed=seed)
        return lambda agent: agent.import_source(folder, ignore)

    def made(self, *gone: str) -> Made:
        return Made(self.vault, self.recovery_key, gone)


def everyday(folder: Path) -> Made:
    """Groups, reactions, edits, photos; something in the trash; a snapshot from before."""
    scene = Scene(folder)
    world = folder / "world"
    write_world(world, NOW_MS - DAY_MS, talks=6, photos=2)
    scene.does(
        0,
        lambda agent: agent.import_source(world, ignore),
        scene.phone("threads", 4, 3),
        lambda agent: agent.create_snapshot("before the deletion"),
        lambda agent: agent.delete(Select((SECOND,))),
    )
    return scene.made()


SCENES: dict[str, Callable[[Path], Made]] = {
    "everyday": everyday,
}
