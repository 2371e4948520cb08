"""A server that does not have the account: another one, a new one, one that lost what it had.
Everything goes on and waits, it is told truly, and nothing is said to be there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.doctor.examine import examine
from sealwax.agent.examining import facts_of
from sealwax.agent.selecting import Select
from sealwax.agent.status import kept
from sealwax.base.condition import Condition
from sealwax.server.deleting import Deleting
from tests.homes import ignore
from tests.server.running import Running, running
from tests.sync.homes_on_server import FIRST, SECOND, Household, phone_with


class _Still:
    def now(self) -> Condition:
        return Condition()


def _findings(agent: Agent, house: Household) -> dict[str, str]:
    found = examine(facts_of(agent, _Still(), house.clock)).findings
    return {finding.key: finding.text for finding in found}


@pytest.fixture
def house(tmp_path: Path) -> Household:
    """Two homes that are verified; then their server is gone."""
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 3), ignore)
        house.sync(0, 1)
        house.port = int(server.url.rpartition(":")[2])  # type: ignore[attr-defined]
    return house


@pytest.fixture
def empty(tmp_path: Path, house: Household) -> Iterator[Running]:
    """A server without any account, at the address of the other one."""
    with running(tmp_path / "empty", port=house.port) as server:  # type: ignore[attr-defined]
        yield server


def test_everything_goes_on_and_waits(house: Household, empty: Running, tmp_path: Path) -> None:
    with house.agent(0) as agent:
        agent.import_source(phone_with(tmp_path / "more", 1, 4, seed="more"), ignore)
        agent.create_snapshot("while it is gone")
        agent.delete(Select((FIRST,)))
        assert agent.sync.back_up_now()
        assert len(agent.read(agent.conversation(SECOND).record)) == 4
        done = agent.sync.now()
        assert not done.is_verified
        assert "does not have this account" in done.why
        assert done.waiting.messages >= 4


def test_it_is_told_and_nothing_is_said_to_be_there(house: Household, empty: Running) -> None:
    with house.agent(1) as agent:
        assert not agent.sync.now().is_verified
        state = agent.sync.state()
        assert state.trouble_code == "account-missing"
        assert f"{state.store}." not in kept(agent.status())
        assert "does not have this account" in kept(agent.status())
        findings = _findings(agent, house)
        assert "does not have this account" in findings["account-missing"]
        assert "one-medium" in findings
        assert "server-trouble" not in findings


def test_it_is_no_damage(house: Household, empty: Running) -> None:
    with house.agent(1) as agent:
        agent.sync.now()
        assert agent.verify(ignore).damage == ()
        assert agent.status().damaged_objects == 0


def test_when_the_server_is_back_all_is_shared(house: Household, tmp_path: Path) -> None:
    port = house.port  # type: ignore[attr-defined]
    with running(tmp_path / "empty", port=port), house.agent(0) as agent:
        agent.import_source(phone_with(tmp_path / "more", 1, 4, seed="more"), ignore)
        agent.sync.now()
    with running(tmp_path / "server", port=port):
        house.sync(0, 1)
        assert len(house.texts(1, SECOND)) == 4
        with house.agent(1) as agent:
            assert "account-missing" not in _findings(agent, house)


def test_one_that_was_deleted_while_a_token_is_good_is_missing_too(
    house: Household, tmp_path: Path
) -> None:
    port = house.port  # type: ignore[attr-defined]
    with running(tmp_path / "server", port=port) as server, house.agent(0) as agent:
        assert agent.sync.now().is_verified
        accounts, objects = server.parts.accounts, server.parts.objects
        Deleting(accounts, accounts._database, objects._folder).delete("somebody")
        assert "does not have this account" in agent.sync.now().why
        assert agent.status().damaged_objects == 0
