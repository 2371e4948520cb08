"""Snapshots: made, listed, compared, let go of, and the space that this gives back."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.demo.apple_database import AppleDatabase
from sealwax.snapshot.pins import SnapshotMissing, SnapshotNameBad
from sealwax.sources.apple.typedstream.plain import render
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
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [20, 40])
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as opened:
        yield opened  # type: ignore[misc]


def test_a_snapshot_copies_nothing(agent: Agent) -> None:
    before = agent.status().sealed_bytes
    made = agent.create_snapshot("one")
    assert agent.status().sealed_bytes == before
    assert (made.counts.messages, made.counts.conversations) == (60, 2)
    assert agent.snapshot("one") == agent.snapshot("latest") == agent.snapshot(str(made.number))


def test_diff_names_what_changed_by_conversation(agent: Agent) -> None:
    agent.create_snapshot("one")
    agent.delete(Select(chats=(A,)))
    agent.create_snapshot("two")
    for newer in ("two", None):
        ((item, title),) = agent.diff("one", newer)
        assert title == A
        assert (item.added, item.removed) == (0, 20)
    ((back, _),) = agent.diff("two", "one")
    assert (back.added, back.removed) == (20, 0)


def test_diff_names_each_message_that_changed(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    chats = write_threads(phone, [3, 2])
    with open_agent(home, env) as agent:
        agent.import_source(phone, ignore)
        agent.create_snapshot("one")
        gone, edited = agent.read(agent.conversation(A).record)[:2]
        agent.delete(Select(messages=(str(gone.record),)))

        def news(base: AppleDatabase) -> None:
            row = said(chats[0], 1, "NEW", "newer", NOW_MS - 60_000)
            base.add_messages([row])
            base.edit(edited.origin, "other words", render("other words"), None, NOW_MS)

        changed(phone, news)
        agent.import_source(phone, ignore)
        found = list(agent.diff_messages("one", None, A))
        words = [(b and b.text, a and a.text) for b, a in found]
        assert sorted(words, key=str) == sorted(
            [(gone.text, None), (None, "newer"), (edited.text, "other words")], key=str
        )
        back = [(b and b.text, a and a.text) for b, a in agent.diff_messages("one", "one", A)]
        assert back == []
        assert list(agent.diff_messages("one", None, B)) == []


def test_letting_go_of_one_leaves_the_other_whole(agent: Agent) -> None:
    agent.create_snapshot("one")
    agent.delete(Select(chats=(A,)))
    agent.create_snapshot("two")
    agent.delete(Select(chats=(B,)))
    agent.drop_snapshots(["one"])
    with pytest.raises(SnapshotMissing):
        agent.snapshot("one")
    assert texts(agent, A, "two") == []
    assert len(texts(agent, B, "two")) == 40
    assert texts(agent, B) == []
    assert agent.verify(ignore).is_sound


def test_many_are_let_go_of_in_several_commits(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwax.snapshot.pins.PINS_LIMIT", 2)
    names = [f"s{number}" for number in range(5)]
    for name in names:
        agent.create_snapshot(name)
    agent.drop_snapshots(names)
    assert agent.snapshots() == []


def test_an_unknown_name_lets_go_of_nothing(agent: Agent) -> None:
    agent.create_snapshot("one")
    with pytest.raises(SnapshotMissing):
        agent.drop_snapshots(["one", "never made"])
    assert [snapshot.name for snapshot in agent.snapshots()] == ["one"]


OTHERWISE_MEANT = ("5", "#5", "latest", "Latest", "all", "now", "2024-01-01", "2024-01-01T14:00")
NOT_NAMES = ("name:five", "20240101", "two\nlines", "\x1b[31mred", "x" * 201)


@pytest.mark.parametrize("name", [*OTHERWISE_MEANT, *NOT_NAMES])
def test_a_name_that_means_something_else_is_refused(agent: Agent, name: str) -> None:
    with pytest.raises(SnapshotNameBad):
        agent.create_snapshot(name)
    assert agent.snapshots() == []


@pytest.mark.parametrize(
    "name", ["before the move", "5 apples", "May 2024", "Оля", "👨\u200d👩\u200d👧"]
)
def test_other_names_are_names(agent: Agent, name: str) -> None:
    assert agent.create_snapshot(f" {name} ").name == name
    assert agent.snapshot(name).name == name


def test_an_old_name_that_reads_as_a_number_is_reached_as_a_name(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = agent.create_snapshot("first")
    with monkeypatch.context() as patch:
        patch.setattr("sealwax.snapshot.pins._is_name", lambda _: True)
        for name in (str(first.number), "latest", "777", "2024-01-01"):
            agent.create_snapshot(name)
    assert agent.snapshot(str(first.number)) == first
    assert agent.snapshot(f"name:{first.number}").name == str(first.number)
    last = agent.create_snapshot("last")
    assert agent.snapshot("latest") == last
    assert agent.snapshot("name:latest").name == "latest"
    assert agent.snapshot("777").name == "777"
    assert agent.snapshot("2024-01-01").name == "2024-01-01"
    with pytest.raises(SnapshotMissing):
        agent.snapshot("name:5555")
