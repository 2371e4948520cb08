"""A home that was put out of an account on a server: it is told, and writes nothing any more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.stores.server import ServerStore
from sealwax.stores.server_errors import DeviceNotTrusted
from sealwax.trust.account import NotTrusted
from tests.homes import ignore
from tests.server.running import Running, running
from tests.sync.homes_on_server import FIRST, Household, phone_with


def _removed(folder: Path, server: Running) -> Household:
    house = Household(folder, server)
    with house.agent(0) as agent:
        agent.import_source(phone_with(folder / "phone", 5), ignore)
    house.sync(0, 1)
    with house.agent(0) as agent:
        agent.devices.revoke("home 1")
        agent.devices.rename("home 0", "the first")
    return house


@pytest.mark.parametrize(
    "act",
    [
        lambda agent: agent.sync.now(),
        lambda agent: agent.delete(Select((FIRST,))),
        lambda agent: agent.create_snapshot("another"),
    ],
)
def test_it_is_told_and_writes_nothing(tmp_path: Path, act: Callable[[Agent], object]) -> None:
    with running(tmp_path / "server") as server:
        house = _removed(tmp_path, server)
        with house.agent(1) as agent, pytest.raises(NotTrusted, match="removed on 20"):
            act(agent)
        with pytest.raises(NotTrusted, match="removed on 20"), house.agent(1):
            pass
        with open_agent(house.homes[1], house.env, is_lenient=True) as agent:
            (note,) = agent.notes
            assert "removed on 20" in note.what
            assert agent.status().counts.messages == 5
            assert agent.snapshots() == []


def test_it_reads_of_the_server_the_log_up_to_its_removal(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = _removed(tmp_path, server)
        with house.agent(0) as agent:
            log = agent.device.history.log
            assert log.head > (removed := len(log.entries) - 2)
        with house.agent(1) as agent:
            far = agent.device.mirror.far  # type: ignore[union-attr]
            assert isinstance(far, ServerStore)
            assert [seq for seq, _ in far.read_commits(ACCOUNT_ZONE, 0)] == [*range(removed + 1)]
            for ask in (
                far.heads,
                far.usage,
                lambda: list(far.read_commits(MESSAGES_ZONE, 0)),
                lambda: far.get_commit(ACCOUNT_ZONE, 0),
                lambda: far.has_objects([b"\0" * 32]),
                lambda: far.put_objects([(b"\0" * 32, b"x")]),
            ):
                with pytest.raises(DeviceNotTrusted):
                    ask()
