"""What was said to be backed up comes back on another device; else it is said what is not there."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.backing_up import BackedUp, backed_up_sentence
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.recovering import recover_home
from sealwax.demo.world import write_world
from sealwax.stores.mirror import MirrorStore
from sealwax.sync import proving
from tests.homes import DAY_MS, NOW_MS, environment, ignore, texts
from tests.server.running import running
from tests.sync.homes_on_server import FIRST, Household, phone_with


def _apart(house: Household, folder: Path) -> None:
    """Home 1 has its sync off, and five messages."""
    house.sync(0, 1)
    with house.agent(1) as agent:
        agent.sync.switch(False)
        agent.import_source(phone_with(folder / "phone", 5), ignore)


def _mirror(agent: Agent) -> MirrorStore:
    assert agent.device.mirror is not None
    return agent.device.mirror


def test_the_words_of_the_own_zone_are_read_back_whenever_somebody_asks(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        _apart(house, tmp_path)
        with house.agent(1) as agent:
            done = agent.sync.back_up_now()
            assert done.is_whole
            assert done.proof is not None
            assert done.proof.objects >= 1
            assert done.proof.place == server.url
            assert "read back from" in backed_up_sentence(done, NOW_MS)
            again = agent.sync.back_up_now().proof
            assert again is not None
            assert again.objects >= done.proof.objects
            assert again.commits == 0
            by_itself = agent.device.sync.back_up(is_asked=False)
            assert by_itself.objects < again.objects or again.objects == 1
            agent.import_source(phone_with(tmp_path / "more", 1, 2, seed="more"), ignore)
            more = agent.sync.back_up_now().proof
            assert more is not None
            assert again.objects < more.objects <= again.objects + 4
            assert agent.sync.state().proved_ms == NOW_MS
        with house.agent(0) as agent:
            assert agent.devices.adopt("home 1").messages == 8


def test_a_place_that_keeps_nothing_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes every object, says that it has it, and gives none back."""
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        _apart(house, tmp_path)

        def nothing(_: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
            return iter(())

        with house.agent(1) as agent:
            monkeypatch.setattr(_mirror(agent).far, "get_objects", nothing)
            done = agent.sync.back_up_now()
            assert not done.is_whole
            assert done.proof is not None
            assert done.proof.messages == 5
            assert "Not backed up" in backed_up_sentence(done, NOW_MS)
            assert "5 messages" in agent.sync.state().unproved
        with house.agent(1) as agent:
            # It heals by itself, and then nothing more is said.
            assert agent.sync.back_up_now().is_whole
            assert agent.sync.state().unproved == ""


def test_an_object_that_the_place_lost_is_sent_again(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        _apart(house, tmp_path)
        with house.agent(1) as agent:
            zone = agent.device.outbox.zone
            assert agent.device.sync.back_up(is_asked=True).is_whole
            holdings = agent.device.history.library.holdings
            names = [name for name, _, _, is_segment in holdings.live_in(zone) if is_segment]
            for name in names:
                (gone,) = (tmp_path / "server" / "objects").rglob(name.hex())
                gone.write_bytes(b"damaged")
            # As if they had not been read back yet.
            holdings.remember_ms(f"words read back until {zone}", 0)
            done = agent.sync.back_up_now()
            assert done.is_whole
            assert done.proof is not None
            assert done.proof.objects >= len(names)
        with house.agent(0) as agent:
            assert agent.devices.adopt("home 1").messages == 5


def test_steps_that_the_place_does_not_have_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        _apart(house, tmp_path)
        with house.agent(1) as agent:
            # The place takes the steps of this device's zone, and forgets them.
            monkeypatch.setattr(_mirror(agent).far, "append_commit", lambda *_: None)
            done = agent.sync.back_up_now()
            assert not done.is_whole
            assert done.proof is not None
            assert done.proof.steps > 0


def test_a_server_that_is_away_is_no_backup(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        _apart(house, tmp_path)
    with house.agent(1) as agent:
        done = agent.sync.back_up_now()
        assert not done.is_whole
        assert done.why


def test_many_files_are_read_back_over_some_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "FILES_BYTES", 1)
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        house.sync(0)
        with house.agent(0) as agent:
            for photos in (1, 2, 3):
                folder = tmp_path / f"world {photos}"
                world = write_world(folder, NOW_MS - DAY_MS, talks=1, photos=photos)
                agent.import_source(world.path, ignore)
            unread = [_unread(agent.sync.back_up_now()) for _ in range(2)]
            # Who asks has the newest read; the others wait for their day.
            assert unread[0] == unread[1] > 0
            left = [_unread(agent.sync.back_up_now(is_asked=False)) for _ in range(4)]
            assert left[0] > left[1] >= 0
            assert left[-1] == 0


def _unread(done: BackedUp) -> int:
    assert done.is_whole
    assert done.proof is not None
    return done.proof.unread


def test_a_vault_in_a_folder_is_read_back_too(tmp_path: Path) -> None:
    env = environment()
    one, two, vault = tmp_path / "one", tmp_path / "two", tmp_path / "vault"
    key = create_home(one, vault, "one", env)
    with open_agent(one, env) as agent:
        agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        assert agent.sync.back_up_now().is_whole
    recover_home(two, vault, key, "two", env)
    with open_agent(two, env) as agent:
        assert len(texts(agent, FIRST)) == 5
    for path in (vault / "accounts").rglob("objects/*/*"):
        path.unlink()
    with open_agent(one, env) as agent:
        # What was read back once, and is gone since, is no backup any more.
        done = agent.sync.back_up_now()
        assert done.proof is not None
        assert not done.is_whole
        assert done.proof.lacking > 0
