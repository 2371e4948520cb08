"""Adopting what a device that is lost or put out kept for itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.devices import DeviceIsThis
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import NothingMatches, Select, SeveralMatch
from sealwax.demo.world import write_world
from sealwax.ledger.names import commit_hash, device_zone
from sealwax.sync.fresh_zone import said_again
from sealwax.sync.replay import told_commits
from tests.homes import DAY_MS, NOW_MS, environment, ignore, texts
from tests.server.running import Running, running
from tests.sync.homes_on_server import FIRST, SECOND, Household, phone_with


def _apart(folder: Path, server: Running, count: int = 3) -> Household:
    """Homes that share five messages; the last one, with sync off, has six more for itself, and
    backed them up."""
    house = Household(folder, server, count)
    with house.agent(0) as agent:
        agent.import_source(phone_with(folder / "phone", 5), ignore)
    house.sync(*range(count))
    with house.agent(count - 1) as agent:
        agent.sync.switch(False)
        agent.import_source(phone_with(folder / "more", 2, 4, seed="more"), ignore)
        assert agent.sync.back_up_now().is_whole
    return house


def _objects(agent: Agent) -> int:
    held = agent.device.history.library.holdings
    return len(held.listed()) + len(held.listed(agent.device.outbox.zone))


def _files(agent: Agent) -> list[bytes]:
    """The files that a home has whole."""
    found = [item.attachment for item in agent.media(Select()) if item.attachment.chunks]
    return sorted(b"".join(agent.attachment_bytes(one)) for one in found)


def test_what_a_removed_device_kept_is_adopted_once(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = _apart(tmp_path, server)
        with house.agent(0) as agent:
            agent.devices.revoke("home 2")
            plan = agent.devices.plan_adoption("home 2")
            assert plan.messages == 6
            assert plan.size_bytes > 0
            assert plan.since_ms == NOW_MS
            assert (plan.deletions, plan.unreadable) == (0, 0)
            assert not texts(agent, SECOND)
            assert agent.devices.adopt("home 2") == plan
            assert len(texts(agent, SECOND)) == 4
            assert agent.sync.state().waiting.messages == 6
            # It is known here now.
            assert agent.devices.adopt("home 2").is_nothing
        house.sync(0, 1, 0)
        for number in (0, 1):
            assert len(house.texts(number, FIRST)) == 7
            assert len(house.texts(number, SECOND)) == 4
        with house.agent(1) as agent:
            before = _objects(agent)
            assert agent.devices.plan_adoption("home 2").is_nothing
            assert agent.devices.adopt("home 2").is_nothing
            assert _objects(agent) == before
            assert agent.verify(ignore).damage == ()
        with house.agent(0) as agent:
            assert agent.devices.adopt("home 2").is_nothing
            assert agent.verify(ignore).damage == ()


def test_files_come_along(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = _apart(tmp_path, server, 2)
        world = write_world(tmp_path / "world", NOW_MS - DAY_MS, talks=3, photos=2)
        with house.agent(1) as agent:
            agent.import_source(world.path, ignore)
            assert agent.sync.back_up_now().is_whole
            files = _files(agent)
            assert len(files) == 2
        with house.agent(0) as agent:
            plan = agent.devices.plan_adoption("home 1")
            assert plan.attachments == 2
            assert plan.size_bytes > sum(map(len, files))
            # Not put out: it is lost, and may come back.
            agent.devices.adopt("home 1")
            assert _files(agent) == files
        house.sync(0)
        with house.agent(1) as agent:
            agent.sync.switch(True)
        house.sync(1, 0)
        for number in (0, 1):
            assert len(house.texts(number, FIRST)) == 7
            with house.agent(number) as agent:
                assert _files(agent) == files
                assert agent.verify(ignore).damage == ()


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_cut_off_it_goes_on(tmp_path: Path, writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path / "server") as server:
        house = _apart(tmp_path, server, 2)
        world = write_world(tmp_path / "world", NOW_MS - DAY_MS, talks=3, photos=2)
        with house.agent(1) as agent:
            agent.import_source(world.path, ignore)
            assert agent.sync.back_up_now().is_whole
            files, messages = _files(agent), agent.status().counts.messages
        with house.agent(0) as agent:
            own, left = agent.device.outbox.own, [writes]
            write = own.write

            def cut_off(*given: Any) -> Any:
                if not left[0]:
                    raise OSError("cut off")
                left[0] -= 1
                return write(*given)

            with monkeypatch.context() as patch:
                patch.setattr(own, "write", cut_off)
                with pytest.raises(OSError, match="cut off"):
                    agent.devices.adopt("home 1")
        with house.agent(0) as agent:
            agent.devices.adopt("home 1")
            assert agent.devices.plan_adoption("home 1").is_nothing
        house.sync(0)
        with house.agent(0) as agent:
            assert agent.status().counts.messages == messages
            assert _files(agent) == files
            assert agent.verify(ignore).damage == ()


def test_deletions_are_told_and_can_be_taken_back(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = _apart(tmp_path, server, 2)
        with house.agent(1) as agent:
            agent.delete(Select((FIRST,)))
            assert agent.sync.back_up_now().is_whole
        with house.agent(0) as agent:
            agent.devices.revoke("home 1")
            # Five messages and their conversation.
            assert agent.devices.plan_adoption("home 1").deletions >= 5
            agent.devices.adopt("home 1")
            assert texts(agent, FIRST) == []
            (snapshot,) = agent.snapshots()
            assert snapshot.reason == "before adopting"
            assert len(texts(agent, FIRST, str(snapshot.number))) == 5
            agent.undelete(Select((FIRST,)))
            assert len(texts(agent, FIRST)) == 7


def test_what_it_writes_after_it_was_put_out_does_not_count(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = _apart(tmp_path, server, 2)
        with house.agent(0) as agent:
            agent.devices.revoke("home 1")
        with house.agent(1) as agent:
            agent.import_source(phone_with(tmp_path / "late", 1, 1, 9, seed="late"), ignore)
            assert agent.sync.back_up_now().why
            # Even if the server took it.
            own = agent.device.outbox.own
            late = [data for _, data in own.store.read_commits(own.zone, 0)][-1]
        with house.agent(0) as agent:
            assert agent.device.mirror is not None
            far = agent.device.mirror.far
            original = far.read_commits

            def with_more(zone: str, start: int):  # type: ignore[no-untyped-def]
                found = list(original(zone, start))
                return iter([*found, (start + len(found), late)])

            far.read_commits = with_more  # type: ignore[method-assign]
            assert agent.devices.plan_adoption("home 1").messages == 6


@pytest.mark.parametrize("generation", [0, 1, 7])
def test_a_zone_that_nobody_closed_is_not_believed(tmp_path: Path, generation: int) -> None:
    """A removed device and the server have begun one more zone of it, at the time of old."""
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server, 2)
        house.sync(0, 1)
        with house.agent(1) as agent:
            history = agent.device.history
            zone = device_zone(history.device, generation)
            agent.sync.switch(False)
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
            own = agent.device.outbox.own
            forged = said_again(own, told_commits(own, own.zone), zone)
            objects = [(name, own.store.get_object(name)) for name in own.held_in_store()]
        with house.agent(0) as agent:
            agent.devices.revoke("home 1")
            assert agent.device.mirror is not None
            lie = _Lying(agent.device.mirror.far, zone, forged, dict(objects))
            agent.device.mirror.far = lie  # type: ignore[assignment]
            assert agent.devices.plan_adoption("home 1").is_nothing
            agent.device.sync.others.fetch()
            agent.device.sync.others.take_in()
            assert agent.sync.unshown_snapshots() == 0


class _Lying:
    """A place that has one zone more than it took."""

    is_judging = True

    def __init__(
        self, real: Any, zone: str, commits: list[bytes], objects: dict[bytes, bytes]
    ) -> None:
        self._real = real
        self._zone = zone
        self._commits = commits
        self._objects = objects

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def list_zones(self) -> list[str]:
        return sorted({*self._real.list_zones(), self._zone})

    def heads(self) -> dict[str, tuple[int, bytes]]:
        head = (len(self._commits) - 1, commit_hash(self._commits[-1]))
        return {**self._real.heads(), self._zone: head}

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        if zone != self._zone:
            yield from self._real.read_commits(zone, start_seq)
            return
        yield from list(enumerate(self._commits))[start_seq:]

    def get_commit(self, zone: str, seq: int) -> bytes:
        return self._commits[seq] if zone == self._zone else self._real.get_commit(zone, seq)

    def get_objects(self, names: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
        yield from ((name, self._objects[name]) for name in names if name in self._objects)


def test_an_object_that_is_gone_is_told_and_the_others_come(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = _apart(tmp_path, server, 2)
        with house.agent(1) as agent:
            agent.import_source(phone_with(tmp_path / "third", 1, 1, 3, seed="third"), ignore)
            assert agent.sync.back_up_now().is_whole
            zone = agent.device.outbox.zone
            live = agent.device.history.library.holdings.live_in(zone)
            names = [name for name, _, _, is_segment in live if is_segment]
        assert len(names) >= 2
        (gone,) = (tmp_path / "server" / "objects").rglob(names[-1].hex())
        gone.unlink()
        with house.agent(0) as agent:
            done = agent.devices.adopt("home 1")
            assert done.unreadable == 1
            assert done.messages == 6


def test_a_folder_that_devices_share(tmp_path: Path) -> None:
    env = environment()
    one, two, vault = tmp_path / "one", tmp_path / "two", tmp_path / "vault"
    key = create_home(one, vault, "one", env)
    recover_home(two, vault, key, "two", env)
    with open_agent(two, env) as agent:
        agent.sync.switch(False)
        agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
    with open_agent(one, env) as agent:
        agent.devices.revoke("two")
        assert agent.devices.adopt("two").messages == 5
        assert len(texts(agent, FIRST)) == 5
        assert agent.sync.now().is_verified
        assert agent.devices.adopt("two").is_nothing
        assert agent.verify(ignore).damage == ()


def test_which_device_is_meant(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server, 2)
        with house.agent(0) as agent:
            with pytest.raises(DeviceIsThis):
                agent.devices.adopt("home 0")
            with pytest.raises(NothingMatches) as nothing:
                agent.devices.adopt("home 7")
            assert "--all" in nothing.value.hint
            gone = agent.devices.revoke("home 1")
            with pytest.raises(NothingMatches):
                agent.devices.find("home 1")
        recover_home(tmp_path / "again", server.url, house.recovery_key, "home 1", house.env)
        with house.agent(0) as agent:
            with pytest.raises(SeveralMatch) as several:
                agent.devices.adopt("home 1")
            assert gone.id.hex()[:8] in several.value.sentence
            assert agent.devices.adopt(gone.id.hex()[:8]).is_nothing
