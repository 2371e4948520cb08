"""Objects that a disk damaged, on the server or at home, are put back from where they are whole."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sealwax.agent.api import Agent
from sealwax.agent.sync_bridge import SyncBridge
from sealwax.agent.verifying import LOST_KIND
from sealwax.cli.main import cli
from tests.homes import importing
from tests.server.running import Running, running
from tests.stores.contract import damage_file
from tests.sync.homes_on_server import FIRST, Household, phone_with


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "server") as server:
        yield server


@pytest.fixture
def household(tmp_path: Path, server: Running) -> Household:
    household = Household(tmp_path, server)
    importing(household.homes[0], household.env, phone_with(tmp_path / "phone", 40, 3))
    household.sync(0)
    return household


def _segments(agent: Agent) -> list[bytes]:
    listed = agent.device.history.library.holdings.listed()
    return [name for name, *_, digest in listed if digest is not None]


def _nothing(_: object) -> None:
    """A listener that does not listen."""


def _kinds(agent: Agent, is_deep: bool) -> list[str]:
    return [damage.kind for damage in agent.verify(_nothing, is_deep).damage]


@pytest.mark.parametrize("is_missing", [False, True])
def test_a_device_that_has_it_puts_it_back_at_its_next_sync(
    household: Household, tmp_path: Path, is_missing: bool
) -> None:
    objects = tmp_path / "server" / "objects"
    with household.agent(0) as agent:
        names = _segments(agent)
        for name in names:
            if is_missing:
                next(objects.rglob(name.hex())).unlink()
            else:
                damage_file(objects, name, b"\0" * 600)
        # Missing is seen at once, damage when the server reads.
        assert _kinds(agent, is_deep=not is_missing) == [LOST_KIND] * len(names)
        assert agent.sync.now().is_verified
        assert _kinds(agent, is_deep=True) == []
        assert agent.sync.state().lost == 0
    household.sync(1)
    assert len(household.texts(1, FIRST)) == 40


def test_a_device_that_meets_damage_has_another_one_heal_it(
    household: Household, tmp_path: Path
) -> None:
    objects = tmp_path / "server" / "objects"
    with household.agent(0) as agent:
        names = _segments(agent)
    for name in names:
        damage_file(objects, name, b"\0" * 600)
    with household.agent(1) as agent:
        outcome = agent.sync.now()
        assert not outcome.is_verified
        assert outcome.lost == agent.sync.state().lost == len(names)
        # All else goes on: it is no failure that a wait would end.
        assert outcome.why == ""
        assert SyncBridge(agent, household.clock).now(_nothing) is not None
    household.sync(0, 1)
    assert len(household.texts(1, FIRST)) == 40
    with household.agent(1) as agent:
        assert agent.sync.state().lost == 0
        assert _kinds(agent, is_deep=True) == []


def test_damaged_bytes_at_home_are_never_sent_and_are_mended_from_the_server(
    household: Household, tmp_path: Path
) -> None:
    server, near = tmp_path / "server" / "objects", household.homes[0] / "vault"
    with household.agent(0) as agent:
        one, *_ = _segments(agent)
        whole = next(server.rglob(one.hex())).read_bytes()
        damage_file(near, one, b"\0" * 600)
        damage_file(server, one, b"\1" * 600)
        assert _kinds(agent, is_deep=True) == ["object", LOST_KIND]
        outcome = agent.sync.now()
        assert not outcome.is_verified
        assert not list(server.glob(f"accounts/*/objects/*/{one.hex()}"))
        # Somebody else has it.
        agent.device.mirror.far.put_objects([(one, whole)])  # type: ignore[union-attr]
        agent.mend(agent.verify(_nothing))
        assert _kinds(agent, is_deep=True) == []
        assert agent.sync.now().is_verified
    (path,) = near.rglob(one.hex())
    assert path.read_bytes() == whole


def test_the_operator_finds_it_and_a_device_puts_it_back(
    household: Household, tmp_path: Path
) -> None:
    objects = tmp_path / "server" / "objects"
    with household.agent(0) as agent:
        one, *_ = _segments(agent)
    command = ["--json", "admin", "verify", "--folder", str(tmp_path / "server")]
    whole = CliRunner().invoke(cli, command)
    assert whole.exit_code == 0, whole.output
    damage_file(objects, one, b"\0" * 600)
    found = CliRunner().invoke(cli, [*command, "--repair"])
    assert found.exit_code == 1
    assert json.loads(found.output)["lost"] == {"somebody": [one.hex()]}
    assert CliRunner().invoke(cli, command).exit_code == 1
    household.sync(0)
    assert CliRunner().invoke(cli, command).exit_code == 0
