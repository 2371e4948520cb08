"""Homes for tests: made quickly, with a keyring in memory, so that no passphrase is stretched."""

from collections.abc import Callable, Iterable
from pathlib import Path
from zlib import crc32

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.device import Environment
from sealwax.agent.selecting import NothingMatches
from sealwax.base.clock import Clock, SetClock
from sealwax.base.entropy import SystemEntropy
from sealwax.demo.apple_database import AppleDatabase, MessageRow
from sealwax.demo.apple_time import nanoseconds
from sealwax.demo.chance import Chance
from sealwax.sources.apple.typedstream.plain import render

NOW_MS = 1_795_000_000_000
DAY_MS = 24 * 60 * 60 * 1000
THREADS = "threads"


class MemoryKeyring:
    """A keyring of the operating system, for one test."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._kept[service, username] = password


def environment(clock: Clock | None = None) -> Environment:
    """Real randomness, a clock that stands still, a keyring of its own."""
    return Environment(clock or SetClock(NOW_MS), SystemEntropy(), None, MemoryKeyring())


def made_home(folder: Path, env: Environment) -> tuple[Path, str]:
    """A new home and its recovery key."""
    home = folder / "home"
    return home, create_home(home, None, "test", env)


def importing(home: Path, env: Environment, *sources: Path, is_confirmed: bool = False) -> None:
    """Imports sources one after the other."""
    with open_agent(home, env) as agent:
        for source in sources:
            agent.import_source(source, ignore, is_confirmed)


def ignore(_: object) -> None:
    """A listener that does not listen."""


def write_threads(
    folder: Path, sizes: Iterable[int], end_ms: int = NOW_MS - DAY_MS, seed: str = THREADS
) -> list[int]:
    """A Messages database with direct threads of so many messages; gives the rows of the chats.
    Another seed tells other messages: with the same times they would be the same ones again."""
    chance = Chance(seed)
    end_ms -= crc32(seed.encode()) % 1000 if seed != THREADS else 0
    database = AppleDatabase(folder)
    chats = []
    for number, size in enumerate(sizes):
        address = f"+1555010{number:04d}"
        handle = database.handle(address)
        chat = database.direct_chat(address, handle)
        chats.append(chat)
        database.add_messages(
            said(chat, handle, chance.guid(), f"thread {number} message {at}", end_ms - at * 60_000)
            for at in range(size)
        )
    database.close()
    return chats


def said(chat: int, handle: int, guid: str, text: str, time_ms: int) -> MessageRow:
    """A received message."""
    date = nanoseconds(time_ms)
    return MessageRow(chat, guid, date, text, render(text), handle, 0, date_read=date + 10**9)


def changed(folder: Path, change: Callable[[AppleDatabase], object]) -> None:
    """Changes a Messages database as the Messages app would."""
    database = AppleDatabase(folder)
    change(database)
    database.close()


def texts(agent: Agent, chat: str, at: str | None = None) -> list[str]:
    """What is said in a conversation, oldest first; nothing when it is not there."""
    try:
        conversation = agent.conversation(chat, at)
    except NothingMatches:
        return []
    return [view.text for view in agent.read(conversation.record, at, 100_000)]
