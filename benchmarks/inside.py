"""What is measured inside the process: what a person waits for, without a program's start."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.programs import PASSPHRASE
from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent, system_environment
from sealwax.agent.home import LIBRARY_FILE
from sealwax.library.database import remove_files

QUESTIONS = 100
SNAPSHOTS = 9
OLDEST = "first"
_WORD = re.compile(r"\w{3,}")


class Answer(NamedTuple):
    """A name, a number and its unit."""

    name: str
    value: float
    unit: str


def measure(home: Path, messages: int) -> Iterator[Answer]:
    """Measures a home whose oldest snapshot is named `first`."""
    env = system_environment(PASSPHRASE)
    with open_agent(home, env) as agent:
        found = words(agent)
        yield Answer("search in the present, p95", _p95(found, agent.search), "ms")
        yield Answer(
            "search in the oldest snapshot, p95",
            _p95(found, lambda word: agent.search(word, OLDEST)),
            "ms",
        )
        yield Answer("opening the oldest snapshot", _milliseconds(lambda: _open(agent)), "ms")
        taken = sorted(
            _milliseconds(lambda name=f"taken {at + 1}": agent.create_snapshot(name))
            for at in range(SNAPSHOTS)
        )
        yield Answer("taking a snapshot, median", taken[SNAPSHOTS // 2], "ms")
        yield Answer("taking a snapshot, slowest", taken[-1], "ms")
    remove_files(home / LIBRARY_FILE)
    started = time.perf_counter()
    with open_agent(home, env):
        seconds = time.perf_counter() - started
    yield Answer("making the library anew, messages a second", messages / seconds, "")


def words(agent: Agent) -> list[str]:
    """Words as people said them, common and rare, from pages of the longest conversations."""
    found: dict[str, None] = {}
    for conversation in agent.conversations()[:20]:
        for message in agent.read(conversation.record, limit=200):
            found.update(dict.fromkeys(_WORD.findall(message.text or "")))
    listed = list(found)
    return listed[:: max(1, len(listed) // QUESTIONS)][:QUESTIONS]


def _open(agent: Agent) -> None:
    """What an app asks for first: the conversations, and the end of the newest."""
    newest = agent.conversations(OLDEST)[0]
    agent.read(newest.record, OLDEST)


def _p95(words: list[str], ask: Callable[[str], object]) -> float:
    taken = sorted(_milliseconds(lambda word=word: ask(word)) for word in words)
    return taken[int(len(taken) * 0.95)]


def _milliseconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1_000
