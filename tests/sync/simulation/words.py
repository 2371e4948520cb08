"""The conversations and messages of a simulated phone, and what is told of them later."""

import random

from sealwax.model.change import entry
from sealwax.model.field import CONVERSATION, EDIT, ORIGIN, REACTION, READ_NS, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.sources.base import Observation
from tests.homes import NOW_MS

CHATS = 8


def origin(number: int) -> str:
    """What a message is called by its source."""
    return f"m{number}"


def number_of(origin: str) -> int:
    """The number of a message, by what it is called."""
    assert origin.startswith("m"), f"“{origin}” was never sent."
    return int(origin.removeprefix("m"))


def chats() -> list[Observation]:
    """All conversations."""
    return [
        Observation(
            int(Kind.CONVERSATION),
            f"direct:{chat}",
            1,
            (entry(ORIGIN, ["imessage", f"direct:{chat}"]),),
        )
        for chat in range(CHATS)
    ]


def message(number: int) -> Observation:
    """A message as it was first sent."""
    time_ms = NOW_MS - 10**9 + number
    entries = (
        entry(ORIGIN, ["imessage", origin(number)]),
        entry(CONVERSATION, True, f"direct:{number % CHATS}"),
        entry(TIME_NS, time_ms * 1_000_000),
        entry(TEXT, f"words of message {number}"),
    )
    return Observation(int(Kind.MESSAGE), origin(number), time_ms, entries)


def later_fact(rng: random.Random, number: int, time_ms: int) -> Observation:
    """A receipt, a reaction or an edit."""
    chance = rng.random()
    if chance < 0.4:
        fact = entry(READ_NS, rng.randrange(10**15))
    elif chance < 0.97:
        fact = entry(REACTION, ["loved", None, f"t{number}"], f"0:{rng.randrange(3)}")
    else:
        # People edit few of their messages: many edits at once are asked about.
        wording = rng.randrange(100)
        key = f"0:{rng.randrange(3)}:{wording:016x}"
        fact = entry(EDIT, [time_ms, f"wording {wording}"], key)
    return Observation(int(Kind.MESSAGE), origin(number), time_ms, (fact,))
