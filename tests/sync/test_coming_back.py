"""A device's own vault that is older than what the device has seen, lost, or in part something that
does not count: what the server has in its stead comes back, and nothing is blamed on the server."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.cli.main import cli
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.stores.folder import FolderStore
from sealwax.stores.folder_layout import LOST
from sealwax.trust.heads import RolledBack
from tests.accounts import made_account
from tests.homes import ignore
from tests.lying_place import one_bit_off
from tests.server.running import Running, running
from tests.sync.homes_on_server import FIRST, SECOND, Household, phone_with

STRANGER = made_account("a stranger of the vault", 2)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "server") as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, server: Running) -> Household:
    """Two homes that are verified, the second with some steps that it saw one by one."""
    house = Household(tmp_path, server)
    with house.agent(0) as agent:
        agent.import_source(phone_with(tmp_path / "phone", 3), ignore)
        agent.devices.rename("home 1", "another")
        for number in range(4):
            agent.create_snapshot(f"step {number}")
    house.sync(0, 1)
    return house


def _vault(house: Household, number: int = 1) -> FolderStore:
    """The vault of a home, as nobody uses it now."""
    (account,) = (house.homes[number] / "vault" / "accounts").iterdir()
    return FolderStore.open(house.homes[number] / "vault", bytes.fromhex(account.name))


def _commit_files(house: Household, zone: str) -> list[Path]:
    """The files of a zone's commits, oldest first."""
    return sorted((house.homes[1] / "vault").rglob(f"zones/{zone.replace('/', '+')}/*/*"))


def _is_well(house: Household, tmp_path: Path) -> None:
    """The second home syncs, imports, and has everything; so has the other one."""
    with house.agent(1) as agent:
        done = agent.sync.now()
        assert done.is_verified, done
        assert agent.verify(ignore).damage == ()
        agent.import_source(phone_with(tmp_path / "more", 1, 4, seed="more"), ignore)
    house.sync(1, 0, 1)
    for number in (0, 1):
        assert len(house.texts(number, FIRST)) == 4
        assert len(house.texts(number, SECOND)) == 4
        with house.agent(number) as agent:
            assert {snapshot.name for snapshot in agent.snapshots()} >= {"step 0", "step 3"}
            assert agent.verify(ignore).damage == ()
            assert agent.status().void_commits == 0


def test_a_vault_that_was_deleted_comes_back(house: Household, tmp_path: Path) -> None:
    shutil.rmtree(house.homes[1] / "vault")
    _is_well(house, tmp_path)


def test_the_newest_steps_come_back(house: Household, tmp_path: Path) -> None:
    for path in _commit_files(house, MESSAGES_ZONE)[-3:]:
        path.unlink()
    _commit_files(house, ACCOUNT_ZONE)[-1].unlink()
    _is_well(house, tmp_path)


def test_a_step_in_the_middle_comes_back(house: Household, tmp_path: Path) -> None:
    _commit_files(house, MESSAGES_ZONE)[2].unlink()
    _is_well(house, tmp_path)


def test_yesterdays_vault_is_brought_up_to_date(house: Household, tmp_path: Path) -> None:
    shutil.copytree(house.homes[1] / "vault", tmp_path / "yesterday")
    with house.agent(0) as agent:
        agent.create_snapshot("today")
    house.sync(0, 1)
    shutil.rmtree(house.homes[1] / "vault")
    shutil.copytree(tmp_path / "yesterday", house.homes[1] / "vault")
    _is_well(house, tmp_path)


def test_the_own_zone_comes_back_from_the_library(house: Household, tmp_path: Path) -> None:
    with house.agent(1) as agent:
        agent.sync.switch(False)
        agent.import_source(phone_with(tmp_path / "own", 2, seed="own"), ignore)
        agent.sync.switch(True)
    house.sync(1, 0)
    with house.agent(1) as agent:
        assert agent.device.near.head_seq(agent.device.outbox.zone) >= 0
    shutil.rmtree(house.homes[1] / "vault")
    with house.agent(1) as agent:
        assert agent.sync.now().is_verified
        assert agent.verify(ignore).damage == ()
        assert len(agent.read(agent.conversation(FIRST).record)) == 5


