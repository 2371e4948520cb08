"""A home whose device was put out of the account, in a folder that devices share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import Select
from sealwax.trust.account import NotTrusted
from tests.homes import environment, ignore, texts, write_threads

FIRST = "+15550100000"
ENV = environment()


@pytest.fixture
def removed(tmp_path: Path) -> Path:
    """The home of a device that had five messages when it was put out; two are new since."""
    key = create_home(tmp_path / "one", tmp_path / "vault", "one", ENV)
    recover_home(tmp_path / "two", tmp_path / "vault", key, "two", ENV)
    (tmp_path / "phone").mkdir()
    write_threads(tmp_path / "phone", [5])
    (tmp_path / "more").mkdir()
    write_threads(tmp_path / "more", [2], seed="more")
    with open_agent(tmp_path / "two", ENV) as agent:
        agent.import_source(tmp_path / "phone", ignore)
        agent.create_snapshot("mine")
    with open_agent(tmp_path / "one", ENV) as agent:
        agent.devices.revoke("two")
        agent.import_source(tmp_path / "more", ignore)
        assert len(texts(agent, FIRST)) == 7
    return tmp_path / "two"


def test_what_it_has_is_read_and_it_is_told(removed: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with open_agent(removed, ENV, is_lenient=True) as agent:
            (note,) = agent.notes
            assert "it was removed on 2026-11-18 at" in note.what
            assert len(texts(agent, FIRST)) == 5
            assert len(texts(agent, FIRST, "mine")) == 5
            assert agent.search("message")
            assert agent.status().counts.messages == 5
    with open_agent(removed, ENV, is_lenient=True) as agent:
        done = agent.export("jsonl", tmp_path / "out", Select())
        assert done.messages == 5


@pytest.mark.parametrize(
    "write",
    [
        lambda agent: agent.delete(Select((FIRST,))),
        lambda agent: agent.create_snapshot("another"),
        lambda agent: agent.devices.rename("one", "other"),
        lambda agent: agent.devices.revoke("one"),
        lambda agent: agent.sync.now(),
    ],
)
def test_what_writes_is_refused(removed: Path, write: Callable[[Agent], object]) -> None:
    with pytest.raises(NotTrusted, match="removed on"), open_agent(removed, ENV):
        pass
    with open_agent(removed, ENV, is_lenient=True) as agent:
        with pytest.raises(NotTrusted, match="removed on"):
            write(agent)
        assert len(texts(agent, FIRST)) == 5
