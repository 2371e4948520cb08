"""`python -m benchmarks.new_device`: how soon a new device has a history that is on a server.

python -m benchmarks.new_device [--messages 100000] [--write]

A real server on loopback; a home that imported, and synced; two more that join with the recovery
key, each with a clock that runs from before it joins. The one is opened by a command, which waits
for the whole history. In the other the agent runs: another thread asks again and again until it
first gets a conversation and the end of it, as the page would.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.homes import environment, ignore, importing

from benchmarks.inside import Answer, words
from benchmarks.performance import tell
from benchmarks.server import served
from benchmarks.workload import write_first_day
from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.readers import Readers
from sealwax.agent.recovering import recover_home
from sealwax.base.errors import SealwaxError
from sealwax.vault.commit_part import Counts

ASKED_AGAIN_SECONDS = 0.05


class _Watch(threading.Thread):
    """Asks for the first conversation until it is there."""

    def __init__(self, readers: Readers) -> None:
        super().__init__(daemon=True)
        self._readers = readers
        self._is_over = threading.Event()
        self.at: float | None = None

    def run(self) -> None:
        while not self._is_over.wait(ASKED_AGAIN_SECONDS):
            with suppress(SealwaxError):
                if self._readers.read(_has_a_thread):
                    self.at = time.perf_counter()
                    return

    def stop(self) -> None:
        self._is_over.set()
        self.join()


def joined(folder: Path, messages: int) -> Iterator[Answer]:
    """A first home brings so many messages to a server; a second one fetches them."""
    phone = write_first_day(folder / "phone", messages, 0)
    env = environment()
    with served(folder / "server") as server:
        first = folder / "first"
        key = create_home(first, server.url, "first", env, server.invitation())
        importing(first, env, phone.path, is_confirmed=True)
        with open_agent(first, env) as agent:
            assert agent.sync.now(ignore).why == ""
            said = agent.device.history.library.counts()
        yield from _by_a_command(folder / "second", server.url, key, said)
        yield from _by_the_agent(folder / "third", server.url, key, said)


def _by_a_command(home: Path, url: str, key: str, said: Counts) -> Iterator[Answer]:
    env, began = environment(), time.perf_counter()
    recover_home(home, url, key, "second", env)
    with open_agent(home, env) as agent:
        taken = time.perf_counter() - began
        _need_all(agent, said)
    yield Answer("by a command: all readable and searchable", taken, "s")
    yield Answer("by a command: messages a second", said.messages / taken, "")


def _by_the_agent(home: Path, url: str, key: str, said: Counts) -> Iterator[Answer]:
    env, began = environment(), time.perf_counter()
    recover_home(home, url, key, "third", env)
    with open_agent(home, env, is_waiting=False) as agent:
        readers = Readers(agent)
        watch = _Watch(readers)
        watch.start()
        done = agent.sync.now(ignore)
        assert done.why == "", done
        ended_at = time.perf_counter()
        _need_all(agent, said)
        watch.stop()
        readers.close()
    first_at, taken = watch.at or ended_at, ended_at - began
    yield Answer("in the agent: first conversation readable", min(first_at, ended_at) - began, "s")
    yield Answer("in the agent: all readable and searchable", taken, "s")
    yield Answer("in the agent: messages a second", said.messages / taken, "")


def _need_all(agent: Agent, said: Counts) -> None:
    assert _has_a_thread(agent)
    assert agent.search(words(agent)[0])
    assert agent.device.history.library.counts() == said


def _has_a_thread(agent: Agent) -> bool:
    conversations = agent.conversations()
    return bool(conversations and agent.read(conversations[0].record, limit=50))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.new_device")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealwax-bench-") as name:
        answers = list(joined(Path(name), arguments.messages))
    tell(f"A new device, {arguments.messages:,} messages", answers, arguments.write)


if __name__ == "__main__":
    main()