def test_what_waited_in_a_vault_that_is_gone_is_read_and_never_taken_away(
    house: Household, tmp_path: Path
) -> None:
    with house.agent(1) as agent:
        agent.sync.switch(False)
        agent.import_source(phone_with(tmp_path / "own", 2, seed="own"), ignore)
        agent.sync.switch(True)
    shutil.rmtree(house.homes[1] / "vault")
    with pytest.raises(RolledBack), house.agent(1):
        pass
    with open_agent(house.homes[1], house.env, is_lenient=True) as agent:
        assert len(agent.read(agent.conversation(FIRST).record)) == 5
        (note,) = agent.notes
        # It is this vault that ends early, not the server.
        assert note.name == str(house.homes[1] / "vault")


@pytest.mark.parametrize("zone", [MESSAGES_ZONE, ACCOUNT_ZONE])
@pytest.mark.parametrize("which", [-1, -2, 1])
def test_a_commit_that_a_disk_damaged_is_put_right(
    house: Household, tmp_path: Path, zone: str, which: int
) -> None:
    path = _commit_files(house, zone)[which]
    whole = path.read_bytes()
    path.write_bytes(one_bit_off(whole, 60))
    with open_agent(house.homes[1], house.env, is_lenient=True) as agent:
        agent.mend(agent.verify(ignore))
    assert path.read_bytes() == whole
    _is_well(house, tmp_path)


def test_the_command_puts_it_right(house: Household) -> None:
    path = _commit_files(house, MESSAGES_ZONE)[2]
    whole = path.read_bytes()
    path.write_bytes(one_bit_off(whole, 60))
    with house.agent(1) as agent:
        (damage,) = agent.verify(ignore).damage
        assert damage.kind == "commit"
        agent.mend(agent.verify(ignore))
        assert agent.verify(ignore).damage == ()
    assert path.read_bytes() == whole


def test_without_a_server_too(tmp_path: Path) -> None:
    runner = CliRunner(env={"SEALWAX_PASSPHRASE": "correct horse battery staple"})
    home = ["--home", str(tmp_path / "home")]
    assert runner.invoke(cli, [*home, "init", "--yes"]).exit_code == 0
    phone = phone_with(tmp_path / "phone", 3)
    assert runner.invoke(cli, [*home, "import", str(phone)]).exit_code == 0
    path = sorted((tmp_path / "home" / "vault").rglob("zones/messages/*/*"))[0]
    whole = path.read_bytes()
    path.write_bytes(one_bit_off(whole, 60))
    assert runner.invoke(cli, [*home, "verify"]).exit_code == 1
    told = runner.invoke(cli, [*home, "verify", "--repair"])
    assert told.exit_code == 0, told.output
    assert path.read_bytes() == whole


Plant = Callable[[FolderStore, list[bytes]], list[bytes]]


def _swapped(_: FolderStore, commits: list[bytes]) -> list[bytes]:
    return [*commits[:-3], commits[-2], commits[-3], commits[-1]]


def _left_out(_: FolderStore, commits: list[bytes]) -> list[bytes]:
    return [*commits[:-2], commits[-1]]


def _junk(_: FolderStore, commits: list[bytes]) -> list[bytes]:
    return [*commits, b"this is no commit"]


def _strangers(_: FolderStore, commits: list[bytes]) -> list[bytes]:
    return [*commits, STRANGER.commits[1]]


def _flipped(_: FolderStore, commits: list[bytes]) -> list[bytes]:
    return [*commits[:-2], one_bit_off(commits[-2], 60), commits[-1]]


def _plant(house: Household, zone: str, plant: Plant) -> None:
    """What an answer that nobody looked at would have left: the vault has it, the heads are
    remembered, and the library is made from it."""
    vault = _vault(house)
    commits = [data for _, data in vault.read_commits(zone, 0)]
    vault.set_aside_end(zone, 0)
    vault.append_commits(zone, 0, plant(vault, commits))
    (house.homes[1] / "heads").unlink()
    for path in house.homes[1].glob("library.db*"):
        path.unlink()


