"""A person is found by any spelling of their number, and nobody else is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.demo.apple_database import AppleDatabase
from tests.homes import NOW_MS, changed, environment, importing, made_home, said

PEOPLE = (
    ("+15550112233", "us"),
    ("5550114455", "us"),
    ("+442079460958", "gb"),
    ("+15550119999", "us"),
    ("+49555011223", "de"),
)


def _fill(database: AppleDatabase) -> None:
    for at, (address, country) in enumerate(PEOPLE):
        handle = database.handle(address, country=country)
        chat = database.direct_chat(address, handle)
        told = said(chat, handle, f"guid {at}", f"hello {at}", NOW_MS - 10**8 + at * 60_000)
        database.add_messages([told, told._replace(guid=f"mine {at}", is_from_me=1)])


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    env = environment()
    home, _ = made_home(tmp_path, env)
    changed(tmp_path / "phone", _fill)
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as opened:
        yield opened


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("+15550112233", {"hello 0"}),
        ("(555) 011-2233", {"hello 0"}),
        ("1-555-011-2233", {"hello 0"}),
        ("5550112233", {"hello 0"}),
        ("555-011-4455", {"hello 1"}),
        ("+1 555 011 4455", {"hello 1"}),
        ("+44 20 7946 0958", {"hello 2"}),
        ("0112233", set()),
        ("555011223", set()),
    ],
)
def test_a_number_is_found_however_it_is_spelt(agent: Agent, typed: str, found: set[str]) -> None:
    hits = agent.search("hello", select=Select(people=(typed,)))
    assert {hit.message.text for hit in hits} == found
    assert len(hits) == 2 * len(found)
    moment = agent._library.now()
    rows = agent._library.read.messages(agent._selection(Select(people=(typed,)), moment), moment)
    assert len(list(rows)) == 2 * len(found)


def test_a_conversation_is_found_by_the_national_spelling(agent: Agent) -> None:
    meant = agent.conversation("+15550112233").record
    assert agent.conversation("(555) 011-2233").record == meant
