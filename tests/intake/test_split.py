"""One person is one conversation; it can be shown apart by service, and together again."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.selecting import SeveralMatch
from sealwax.demo.apple_database import AppleDatabase
from sealwax.intake.split import NothingToSplit, NotSplit, part_id
from tests.homes import NOW_MS, changed, ignore, said, texts

ADDRESS = "+15550104444"
ALL = [f"{service} {at}" for at in range(4) for service in ("iMessage", "SMS")]


def _write(database: AppleDatabase, service: str, first: int, count: int) -> None:
    rows = database.connection.execute("SELECT ROWID FROM chat").fetchall()
    known = database.connection.execute(
        "SELECT ROWID FROM handle WHERE service = ?", (service,)
    ).fetchall()
    handle = int(known[0][0]) if known else database.handle(ADDRESS, service)
    chat = int(rows[0][0]) if rows else database.direct_chat(ADDRESS, handle, service)
    step_ms = 60_000
    database.add_messages(
        said(
            chat, handle, f"{service}-{at}", f"{service} {at}", NOW_MS - 10**8 + at * step_ms
        )._replace(service=service)
        for at in range(first, first + count)
    )


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    folder = tmp_path / "phone"
    for service in ("iMessage", "SMS"):
        changed(folder, lambda database, service=service: _write(database, service, 0, 4))
    return folder


def _titles(agent: Agent, at: str | None = None) -> list[str]:
    return sorted(view.title for view in agent.conversations(at))


def test_a_split_conversation_is_shown_by_service(agent: Agent) -> None:
    assert _titles(agent) == [ADDRESS]
    assert sorted(texts(agent, ADDRESS)) == sorted(ALL)
    done = agent.grouping.split(ADDRESS)
    assert done.messages == len(ALL)
    assert done.parts == (f"direct:{ADDRESS}/sms", f"direct:{ADDRESS}/imessage")
    assert _titles(agent) == [f"{ADDRESS} (SMS)", f"{ADDRESS} (iMessage)"]
    assert texts(agent, f"{ADDRESS} (SMS)") == [f"SMS {at}" for at in range(4)]
    assert texts(agent, f"{ADDRESS} (iMessage)") == [f"iMessage {at}" for at in range(4)]
    with pytest.raises(SeveralMatch):
        agent.conversation(ADDRESS)


def test_joined_again_it_is_what_it_was_and_snapshots_show_their_time(agent: Agent) -> None:
    before = texts(agent, ADDRESS)
    agent.create_snapshot("whole")
    agent.grouping.split(ADDRESS)
    agent.create_snapshot("apart")
    assert agent.grouping.join(f"{ADDRESS} (SMS)").messages == len(ALL)
    assert _titles(agent) == [ADDRESS]
    assert texts(agent, ADDRESS) == before
    assert _titles(agent, "whole") == [ADDRESS]
    assert _titles(agent, "apart") == [f"{ADDRESS} (SMS)", f"{ADDRESS} (iMessage)"]
    assert agent.verify(ignore).is_sound


def test_new_messages_go_where_they_belong_even_of_a_new_service(agent: Agent, phone: Path) -> None:
    agent.grouping.split(ADDRESS)
    for service in ("SMS", "RCS"):
        changed(phone, lambda database, service=service: _write(database, service, 10, 2))
    agent.import_source(phone, ignore)
    assert texts(agent, f"{ADDRESS} (SMS)")[-2:] == ["SMS 10", "SMS 11"]
    assert texts(agent, f"{ADDRESS} (RCS)") == ["RCS 10", "RCS 11"]
    assert agent.import_source(phone, ignore, is_full=True).changed == 0
    agent.grouping.join(f"{ADDRESS} (RCS)")
    assert len(texts(agent, ADDRESS)) == len(ALL) + 4
    assert agent.import_source(phone, ignore, is_full=True).changed == 0
    assert _titles(agent) == [ADDRESS]


def test_it_can_be_split_again(agent: Agent) -> None:
    agent.grouping.split(ADDRESS)
    agent._clock.advance(1_000)  # type: ignore[attr-defined]
    agent.grouping.join(f"{ADDRESS} (SMS)")
    agent._clock.advance(1_000)  # type: ignore[attr-defined]
    assert agent.grouping.split(ADDRESS).messages == len(ALL)
    assert _titles(agent) == [f"{ADDRESS} (SMS)", f"{ADDRESS} (iMessage)"]


def test_what_cannot_be_split_or_joined_is_told(agent: Agent, phone: Path) -> None:
    with pytest.raises(NotSplit):
        agent.grouping.join(ADDRESS)
    agent.grouping.split(ADDRESS)
    with pytest.raises(NothingToSplit):
        agent.grouping.split(f"{ADDRESS} (SMS)")


def test_the_id_of_a_part() -> None:
    assert part_id("direct:+1", "iMessage") == "direct:+1/imessage"
    assert part_id("direct:+1", "") == "direct:+1/other"