PLANTS = [_swapped, _left_out, _junk, _strangers, _flipped]


@pytest.mark.parametrize("plant", PLANTS)
def test_what_an_earlier_answer_left_in_the_messages_is_replaced(
    house: Household, tmp_path: Path, plant: Plant
) -> None:
    _plant(house, MESSAGES_ZONE, plant)
    with house.agent(1) as agent:
        assert agent.status().void_commits > 0
        done = agent.sync.now()
        assert done.is_verified, done
        assert "put right" in done.repaired
        assert _head(agent, MESSAGES_ZONE) == _far_head(agent, MESSAGES_ZONE)
    _is_well(house, tmp_path)


@pytest.mark.parametrize("plant", PLANTS)
def test_what_an_earlier_answer_left_in_the_log_of_the_account_is_replaced(
    house: Household, tmp_path: Path, plant: Plant
) -> None:
    _plant(house, ACCOUNT_ZONE, plant)
    with house.agent(1) as agent:
        assert _head(agent, ACCOUNT_ZONE) == _far_head(agent, ACCOUNT_ZONE)
        assert agent.sync.now().is_verified
        # This device still may change the account.
        agent.devices.rename("home 0", "renamed")
    _is_well(house, tmp_path)


def test_own_steps_behind_what_does_not_count_are_not_lost(
    house: Household, tmp_path: Path
) -> None:
    _plant(house, MESSAGES_ZONE, _swapped)
    with house.agent(1) as agent:
        agent.import_source(phone_with(tmp_path / "own", 2, seed="own"), ignore)
        assert agent.sync.now().is_verified
    house.sync(0)
    for number in (0, 1):
        assert len(house.texts(number, FIRST)) == 5


def test_what_was_judged_without_the_whole_log_is_judged_anew(
    house: Household, tmp_path: Path
) -> None:
    """The account's log was withheld once, and messages went on."""
    with house.agent(0) as agent:
        agent.devices.rename("another", "home 1")
        agent.create_snapshot("after that")
    house.sync(0, 1)
    vault = _vault(house)
    entries = [data for _, data in vault.read_commits(ACCOUNT_ZONE, 0)]
    vault.set_aside_end(ACCOUNT_ZONE, len(entries) - 1)
    (house.homes[1] / "heads").unlink()
    for path in house.homes[1].glob("library.db*"):
        path.unlink()
    with house.agent(1) as agent:
        assert agent.status().void_commits > 0
        assert agent.sync.now().is_verified
        assert agent.status().void_commits == 0
        assert {snapshot.name for snapshot in agent.snapshots()} >= {"step 0", "after that"}
    _is_well(house, tmp_path)


def test_what_was_put_aside_is_kept_and_does_not_pile_up(house: Household) -> None:
    vault = _vault(house)
    commits = [data for _, data in vault.read_commits(MESSAGES_ZONE, 0)]
    for _ in range(40):
        vault.set_aside_end(MESSAGES_ZONE, 2)
        vault.append_commits(MESSAGES_ZONE, 2, commits[2:])
    (lost,) = house.homes[1].rglob(LOST)
    kept = sorted(lost.iterdir(), key=lambda path: int(path.name.rpartition("-")[2]))
    assert len(kept) == 32
    assert [path.read_bytes() for path in sorted(kept[-1].iterdir())] == commits[2:]
    assert kept[-1].name.endswith("-40")
    assert vault.lost_commits(MESSAGES_ZONE) == []


def _head(agent: Agent, zone: str) -> bytes:
    near = agent.device.near
    return near.get_commit(zone, near.head_seq(zone))


def _far_head(agent: Agent, zone: str) -> bytes:
    far = agent.device.mirror.far  # type: ignore[union-attr]
    return far.get_commit(zone, far.head_seq(zone))
