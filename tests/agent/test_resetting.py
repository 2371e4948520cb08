"""Resetting sync from a home: over a server, over a folder that two homes share, and when it may
not be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.recovering import recover_home
from sealwax.agent.resetting import BEFORE, SyncPaused
from sealwax.agent.selecting import Select
from sealwax.agent.syncing import SyncOff
from sealwax.base.clock import SetClock
from sealwax.stores.far_trouble import FarAway
from sealwax.sync import replica
from tests.homes import NOW_MS, environment, ignore, texts, write_threads
from tests.server.running import running
from tests.sync.homes_on_server import Household

CHATS = [f"+1555010{number:04d}" for number in range(6)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    """Two homes with the same six conversations on a server."""
    phone = tmp_path / "phone"
    phone.mkdir()
    write_threads(phone, (10,) * 6)
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone, ignore)
            agent.create_snapshot("before all")
        house.sync(0, 1)
        yield house


def _digests(agent: Agent) -> list[int]:
    library = agent.device.history.library
    moments = [pin.moment for pin in library.holdings.pins() if pin.name == "before all"]
    return [library.digest(), *map(library.applier.digest_at, moments)]


def test_a_reset_over_a_server_changes_nothing_and_trips_no_brake(house: Household) -> None:
    with house.agent(0) as agent:
        for chat in CHATS[:5]:
            agent.delete(Select((chat,)))
    house.sync(0, 1)
    with house.agent(1) as agent:
        assert agent.answer_held(is_accepted=True) == 55
    house.sync(1, 0)
    with house.agent(0) as agent:
        before = _digests(agent)
        planned = agent.sync.plan_reset()
        assert planned.snapshot is None
        assert planned.written_bytes == 0
        assert [shot.name for shot in agent.snapshots()] == ["before all"]
        done = agent.sync.reset()
        assert done.records == planned.records > 60
        assert (done.healed, done.regained, done.kept) == (0, 0, 0)
        assert done.written_bytes > 0
        assert [shot.reason for shot in agent.snapshots()][-1] == BEFORE
        assert agent.snapshots()[-1].number == done.snapshot
        assert agent.verify(ignore).damage == ()
        assert _digests(agent) == before
    with house.agent(1) as agent:
        outcome = agent.sync.now()
        assert outcome.is_verified
        assert outcome.held == 0
        assert _digests(agent) == before
        assert texts(agent, CHATS[0]) == []
        assert len(texts(agent, CHATS[0], "before all")) == 10
        assert agent.verify(ignore).damage == ()
    for path in house.homes[1].glob("library.db*"):
        path.unlink()
    with house.agent(1) as agent:
        assert _digests(agent) == before


def test_what_waits_here_is_not_part_of_it_and_stays(house: Household, tmp_path: Path) -> None:
    phone = tmp_path / "more"
    phone.mkdir()
    write_threads(phone, (0, 0, 7), seed="more")
    with house.agent(1) as agent:
        agent.sync.switch(False)
        agent.import_source(phone, ignore)
        waiting = agent.sync.state().waiting
        assert waiting.messages == 7
        agent.sync.switch(True)
        agent.sync.reset()
        assert agent.sync.state().waiting == waiting
        assert len(texts(agent, CHATS[2])) == 17
    house.sync(1, 0)
    assert len(house.texts(0, CHATS[2])) == 17


def test_it_needs_sync_and_the_shared_place(house: Household) -> None:
    with house.agent(0) as agent:
        seq = agent.device.history.head().seq
        agent.device.journal.is_sharing = False
        with pytest.raises(SyncPaused):
            agent.sync.plan_reset()
        with pytest.raises(SyncPaused):
            agent.sync.reset()
        agent.sync.switch(False)
        with pytest.raises(SyncOff):
            agent.sync.reset()
        with pytest.raises(SyncOff):
            agent.sync.plan_reset()
        assert agent.device.history.head().seq == seq


def test_away_it_does_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        house.sync(0)
    with house.agent(0) as agent:
        seq = agent.device.history.head().seq
        with pytest.raises(FarAway):
            agent.sync.reset()
        assert agent.snapshots() == []
        assert agent.device.history.head().seq == seq


def test_the_last_copy_of_words_is_not_made_anew_but_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two homes on one folder: a segment rots after the first home took it in, and the other one
    signs what it has all the same, as it should not."""
    env, vault = environment(SetClock(NOW_MS)), tmp_path / "vault"
    homes = [tmp_path / "home0", tmp_path / "home1"]
    key = create_home(homes[0], str(vault), "home 0", env)
    for number, sizes in enumerate(((6,), (0, 80))):
        phone = tmp_path / f"phone{number}"
        phone.mkdir()
        write_threads(phone, sizes, seed=f"phone {number}")
        with open_agent(homes[0], env) as agent:
            agent.import_source(phone, ignore)
            name = agent.device.history.library.holdings.live_segments()[-1][0]
            head_bytes = agent.device.history.library.digest()
    (path,) = [found for found in vault.rglob("*") if found.name in (name.hex(), name.hex()[2:])]
    path.chmod(0o600)
    path.write_bytes(b"rotten" + path.read_bytes()[6:])
    recover_home(homes[1], str(vault), key, "home 1", env)
    with monkeypatch.context() as patch, open_agent(homes[1], env) as agent:
        patch.setattr(replica, "unread", lambda *_: 0)
        assert texts(agent, CHATS[1]) == []
        # Whatever this home says now, it says without what it could not read.
        agent.delete(Select((CHATS[0],)))
        planned = agent.sync.plan_reset()
        assert (planned.healed, planned.kept) == (0, 1)
    with open_agent(homes[0], env) as agent:
        outcome = agent.sync.now()
        assert not outcome.is_verified
        assert "sealwax sync reset" in outcome.why
        # To make the library anew would have lost them for good.
        assert len(texts(agent, CHATS[1])) == 80
        assert agent.device.history.library.digest() != head_bytes
        assert agent.sync.reset().healed == 1
        assert agent.sync.now().is_verified
    with open_agent(homes[1], env) as agent:
        assert agent.sync.now().is_verified
        assert len(texts(agent, CHATS[1])) == 80
        assert texts(agent, CHATS[0]) == []
