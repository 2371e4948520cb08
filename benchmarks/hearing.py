"""How soon a message that one device writes is readable on the others, by the server's events.

Each device is a home in a process of its own. The time counts from before the first device seals
and commits until another one has the message in its library and has read its conversation.
"""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import NamedTuple

from tests.homes import NOW_MS, environment, ignore
from tests.sync.devices import ListSource

from benchmarks.counted_line import CountedLine
from benchmarks.inside import Answer
from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.device import Environment
from sealwax.agent.recovering import recover_home
from sealwax.intake.apply import Intake
from sealwax.ledger.wire import Event
from sealwax.model.change import entry
from sealwax.model.field import CONVERSATION, ORIGIN, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.sources.base import Observation
from sealwax.stores.base import StoreError

DEVICES = 10
MESSAGES = 40
COUNTED_MESSAGES = 20
SETTLING_SECONDS = 1.0
CHAT = "direct:somebody"
PAUSE_SECONDS = 0.25
_FORKED = multiprocessing.get_context("fork")


class _Ear(NamedTuple):
    process: multiprocessing.context.ForkProcess
    told: Pipe


def hearing(folder: Path, url: str, invitation: str) -> Iterator[Answer]:
    """Waits of all devices for all messages."""
    with _heard(folder, url, invitation) as (agent, ears):
        waits: list[float] = []
        for number in range(1, MESSAGES + 1):
            began = time.monotonic()
            _write(agent, number)
            waits += [_readable_at(ear, number) - began for ear in ears]
            # People do not write as fast as machines.
            time.sleep(PAUSE_SECONDS)
    waits.sort()
    middle, late = waits[len(waits) // 2], waits[len(waits) * 95 // 100]
    yield Answer(f"commit to readable on {DEVICES - 1} others, median", middle * 1_000, "ms")
    yield Answer("commit to readable, p95", late * 1_000, "ms")


def hearing_bytes(folder: Path, line: CountedLine, invitation: str) -> Iterator[Answer]:
    """What goes through the server for one message, headers included, both ways."""
    with _heard(folder, line.url, invitation) as (agent, ears):
        time.sleep(SETTLING_SECONDS)
        before = line.size_bytes
        for number in range(1, COUNTED_MESSAGES + 1):
            _write(agent, number)
            for ear in ears:
                _readable_at(ear, number)
            time.sleep(PAUSE_SECONDS)
        time.sleep(SETTLING_SECONDS)
        size_bytes = line.size_bytes - before
    each = size_bytes / COUNTED_MESSAGES / DEVICES
    yield Answer(f"one message, through the server for each of {DEVICES} devices", each, "B")


@contextmanager
def _heard(folder: Path, url: str, invitation: str) -> Iterator[tuple[Agent, list[_Ear]]]:
    """The device that writes, and the others, which listen."""
    folder.mkdir(parents=True)
    env = environment()
    homes = [folder / f"home{number}" for number in range(DEVICES)]
    key = create_home(homes[0], url, "device 0", env, invitation)
    for number, home in enumerate(homes[1:], 1):
        recover_home(home, url, key, f"device {number}", env)
    with open_agent(homes[0], env) as agent:
        _write(agent, 0)
    ears = [_started(home, env) for home in homes[1:]]
    with open_agent(homes[0], env) as agent:
        yield agent, ears
    for ear in ears:
        ear.process.terminate()
        ear.process.join()


def _started(home: Path, env: Environment) -> _Ear:
    here, there = _FORKED.Pipe(duplex=False)
    process = _FORKED.Process(target=_listen, args=(home, env, there), daemon=True)
    process.start()
    assert here.recv() == -1
    return _Ear(process, here)


def _listen(home: Path, env: Environment, told: Pipe) -> None:
    """One device: it tells how many messages it has, and when, after each event."""
    events: Queue[Event | None] = Queue()
    with open_agent(home, env) as agent:

        def hear() -> None:
            with suppress(StoreError):
                for event in agent.sync.listen():
                    events.put(event)

        Thread(target=hear, daemon=True).start()
        while events.get() is not None:
            """The first sign of the line comes before any event."""
        agent.sync.pull()
        told.send(-1)
        while True:
            event = events.get()
            if event is None:
                continue
            agent.sync.heard(event)
            (conversation,) = agent.conversations()
            newest = agent.read(conversation.record)[-1]
            told.send((int(newest.text.rpartition(" ")[2]), time.monotonic()))


def _readable_at(ear: _Ear, number: int) -> float:
    """When the message was readable there."""
    while True:
        found, at = ear.told.recv()
        if found >= number:
            return float(at)


def _write(agent: Agent, number: int) -> None:
    """One message, as an import of it writes it."""
    time_ms = NOW_MS - 10**9 + number
    origin = (entry(ORIGIN, ["imessage", CHAT]),)
    entries = (
        entry(ORIGIN, ["imessage", f"m{number}"]),
        entry(CONVERSATION, True, CHAT),
        entry(TIME_NS, time_ms * 1_000_000),
        entry(TEXT, f"A message of some words, as people write them, number {number}"),
    )
    device = agent.devices._device
    Intake(
        ListSource(
            [
                Observation(int(Kind.CONVERSATION), CHAT, NOW_MS - 10**9, origin),
                Observation(int(Kind.MESSAGE), f"m{number}", time_ms, entries),
            ],
            time_ms,
        ),
        device.history.library,
        device.journal,
        device.history.keys.roots,
        ignore,
        ignore,
        True,
        now_ms=NOW_MS,
    ).run()
