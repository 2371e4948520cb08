"""Restoring: merge, replace, by conversation, by message, and doing it twice."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.snapshot.plan import MERGE, REPLACE
from tests.homes import (
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
