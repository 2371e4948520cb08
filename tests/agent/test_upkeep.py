"""Snapshots and syncs of a home whose shared place cannot be written to."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from sealwax.agent.sync_bridge import SyncBridge, SyncFailed
from sealwax.agent.upkeep import newest_of
from sealwax.snapshot.retention import DAILY
from sealwax.stores.far_trouble import FarAway
from tests.homes import DAY_MS, ignore
from tests.server.running import running
from tests.sync.homes_on_server import Household


def test_the_newest_snapshot_is_none_of_a_clock_that_is_ahead() -> None:
    assert newest_of([], 100) is None
    assert newest_of([10, 90, 50, 400], 100) == 90
    assert newest_of([300, 400], 100) == 400


def test_shared_snapshots_stay_while_sync_is_off_and_go_later(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server, 1)
        with house.agent(0) as agent:
            for _ in range(40):
                agent.create_snapshot("", DAILY)
                house.clock.advance(DAY_MS)
            agent.sync.switch(False)
            before = agent.snapshots()
            # With the same number, in the zone of the device alone.
            agent.create_snapshot("mine")
            with pytest.raises(FarAway, match="off or paused"):
                agent.drop_snapshots([str(before[0].number)])
            assert agent.upkeep.apply_retention().dropped
            assert agent.snapshots()[:-1] == before
            agent.sync.switch(True)
            gone = agent.upkeep.apply_retention().dropped
            assert gone
            assert not set(gone) & set(agent.snapshots())
            assert agent.snapshots()[-1].name == "mine"


def test_a_server_that_is_away_is_trouble_from_the_first_sync_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwax.stores.server_connection.WAITS_SECONDS", (0.0,))
    with ExitStack() as stack:
        server = stack.enter_context(running(tmp_path / "server"))
        house = Household(tmp_path, server, 1)
        with house.agent(0) as agent:
            bridge = SyncBridge(agent, house.clock)
            assert bridge.now(ignore).is_verified
            stack.close()
            with pytest.raises(SyncFailed, match="does not answer"):
                bridge.now(ignore)


def test_devices_tell_each_other_how_their_switches_are(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)

        def told() -> tuple[bool, bool, int | None]:
            house.sync(1)
            with house.agent(1) as agent:
                (other,) = [device for device in agent.devices.list() if not device.is_this]
                return other.is_sync_on, other.is_backup_on, other.switched_ms

        house.sync(0)
        assert told() == (True, True, None)
        with house.agent(0) as agent:
            agent.sync.switch_backup(False)
            before = agent.status().head
            agent.sync.switch_backup(False)
            assert agent.status().head == before
        assert told() == (True, False, house.clock.now_ms())
        off_ms = house.clock.now_ms() + DAY_MS
        house.clock.advance(DAY_MS)
        with house.agent(0) as agent:
            agent.sync.switch(False)
            # Nobody hears of this before it syncs again.
            agent.sync.switch_backup(True)
        assert told() == (False, False, off_ms)
        with house.agent(0) as agent:
            agent.sync.switch(True)
        house.sync(0)
        assert told()[:2] == (True, True)
