"""What "verified" needs: every object there by the place's own word, a digest that somebody who has
everything signed, and nothing here that could not be read. And why it is not, in a sentence."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.doctor.examine import examine
from sealwax.agent.examining import facts_of
from sealwax.agent.recovering import recover_home
from sealwax.agent.status import kept
from sealwax.agent.sync_bridge import SyncBridge
from sealwax.base.clock import SetClock
from sealwax.base.condition import Condition
from sealwax.base.entropy import SystemEntropy
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE, OP_ID_BYTES, object_name
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft, Place, compose
from tests.homes import NOW_MS, environment, ignore, texts
from tests.server.running import Running, running
from tests.sync.homes_on_server import FIRST, SECOND, Household, phone_with


class _Still:
    def now(self) -> Condition:
        return Condition()


def _findings(agent: Agent) -> dict[str, str]:
    found = examine(facts_of(agent, _Still(), SetClock(NOW_MS))).findings
    return {finding.key: finding.text for finding in found}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "server") as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, server: Running) -> Household:
    house = Household(tmp_path, server, 3)
    with house.agent(0) as agent:
        agent.import_source(phone_with(tmp_path / "phone", 4, 3), ignore)
    house.sync(0, 1)
    return house


EPOCH = 7


def _segments(agent: Agent) -> list[bytes]:
    return [name for name, _, _ in agent.device.history.library.holdings.live_segments()]


def _undigested(history: Replica, segments: tuple[tuple[bytes, int, bytes], ...] = ()) -> None:
    """A device writes a step that says nothing of what it leads to."""
    history.pull()
    entropy = SystemEntropy()
    draft = Draft(CommitKind.CHANGE, entropy.bytes(OP_ID_BYTES), Part(), segments)
    place = Place(history.head(), history.log.head, history.log.newest.epoch, NOW_MS)
    data = compose(draft, place, history.keys, history._author, entropy)
    history.store.append_commit(MESSAGES_ZONE, history.head().seq + 1, data)


def test_a_device_that_lacks_something_signs_no_digest_and_the_others_stay_verified(
    house: Household, tmp_path: Path
) -> None:
    kept_objects = tmp_path / "server" / "objects"
    with house.agent(0) as agent:
        names = _segments(agent)
    for name in names:
        (path,) = kept_objects.rglob(name.hex())
        path.unlink()
    with house.agent(2) as agent:
        agent.import_source(phone_with(tmp_path / "other", 1, 2, 5, seed="other"), ignore)
        done = agent.sync.now()
        assert not done.is_verified
        assert done.doubt
        assert len(texts(agent, "+15550100002")) == 5
        assert "missing on this disk" in kept(agent.status())
    house.sync(0, 1, 2, 0, 1)
    for number in range(3):
        assert len(house.texts(number, FIRST)) == 4 + 1
        with house.agent(number) as agent:
            assert agent.verify(ignore).damage == ()


def test_what_cannot_be_read_here_is_why_it_is_not_verified(house: Household) -> None:
    with house.agent(0) as agent:
        junk = b"SLWX\1\1\1\0" + EPOCH.to_bytes(4, "big") + bytes(600)
        segment = (object_name(junk), len(junk), bytes(32))
        agent.device.history.store.put_objects([(object_name(junk), junk)])
        _undigested(agent.device.history, segments=(segment,))
    with house.agent(1) as agent:
        # The account has this epoch, and its key does not open here.
        agent.device.history.keys.last_epoch = EPOCH
        done = agent.sync.now()
        assert not done.is_verified
        assert (done.why, done.lost) == ("", 0)
        assert "could not be read here" in done.doubt
        assert agent.sync.state().doubt == done.doubt
        assert _findings(agent)["not-verified"].endswith(done.doubt)
        assert SyncBridge(agent, house.clock).now(ignore).doubt == done.doubt


def test_a_step_without_a_digest_is_never_verified_until_somebody_signs_one(
    house: Household,
) -> None:
    with house.agent(0) as agent:
        _undigested(agent.device.history)
        seq = far_seq(agent)
    with house.agent(1) as agent:
        agent.sync.pull()
        assert not agent.device.sync.agrees()
        # It has everything, so it signs what that comes to.
        assert agent.sync.now().is_verified
        assert far_seq(agent) == seq + 1
        assert agent.device.sync.agrees()
    house.sync(0, 1, 0)
    with house.agent(0) as agent:
        assert far_seq(agent) == seq + 1


def far_seq(agent: Agent) -> int:
    return agent.device.mirror.far.head_seq(MESSAGES_ZONE)  # type: ignore[union-attr]


def test_a_server_that_lost_objects_is_not_verified_and_gets_them_back(
    house: Household, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "server" / "objects" / "accounts")
    with house.agent(2) as agent:
        done = agent.sync.now()
        assert not done.is_verified
        assert "sync store lost" in done.doubt
        assert "server-lost" in _findings(agent)
    with house.agent(0) as agent:
        # What a person asks for is thorough: all is asked for, and sent again.
        assert agent.sync.now().is_verified
        names = set(agent.device.history.library.holdings.live_objects())
        assert agent.device.mirror.far.has_objects(names) == names  # type: ignore[union-attr]
    house.sync(2)
    assert len(house.texts(2, FIRST)) == 4


def test_the_agent_asks_for_what_is_new_and_once_a_day_for_all(
    house: Household, tmp_path: Path
) -> None:
    with house.agent(0) as agent:
        bridge = SyncBridge(agent, house.clock)
        assert bridge.now(ignore).is_verified
        shutil.rmtree(tmp_path / "server" / "objects" / "accounts")
        assert bridge.now(ignore).is_verified
        house.clock.advance(24 * 3600 * 1000)
        assert bridge.now(ignore).is_verified
        names = set(agent.device.history.library.holdings.live_objects())
        assert agent.device.mirror.far.has_objects(names) == names  # type: ignore[union-attr]


@pytest.mark.parametrize("is_whole_folder", [True, False])
def test_a_folder_without_its_objects_is_not_verified(
    tmp_path: Path, is_whole_folder: bool
) -> None:
    env, home = environment(SetClock(NOW_MS)), tmp_path / "home"
    create_home(home, None, "home", env)
    with open_agent(home, env) as agent:
        agent.import_source(phone_with(tmp_path / "phone", 4, 3), ignore)
        assert agent.sync.now().is_verified
        assert kept(agent.status()).endswith("vault.")
    (objects,) = (home / "vault").rglob("objects")
    if is_whole_folder:
        shutil.rmtree(objects)
    else:
        next(path for path in objects.rglob("*") if path.is_file()).unlink()
    with open_agent(home, env) as agent:
        done = agent.sync.now()
        assert not done.is_verified
        assert "missing in the vault" in done.doubt
        findings = _findings(agent)
        assert "missing in the vault" in findings["not-verified"]
        found = agent.verify(ignore)
        missing = [one for one in found.damage if one.what == "it is missing"]
        assert missing
        if is_whole_folder:
            assert "missing on this disk" in kept(agent.status())
            assert "objects-missing" in findings


def test_devices_that_share_a_folder_are_told_too(tmp_path: Path) -> None:
    env, vault = environment(SetClock(NOW_MS)), tmp_path / "vault"
    homes = [tmp_path / "home0", tmp_path / "home1"]
    key = create_home(homes[0], str(vault), "home 0", env)
    with open_agent(homes[0], env) as agent:
        agent.import_source(phone_with(tmp_path / "phone", 4, 3), ignore)
    recover_home(homes[1], str(vault), key, "home 1", env)
    with open_agent(homes[1], env) as agent:
        assert agent.sync.now().is_verified
        for path in vault.rglob("objects/*/*"):
            path.unlink()
        assert not agent.sync.now().is_verified
        assert "missing in the vault" in _findings(agent)["server-lost"]
        assert len(texts(agent, SECOND)) == 3


def test_an_object_that_nobody_can_open_keeps_nobody_from_being_verified(house: Household) -> None:
    """Its bytes are those of its name, so it is as its author added it: there is nothing in it. Who
    added it is told."""
    with house.agent(0) as agent:
        for junk in (b"SLWX, and then nothing" * 100, b"no sealed object of anybody" * 100):
            segment = (object_name(junk), len(junk), bytes(32))
            agent.device.history.store.put_objects([(object_name(junk), junk)])
            _undigested(agent.device.history, segments=(segment,))
    with house.agent(1) as agent:
        done = agent.sync.now()
        assert done.is_verified
        assert (
            "home 0 added 2 sealed objects that nobody can open" in _findings(agent)["refused-drop"]
        )
        number = agent.create_snapshot("with nothing in it").number
        assert agent.snapshot(str(number)).unreadable_objects == 0
        found = agent.verify(ignore)
        assert found.is_sound
        assert len([one for one in found.refused if "home 0 added a sealed object" in one]) == 2


def test_a_reset_without_what_is_nowhere_loses_nothing_that_another_device_has(
    house: Household, tmp_path: Path
) -> None:
    with house.agent(2) as agent:
        agent.import_source(phone_with(tmp_path / "other", 1, 2, 5, seed="other"), ignore)
        before = set(_segments(agent))
        agent.sync.now()
        names = set(_segments(agent)) - before or set(_segments(agent))
    house.sync(0)
    known_to_one = len(house.texts(1, "+15550100002"))
    for name in names:
        for path in (tmp_path / "server" / "objects").rglob(name.hex()):
            path.unlink()
    with house.agent(1) as agent:
        assert not agent.sync.now().is_verified
        planned = agent.sync.plan_reset()
        assert planned.nowhere > 0
        agent.sync.reset()
        agent.sync.now()
        assert len(texts(agent, "+15550100002")) == known_to_one
    house.sync(0, 1, 0)
    for number in (0, 1):
        assert len(house.texts(number, "+15550100002")) == 5
        with house.agent(number) as agent:
            assert agent.sync.now().is_verified
