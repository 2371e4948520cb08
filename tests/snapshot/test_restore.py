"""Restoring: merge, replace, by conversation, by message, and doing it twice."""

import datetime
from collections.abc import Iterable
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.snapshot.plan import MERGE, REPLACE
from tests.homes import (
    DAY_MS,
    NOW_MS,
    changed,
    environment,
    ignore,
    importing,
    made_home,
    said,
    texts,
    write_threads,
)

A, B = "+15550100000", "+15550100001"


def at_minute(back: int) -> str:
    """The moment of message `back` of a thread, which has one a minute, as a person types it."""
    moment = datetime.datetime.fromtimestamp((NOW_MS - DAY_MS) / 1000 - back * 60, datetime.UTC)
    return moment.isoformat()


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    """A home with two threads, a snapshot "s", then: A deleted, B with one message more."""
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    chats = write_threads(phone, [30, 200])
    importing(home, env, phone)
    with open_agent(home, env) as opened:
        opened.create_snapshot("s")
        opened.delete(Select(chats=(A,)))
        changed(
            phone, lambda base: base.add_messages([said(chats[1], 2, "NEW", "newer", NOW_MS - 60)])
        )
        opened.import_source(phone, ignore)
        yield opened  # type: ignore[misc]


def test_merge_brings_back_and_takes_nothing(agent: Agent) -> None:
    done = agent.restore("s", Select())
    assert done.counts.messages_back == 30
    assert done.counts.messages_gone == 0
    assert len(texts(agent, A)) == 30
    assert len(texts(agent, B)) == 201


def test_restoring_twice_does_nothing_the_second_time(agent: Agent) -> None:
    agent.restore("s", Select())
    before = agent.snapshots()
    again = agent.restore("s", Select())
    assert again.counts.is_nothing
    assert again.commits == 0
    assert agent.snapshots() == before


def test_replace_takes_a_snapshot_first_and_makes_the_present_equal(agent: Agent) -> None:
    past = {view.origin: texts(agent, view.origin, "s") for view in agent.conversations("s")}
    done = agent.restore("s", Select(), REPLACE)
    assert done.counts.messages_gone == 1
    now = {view.origin: texts(agent, view.origin) for view in agent.conversations()}
    assert now == past
    newest = agent.snapshots()[-1]
    assert newest.reason == "before a restore"
    assert "newer" in texts(agent, B, str(newest.number))


def test_one_message_comes_back_alone(agent: Agent) -> None:
    wanted = agent.read(agent.conversation(A, "s").record, "s")[4]
    done = agent.restore("s", Select(messages=(wanted.origin,)))
    assert done.counts.messages_back == 1
    assert texts(agent, A) == [wanted.text]


def test_words_restored_survive_and_are_searchable(agent: Agent) -> None:
    agent.restore("s", Select(chats=(A,)))
    assert [hit.message.in_trash for hit in agent.search("thread 0 message 5")] == [False]


def test_the_plan_and_the_act_agree(agent: Agent) -> None:
    plan = agent.plan_restore("s", Select(), MERGE)
    assert agent.restore("s", Select(), MERGE).counts == plan


@pytest.mark.parametrize(
    ("select", "numbers"),
    [
        (Select(people=(A,)), range(30)),
        (Select(people=(B,)), ()),
        (Select(since=at_minute(9)), range(10)),
        (Select(until=at_minute(9)), range(10, 30)),
        (Select(chats=(A,), since=at_minute(9), until=at_minute(4)), range(5, 10)),
        (Select(chats=(A, B)), range(30)),
    ],
    ids=["person", "another-person", "since", "until", "chat-and-span", "several-chats"],
)
def test_a_selection_comes_back_and_nothing_else(
    agent: Agent, select: Select, numbers: Iterable[int]
) -> None:
    done = agent.restore("s", select)
    assert set(texts(agent, A)) == {f"thread 0 message {number}" for number in numbers}
    assert done.counts.messages_back == len(texts(agent, A))
    assert len(texts(agent, B)) == 201


def test_several_messages_come_back(agent: Agent) -> None:
    shown = agent.read(agent.conversation(A, "s").record, "s")
    wanted = [shown[3], shown[7], shown[20]]
    agent.restore("s", Select(messages=tuple(str(view.record) for view in wanted)))
    assert texts(agent, A) == [view.text for view in wanted]


def test_a_selection_of_the_past_comes_out_into_an_export(agent: Agent, tmp_path: Path) -> None:
    done = agent.export("text", tmp_path / "out", Select(chats=(A,)), "s", ignore)
    assert done.messages == 30
    assert texts(agent, A) == []
