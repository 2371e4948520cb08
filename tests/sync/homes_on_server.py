"""Homes of one account on one server, in one process: each is opened, used and closed again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.recovering import recover_home
from sealwax.base.clock import SetClock
from tests.homes import NOW_MS, environment, texts, write_threads
from tests.server.running import Running

FIRST, SECOND = "+15550100000", "+15550100001"
"""The first conversations of a phone."""


def phone_with(folder: Path, *sizes: int, seed: str = "threads") -> Path:
    """A phone with a conversation of each of these sizes."""
    folder.mkdir()
    write_threads(folder, sizes, seed=seed)
    return folder


class Household:
    """Some homes of one account on one server."""

    def __init__(self, folder: Path, server: Running, count: int = 2) -> None:
        self.url = server.url
        self.clock = SetClock(NOW_MS)
        self.env = environment(self.clock)
        self.homes = [folder / f"home{number}" for number in range(count)]
        invitation = server.parts.accounts.invite("somebody")
        self.recovery_key = create_home(self.homes[0], server.url, "home 0", self.env, invitation)
        for number, home in enumerate(self.homes[1:], 1):
            recover_home(home, server.url, self.recovery_key, f"home {number}", self.env)

    @contextmanager
    def agent(self, number: int) -> Iterator[Agent]:
        with open_agent(self.homes[number], self.env) as agent:
            yield agent

    def sync(self, *numbers: int) -> None:
        """Each of these syncs, and is verified."""
        for number in numbers:
            with self.agent(number) as agent:
                done = agent.sync.now()
                assert done.is_verified, done

    def texts(self, number: int, chat: str, at: str | None = None) -> list[str]:
        with self.agent(number) as agent:
            return texts(agent, chat, at)
