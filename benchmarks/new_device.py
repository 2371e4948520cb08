"""`python -m benchmarks.new_device`: how soon a new device has a history that is on a server.

python -m benchmarks.new_device [--messages 100000] [--write]

A real server on loopback; a home that imported, and synced; a second home that joins with the
recovery key. The clock runs from before it joins. "Conversations listed" is when another thread,
which asks again and again, first gets a conversation and the end of it, as the page would.
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
from sealwax.agent.bootstrap import create_home, open_agent, recover_home
from sealwax.agent.readers import Readers
from sealwax.base.errors import SealwaxError

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
        first, second = folder / "first", folder / "second"
        key = create_home(first, server.url, "first", env, server.invitation())
        importing(first, env, phone.path, is_confirmed=True)
        with open_agent(first, env) as agent:
            assert agent.sync.now(ignore).why == ""
            said = agent.devices._device.history.library.counts()
        began = time.perf_counter()
        recover_home(second, server.url, key, "second", env)
        with open_agent(second, env) as agent:
            opened_at = time.perf_counter()
            readers = Readers(agent)
            watch = _Watch(readers)
            watch.start()
            done = agent.sync.now(ignore)
            assert done.why == "", done
            ended_at = time.perf_counter()
            assert _has_a_thread(agent)
            assert agent.search(words(agent)[0])
            assert agent.devices._device.history.library.counts() == said
            watch.stop()
            readers.close()
    first_at = watch.at or ended_at
    yield Answer("joined and opened", opened_at - began, "s")
    yield Answer("first conversation readable", min(first_at, ended_at) - began, "s")
    yield Answer("all readable and searchable", ended_at - began, "s")
    yield Answer("messages a second", messages / (ended_at - began), "")


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
