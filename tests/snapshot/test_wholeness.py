"""A moment of which an object cannot be read says so, and nothing is taken away by it."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.device import Environment
from sealwax.agent.selecting import Select
from sealwax.snapshot.plan import MERGE, REPLACE
from sealwax.snapshot.wholeness import MomentNotWhole
from tests.homes import environment, ignore, importing, made_home, texts, write_threads

A, B = "+15550100000", "+15550100001"


@pytest.fixture
def damaged(tmp_path: Path) -> tuple[Path, Environment, Path]:
    """A home with a snapshot "s1", whose only object of messages was lost; its library was made
    anew after that."""
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    write_threads(phone, [30, 200])
    importing(home, env, phone)
    with open_agent(home, env) as agent:
        agent.create_snapshot("s1")
    max(home.rglob("objects/*/*"), key=lambda path: path.stat().st_size).unlink()
    (home / "library.db").unlink()
    return home, env, phone


def test_what_cannot_be_read_is_counted_for_every_moment_that_holds_it(
    damaged: tuple[Path, Environment, Path],
) -> None:
    home, env, _ = damaged
    with open_agent(home, env) as agent:
        assert texts(agent, B, "s1") == []
        assert agent.unreadable_at("s1") == 1
        assert agent.unreadable_at(None) == 1
        assert agent.unreadable_at("all") == 1
        assert [one.unreadable_objects for one in agent.snapshots()] == [1]


def test_replacing_by_a_moment_that_is_not_whole_is_refused(
    damaged: tuple[Path, Environment, Path],
) -> None:
    home, env, phone = damaged
    with open_agent(home, env) as agent:
        agent.import_source(phone, ignore, is_full=True)
        before = agent.snapshots()
        for act in (agent.plan_restore, agent.restore):
            with pytest.raises(MomentNotWhole):
                act("s1", Select(), REPLACE)
        assert agent.snapshots() == before
        assert len(texts(agent, B)) == 200
        assert agent.plan_restore("s1", Select(), MERGE).messages_gone == 0


def test_a_whole_moment_is_restored_from_while_another_is_not(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    for number, chats in ((0, [30]), (1, [5, 40])):
        phone = tmp_path / f"phone{number}"
        write_threads(phone, chats, seed=f"phone {number}")
        importing(home, env, phone)
        with open_agent(home, env) as agent:
            agent.create_snapshot(f"s{number}")
            names = [name for name, _, _ in agent.device.history.library.holdings.live_segments()]
    (path,) = home.rglob(f"objects/*/{names[-1].hex()}")
    path.unlink()
    (home / "library.db").unlink()
    with open_agent(home, env) as agent:
        assert _unreadable(agent) == [0, 1]
        agent.restore("s0", Select(), REPLACE)
        assert len(texts(agent, A)) == 30


def _unreadable(agent: Agent) -> list[int]:
    return [one.unreadable_objects for one in agent.snapshots()]
