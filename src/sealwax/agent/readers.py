"""Reading a home from many threads, while one other thread writes to it.

Each reader has a connection of its own to the library. Reading waits for nobody but other readings,
when more are asked for at once than there are readers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import LifoQueue
from threading import Lock
from typing import TypeVar

from sealwax.agent.api import Agent
from sealwax.library.database import naming_damage

READERS_LIMIT = 4
"""A connection has a cache of its own, so there are few."""

T = TypeVar("T")


class Readers:
    """A handful of read-only agents, made when they are first needed."""

    def __init__(self, writer: Agent, limit: int = READERS_LIMIT) -> None:
        self._writer = writer
        writer.expect_readers()
        self._idle: LifoQueue[Agent | None] = LifoQueue()
        for _ in range(limit):
            self._idle.put(None)
        self._limit = limit
        self._making = Lock()

    def read(self, ask: Callable[[Agent], T]) -> T:
        """Asks a read-only agent something, as of one moment. What is given back must be complete:
        an iterator that reads later would read another moment."""
        with self.borrowed() as agent:
            return ask(agent)

    @contextmanager
    def borrowed(self) -> Iterator[Agent]:
        """A reader for a while; use it in one thread, and do not keep it."""
        known = self._idle.get()
        agent: Agent | None = known
        try:
            if agent is None:
                with self._making:
                    agent = self._writer.reader()
            with naming_damage(), agent.standing_still():
                yield agent
        finally:
            self._idle.put(agent)

    def close(self) -> None:
        """Waits for those that read, and closes all."""
        for _ in range(self._limit):
            agent = self._idle.get()
            if agent is not None:
                agent.close()
