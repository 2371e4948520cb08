"""Threads that a database calls one are one conversation, until a person says that they are two."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.demo.apple_database import AppleDatabase
from sealwax.intake.apart import NotApart, NotJoined, apart
from tests.homes import NOW_MS, changed, environment, ignore, importing, made_home, said

NUMBER, MAIL = "+15550104444", "anna@example.org"


def _thread(database: AppleDatabase, address: str, person: str | None) -> None:
    handle = database.handle(address)
    if person is not None:
        database.connection.execute(
            "UPDATE handle SET person_centric_id = ? WHERE ROWID = ?", (person, handle)
        )
    chat = database.direct_chat(address, handle, "iMessage")
    database.add_messages(
        said(chat, handle, f"{address}-{at}", f"{address} {at}", NOW_MS - 10**8 + at * 60_000)
        for at in range(3)
    )


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    folder = tmp_path / "phone"
    for address in (NUMBER, MAIL):
        changed(folder, lambda database, address=address: _thread(database, address, "anna"))
    return folder


def _sizes(agent: Agent) -> list[int]:
    return sorted(view.messages for view in agent.conversations())


def test_one_person_with_two_addresses_is_one_conversation(agent: Agent) -> None:
    assert _sizes(agent) == [6]
    (view,) = agent.conversations()
    assert set(view.participants) == {NUMBER, MAIL}
    assert agent.conversation(MAIL).record == agent.conversation(NUMBER).record
    assert len(agent.search("example", select=Select(chats=(NUMBER,)))) == 3


def test_a_person_says_that_they_are_two_and_it_stays_so(agent: Agent, phone: Path) -> None:
    assert agent.grouping.set_apart(NUMBER) == 2
    assert _sizes(agent) == [3, 3]
    assert agent.import_source(phone, ignore, is_full=True).changed == 0
    changed(phone, lambda database: _thread(database, "anna@work.example", "anna"))
    agent.import_source(phone, ignore, is_full=True)
    assert _sizes(agent)[0] == 3
    assert agent.conversation(NUMBER).record != agent.conversation(MAIL).record
    assert agent.verify(ignore).is_sound


def test_what_was_set_apart_is_joined_again_when_a_person_says_so(
    agent: Agent, phone: Path
) -> None:
    with pytest.raises(NotApart):
        agent.grouping.put_together(NUMBER)
    agent.grouping.set_apart(NUMBER)
    assert agent.grouping.put_together(MAIL) == 2
    assert _sizes(agent) == [6]
    assert agent.import_source(phone, ignore, is_full=True).changed == 0
    agent.grouping.set_apart(MAIL)
    assert _sizes(agent) == [3, 3]


def test_a_clock_that_is_behind_says_it_all_the_same(agent: Agent) -> None:
    apart(agent._journal, agent._library.read.members(agent.conversation(NUMBER).record), now_ms=1)
    assert _sizes(agent) == [3, 3]


def test_what_was_never_joined_cannot_be_set_apart(agent: Agent, phone: Path) -> None:
    changed(phone, lambda database: _thread(database, "+15550109999", None))
    agent.import_source(phone, ignore)
    with pytest.raises(NotJoined):
        agent.grouping.set_apart("+15550109999")


def test_a_thread_that_is_known_already_is_joined_later(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    folder = tmp_path / "phone"
    for address in (NUMBER, MAIL):
        changed(folder, lambda database, address=address: _thread(database, address, None))
    importing(home, env, folder)
    with open_agent(home, env) as agent:
        agent.create_snapshot("two")
        assert _sizes(agent) == [3, 3]
        changed(
            folder,
            lambda database: database.connection.execute(
                "UPDATE handle SET person_centric_id = 'anna'"
            ),
        )
        agent.import_source(folder, ignore)
        assert _sizes(agent) == [6]
        assert agent._library.counts().conversations == 1
        # Nothing is told twice: each message is in one conversation.
        shared = agent._library.database.connection.execute("SELECT count(*) FROM also_in")
        assert shared.fetchone() == (0,)
        assert agent.verify(ignore).is_sound


def test_a_group_that_goes_on_under_another_id_is_one(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    folder = tmp_path / "phone"

    def write(database: AppleDatabase) -> None:
        handles = [database.handle(f"+1555010300{number}") for number in range(2)]
        for number in range(2):
            chat = database.group_chat(f"chat{number}", "Book club", handles, f"group-{number}")
            date_ms = NOW_MS - 10**8 + number * 60_000
            database.add_messages([said(chat, handles[0], f"m{number}", "words", date_ms)])
            database.connection.execute(
                "INSERT INTO chat_lookup (identifier, domain, chat) VALUES ('club', ?, ?)",
                (f"service {number}", chat),
            )

    changed(folder, write)
    importing(home, env, folder)
    with open_agent(home, env) as agent:
        assert _sizes(agent) == [2]
