"""Somebody else in a device's own zone: another device, or a server that lies about it.

A backup is never said to be one that is not, and trouble with that zone stops nothing else.
"""

from pathlib import Path
from typing import Any

import pytest

from sealwax.agent.api import Agent
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import device_zone
from sealwax.stores.base import CommitVoid
from sealwax.stores.server import ServerStore
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft
from tests.homes import ignore, texts
from tests.server.running import running
from tests.sync.homes_on_server import FIRST, Household, phone_with


def _far(agent: Agent) -> ServerStore:
    assert agent.device.mirror is not None
    far = agent.device.mirror.far
    assert isinstance(far, ServerStore)
    return far


def _writes_into(agent: Agent, device: bytes, count: int) -> None:
    """Another device closes the zone of a device, so many times over."""
    history, zone = agent.device.history, device_zone(device)
    far, head = _far(agent), beginning(agent.device.history.keys.account, zone)
    for _, data in far.read_commits(zone, 0):
        head = judge(head, data, history.log).head
    for _ in range(count):
        draft = Draft(CommitKind.REVOKE, history.new_op_id(), Part(reason="in the way"))
        data = history.compose_after(head, draft)
        far.append_commit(zone, head.seq + 1, data)
        head = judge(head, data, history.log).head


@pytest.mark.parametrize("is_begun", [False, True])
def test_what_is_backed_up_comes_back_whoever_is_in_the_way(tmp_path: Path, is_begun: bool) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        house.sync(0, 1)
        with house.agent(1) as agent:
            device = agent.device.history.device
            agent.sync.switch(False)
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
            if is_begun:
                assert agent.sync.back_up_now().is_whole
        with house.agent(0) as agent:
            _writes_into(agent, device, 20)
        for seed in ("more", "still more"):
            with house.agent(1) as agent:
                agent.import_source(phone_with(tmp_path / seed, 4, seed=seed), ignore)
                assert agent.sync.back_up_now().is_whole
                # Others only closed it: no other copy of this home is at work.
                assert not agent.status().is_other_copy
            with house.agent(0) as agent:
                _writes_into(agent, device, 1)
        with house.agent(0) as agent:
            agent.devices.adopt("home 1")
            assert len(texts(agent, FIRST)) == 13


def test_with_a_snapshot_of_the_time_apart_every_sync_succeeds(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        with house.agent(1) as agent:
            device = agent.device.history.device
        port = int(server.url.rpartition(":")[2])
    with house.agent(1) as agent:
        agent.create_snapshot("apart")
    with running(tmp_path / "server", port=port):
        with house.agent(0) as agent:
            _writes_into(agent, device, 1)
        house.sync(1, 0, 1)
        with house.agent(1) as agent:
            assert len(texts(agent, FIRST, "apart")) == 5
            assert agent.verify(ignore).damage == ()


def test_a_server_that_lies_about_the_zone_is_told_and_nothing_is_backed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it has twenty steps of the zone, which it never got."""
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        house.sync(0, 1)
        with house.agent(1) as agent:
            agent.sync.switch(False)
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
            far, zone = _far(agent), agent.device.outbox.zone
            heads = far.heads

            def lying() -> dict[str, tuple[int, bytes]]:
                return {**heads(), zone: (20, bytes(32))}

            with monkeypatch.context() as patch:
                patch.setattr(far, "heads", lying)
                done = agent.sync.back_up_now()
                assert not done.is_whole
                assert done.why
        with house.agent(1) as agent:
            assert agent.sync.back_up_now().is_whole
        with house.agent(0) as agent:
            assert agent.devices.adopt("home 1").messages == 5


def test_trouble_with_one_zone_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        port = int(server.url.rpartition(":")[2])
    with house.agent(1) as agent:
        agent.create_snapshot("apart")
        agent.import_source(phone_with(tmp_path / "more", 4, seed="more"), ignore)
        agent.create_snapshot("still apart")
    with running(tmp_path / "server", port=port):
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "new", 3, seed="new"), ignore)
        with house.agent(1) as agent:
            far, zone = _far(agent), agent.device.outbox.zone
            append = far.append_commit

            def refusing(of_zone: str, seq: int, data: bytes) -> Any:
                if of_zone == zone:
                    raise CommitVoid("It does not count.")
                return append(of_zone, seq, data)

            monkeypatch.setattr(far, "append_commit", refusing)
            done = agent.sync.now()
            assert done.why == "It does not count."
            assert not done.is_verified
            # Everything else went, and came.
            assert len(texts(agent, FIRST)) == 12
        with house.agent(0) as agent:
            agent.sync.now()
            assert len(texts(agent, FIRST)) == 12
