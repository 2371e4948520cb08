"""Homes that share one history over a server: sync, sync off, a server that is away or restored."""

import shutil
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.compacting import Compaction, compact, plan_compaction
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import Select
from sealwax.agent.status import kept
from sealwax.base.clock import SetClock
from sealwax.demo.world import write_world
from sealwax.ledger.commit import CommitKind
from sealwax.snapshot.pins import SnapshotElsewhere
from sealwax.sync.compaction import collect
from sealwax.sync.compaction.collect import GRACE_MS, collectable
from sealwax.sync.known_zones import pinned_bases
from sealwax.vault.commit_part import MERGED, Part
from sealwax.vault.writing import Writing
from tests.homes import DAY_MS, NOW_MS, ignore, texts
from tests.server.running import running
from tests.sync.homes_on_server import FIRST, SECOND, Household, phone_with
from tests.thumbnail.photos import some_photos, write_photos


def test_three_homes_share_one_history(tmp_path: Path) -> None:
    phone = phone_with(tmp_path / "phone", 5, 3)
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server, 3)
        with house.agent(0) as agent:
            agent.import_source(phone, ignore)
        house.sync(0, 1, 2)
        assert len(house.texts(2, FIRST)) == 5
        with house.agent(1) as agent:
            assert agent.delete(Select((FIRST,))) > 0
        house.sync(1, 0, 2)
        assert house.texts(0, FIRST) == house.texts(2, FIRST) == []
        with house.agent(2) as agent:
            agent.undelete(Select((FIRST,)))
        house.sync(2, 0, 1)
        assert len(house.texts(0, FIRST)) == len(house.texts(1, FIRST)) == 5
    stored = b"".join(
        path.read_bytes() for path in (tmp_path / "server").rglob("*") if path.is_file()
    )
    for word in (b"thread 0", b"5550100", b"message"):
        assert word not in stored.replace(b"messages", b"")


def test_with_sync_off_an_import_stays_and_joins_later(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        with house.agent(1) as agent:
            agent.sync.switch(False)
            agent.import_source(phone_with(tmp_path / "more", 2, 4, seed="more"), ignore)
            agent.create_snapshot("mine")
            waiting = agent.sync.state().waiting
            assert waiting.messages == 6
            assert waiting.since_ms > 0
            assert agent.sync.back_up_now().is_whole
            assert agent.verify(ignore).damage == ()
        house.sync(0)
        assert house.texts(0, SECOND) == []
        assert len(house.texts(1, SECOND)) == 4
        assert len(house.texts(1, SECOND, "mine")) == 4
        with house.agent(0) as agent:
            agent.delete(Select((FIRST,)))
        house.sync(0)
        with house.agent(1) as agent:
            agent.sync.switch(True)
        house.sync(1, 0)
        for number in (0, 1):
            assert len(house.texts(number, SECOND)) == 4
        assert house.texts(0, FIRST) == house.texts(1, FIRST)
        assert len(house.texts(1, FIRST, "mine")) == 7
        _anew(house.homes[1])
        assert len(house.texts(1, FIRST, "mine")) == 7
        assert len(house.texts(1, SECOND, "mine")) == 4
        assert house.texts(0, FIRST) == house.texts(1, FIRST)
        house.sync(1)
        for number in (0, 1):
            with house.agent(number) as agent:
                assert agent.verify(ignore).damage == ()


def test_while_the_server_is_away_everything_goes_on(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        port = int(server.url.rpartition(":")[2])
    with house.agent(0) as agent:
        agent.import_source(phone_with(tmp_path / "more", 1, 3, seed="more"), ignore)
        agent.create_snapshot("alone")
        agent.delete(Select((FIRST,)))
        state = agent.sync.state()
        assert state.waiting.messages > 3
        assert "does not answer" in state.trouble
        done = agent.sync.now()
        assert not done.is_verified
        assert done.why
        assert len(agent.read(agent.conversation(SECOND).record)) == 3
    with running(tmp_path / "server", port=port):
        house.sync(0, 1)
        assert house.texts(1, FIRST) == []
        assert len(house.texts(1, SECOND)) == 3
        assert len(house.texts(0, FIRST, "alone")) == 6


def test_a_server_that_came_back_from_yesterday_is_mended(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        port = int(server.url.rpartition(":")[2])
    shutil.copytree(tmp_path / "server", tmp_path / "yesterday")
    with running(tmp_path / "server", port=port):
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "more", 1, 3, seed="more"), ignore)
            agent.create_snapshot("lost")
        house.sync(0)
    with running(tmp_path / "yesterday", port=port):
        with house.agent(1) as agent:
            agent.import_source(phone_with(tmp_path / "other", 2, 1, 4, seed="other"), ignore)
        house.sync(1)
        with house.agent(0) as agent:
            done = agent.sync.now()
            assert done.is_verified, done
            assert "parted" in done.repaired
        house.sync(1, 0)
        for number in (0, 1):
            assert len(house.texts(number, SECOND)) == 4
            assert len(house.texts(number, "+15550100002")) == 4
            with house.agent(number) as agent:
                assert agent.verify(ignore).damage == ()
        assert len(house.texts(0, SECOND, "lost")) >= 3


def test_a_server_that_only_lost_the_end_gets_it_back(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0)
        port = int(server.url.rpartition(":")[2])
    shutil.copytree(tmp_path / "server", tmp_path / "yesterday")
    with running(tmp_path / "server", port=port):
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "more", 1, 3, seed="more"), ignore)
        house.sync(0)
    with running(tmp_path / "yesterday", port=port):
        with house.agent(0) as agent:
            done = agent.sync.now()
            assert done.is_verified, done
            assert "put back" in done.repaired
        house.sync(1)
        assert len(house.texts(1, SECOND)) == 3


def _anew(home: Path) -> None:
    """The library is made anew at the next opening."""
    for path in home.glob("library.db*"):
        path.unlink()


def _pieces_here(agent: Agent) -> tuple[int, int]:
    """(pieces of files on this device, in all)."""
    held = agent.device.history.library.holdings.listed()
    files = [name for name, *_, digest in held if digest is None]
    return len(set(agent.device.near.has_objects(files))), len(files)


def test_a_device_keeps_as_many_files_as_it_wants(tmp_path: Path) -> None:
    write_photos(tmp_path / "phone", some_photos(4))
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(tmp_path / "phone", ignore)
        house.sync(0)
        with house.agent(1) as agent:
            agent.sync.keep_files(0)
            assert agent.sync.now().is_verified
            here, every = _pieces_here(agent)
            assert (here, every >= 4) == (0, True)
            found = agent.verify(ignore)
            assert found.is_sound, found.damage
            held = agent.device.history.library.holdings.listed()
            largest = max(size for *_, size, digest in held if digest is None)
            agent.sync.keep_files(2 * largest)
            agent.sync.now()
            assert 0 < _pieces_here(agent)[0] < every
            # What is not here is read from the server.
            photos = list(agent.media(Select()))
            assert all(b"".join(agent.attachment_bytes(item.attachment)) for item in photos)
            agent.sync.keep_files(None)
            agent.sync.now()
            assert _pieces_here(agent) == (every, every)
            assert agent.verify(ignore).is_sound


LARGE = (5, 0, 100)
"""Of so many messages those of the first conversation are no tenth."""


def _shared(folder: Path, *sizes: int) -> tuple[Household, int]:
    """Two homes that share five messages, or conversations of these sizes, and the port of their
    server, which is away."""
    with running(folder / "server") as server:
        house = Household(folder, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(folder / "phone", *(sizes or (5,))), ignore)
        house.sync(0, 1)
        return house, int(server.url.rpartition(":")[2])


def _pin_while_away(house: Household, folder: Path) -> int:
    """The server is away; home 0 imports more, makes a snapshot, and deletes. Gives when."""
    house.clock.advance(60_000)
    with house.agent(0) as agent:
        agent.import_source(phone_with(folder / "more", 1, 3, seed="more"), ignore)
        agent.create_snapshot("away")
        made_ms = agent.snapshot("away").made_ms
        assert agent.sync.state().waiting.snapshots == 1
        agent.delete(Select((FIRST,)))
    house.clock.advance(60_000)
    return made_ms


def test_a_snapshot_made_while_the_server_is_away_reaches_all(tmp_path: Path) -> None:
    house, port = _shared(tmp_path)
    made_ms = _pin_while_away(house, tmp_path)
    with running(tmp_path / "server", port=port) as server:
        house.sync(0, 1)
        recover_home(tmp_path / "new", server.url, house.recovery_key, "new", house.env)
        house.homes.append(tmp_path / "new")
        house.sync(2)
        for number in range(3):
            assert house.texts(number, FIRST) == []
            assert len(house.texts(number, FIRST, "away")) == 6
            with house.agent(number) as agent:
                # It is one snapshot, and tells when it was made.
                (found,) = [one for one in agent.snapshots() if one.name == "away"]
                assert found.made_ms == made_ms
                assert found.counts.messages == 9
                assert agent.sync.state().waiting.is_nothing
                assert agent.verify(ignore).damage == ()


def test_what_a_snapshot_stands_on_is_sent_where_others_have_collected_it(tmp_path: Path) -> None:
    """They did not know of the snapshot; the device that made it was away for long."""
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        with house.agent(1) as agent:
            agent.sync.switch(False)
            agent.create_snapshot("away")
        with house.agent(0) as agent:
            # The shared history does not come by what the snapshot shows.
            agent.import_source(phone_with(tmp_path / "more", 1, 3, seed="more"), ignore)
            assert agent.sync.now().is_verified
            history = agent.device.history
            names = [name for name, *_ in history.library.holdings.live_segments()]
            changes = tuple(one for name in names for one in history.read_segment(name))
            compacting = Writing(changes, Part(), CommitKind.COMPACT, dropped=tuple(names))
            history.write(compacting)
        # As after the time for which the server keeps what nothing holds.
        server.parts.objects.remove(history.keys.account, names)
        with house.agent(1) as agent:
            agent.sync.switch(True)
        house.sync(1)
        recover_home(tmp_path / "new", server.url, house.recovery_key, "new", house.env)
        house.homes.append(tmp_path / "new")
        with house.agent(2) as agent:
            agent.sync.now()
            assert len(texts(agent, FIRST, "away")) == 5
            assert agent.verify(ignore).damage == ()


def test_a_snapshot_that_the_shared_history_passed_by_is_at_the_server(tmp_path: Path) -> None:
    house, port = _shared(tmp_path, *LARGE)
    _pin_while_away(house, tmp_path)
    with running(tmp_path / "server", port=port) as server:
        with house.agent(1) as agent:
            agent.import_source(phone_with(tmp_path / "other", 2, 1, 4, seed="other"), ignore)
        house.sync(1)
        with house.agent(0) as agent:
            zone = agent.device.outbox.zone
            far = agent.device.mirror.far
            assert far.head_seq(zone) < 0
            assert agent.sync.now().is_verified
            assert far.head_seq(zone) == agent.device.near.head_seq(zone)
            held = agent.device.outbox.own.held_in_store()
            assert held
            assert far.has_objects(held) == held
        recover_home(tmp_path / "new", server.url, house.recovery_key, "new", house.env)
        house.homes.append(tmp_path / "new")
        house.sync(2)
        with house.agent(1) as agent:
            assert agent.sync.now().is_verified
            assert [one.name for one in agent.snapshots()] == []
            assert agent.sync.unshown_snapshots() == 1
            assert agent.sync.show_snapshots() == 0
        for number in range(3):
            assert len(house.texts(number, FIRST, "away")) == 6
            assert len(house.texts(number, FIRST)) == 2
            with house.agent(number) as agent:
                (found,) = [one for one in agent.snapshots() if one.name == "away"]
                assert found.is_elsewhere == (number > 0)
                assert agent.snapshot(str(found.number)) == found
                assert agent.verify(ignore).damage == ()
                if number > 0:
                    with pytest.raises(SnapshotElsewhere):
                        agent.drop_snapshots(["away"])
        for number in (0, 1):
            _anew(house.homes[number])
            assert len(house.texts(number, FIRST, "away")) == 6
        with house.agent(0) as agent:
            agent.drop_snapshots(["away"])
        house.sync(0, 1)
        for number in (0, 1):
            with house.agent(number) as agent:
                assert agent.snapshots() == []


def test_what_a_snapshot_of_another_device_stands_on_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, port = _shared(tmp_path, *LARGE)
    _pin_while_away(house, tmp_path)
    server_clock = SetClock(NOW_MS)
    with running(tmp_path / "server", server_clock, port):
        with house.agent(1) as agent:
            agent.import_source(phone_with(tmp_path / "other", 2, 1, 4, seed="other"), ignore)
        house.sync(1, 0, 1)
        with house.agent(1) as agent:
            history = agent.device.history
            (base,) = pinned_bases(history)
            assert 0 <= base < history.head().seq
            live = history.library.holdings.live_segments()
            names = [name for name, _, _ in live]
            changes = tuple(change for name in names for change in history.read_segment(name))
            part = Part(reason=MERGED)
            history.write(Writing(changes, part, CommitKind.COMPACT, dropped=tuple(names)))
            beneath = {name for name, seq, _ in live if seq <= base}
            later_ms = house.clock.now_ms() + 2 * GRACE_MS
            assert beneath
            assert not collectable(history, later_ms).sizes
            server_clock.advance(GRACE_MS)
            assert not beneath & collectable(history, later_ms).sizes.keys()
            assert collectable(history, later_ms).sizes
            monkeypatch.setattr(collect, "pinned_bases", lambda _: set())
            assert beneath <= collectable(history, later_ms).sizes.keys()


def test_what_is_pinned_nowhere_else_counts_as_not_shared(tmp_path: Path) -> None:
    house, _ = _shared(tmp_path)
    _pin_while_away(house, tmp_path)
    with house.agent(0) as agent:
        done = agent.sync.now()
        assert not done.is_verified
        assert done.waiting.snapshots == 1


def test_what_the_last_sync_said_is_remembered_until_one_succeeds(tmp_path: Path) -> None:
    house, port = _shared(tmp_path)
    house.clock.advance(60_000)
    began_ms = house.clock.now_ms()
    for _ in range(2):
        with house.agent(0) as agent:
            assert not agent.sync.now().is_verified
        house.clock.advance(60_000)
    with house.agent(0) as agent:
        state = agent.sync.state()
        assert state.waiting.is_nothing
        assert state.trouble_code == "server-unreachable"
        assert "does not answer" in state.trouble
        assert state.trouble_since_ms == began_ms
    with running(tmp_path / "server", port=port) as server:
        server.parts.accounts.lock("somebody", "not paid")
        with house.agent(0) as agent:
            assert not agent.sync.now().is_verified
        with house.agent(0) as agent:
            state = agent.sync.state()
            assert state.trouble_code == "account-locked"
            assert "not paid" in state.trouble
            assert state.trouble_since_ms == house.clock.now_ms()
        server.parts.accounts.unlock("somebody")
        house.sync(0)
        with house.agent(0) as agent:
            assert agent.sync.state().trouble == ""
            assert agent.sync.state().trouble_since_ms is None


def test_the_status_says_no_more_than_is_so(tmp_path: Path) -> None:
    house, port = _shared(tmp_path)
    with house.agent(0) as agent:
        store = agent.status().store
        assert kept(agent.status()).endswith(f"are sealed on this device and on {store}.")
    _pin_while_away(house, tmp_path)
    with house.agent(0) as agent:
        told = kept(agent.status())
        assert "are sealed on this device. Not on" in told
        assert "1 snapshot" in told
    with running(tmp_path / "server", port=port) as server:
        house.sync(0)
        recover_home(tmp_path / "new", server.url, house.recovery_key, "new", house.env)
        house.homes.append(tmp_path / "new")
        with house.agent(2) as agent:
            assert "was not verified yet" in kept(agent.status())
        house.sync(2)
        with house.agent(2) as agent:
            assert "on this device and on" in kept(agent.status())


def test_files_that_were_not_fetched_yet_are_not_damaged(tmp_path: Path) -> None:
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=3, photos=2)
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(world.path, ignore)
        house.sync(0)
        port = int(server.url.rpartition(":")[2])
        with house.agent(1) as agent:
            agent.sync.pull()
            assert _pieces_here(agent)[0] == 0
            found = agent.verify(ignore)
            assert (found.damage, found.unasked) == ((), 0)
    with house.agent(1) as agent:
        found = agent.verify(ignore)
        assert found.damage == ()
        assert found.unasked == _pieces_here(agent)[1] > 0
    with running(tmp_path / "server", port=port) as server, house.agent(1) as agent:
        missing = [path for path in (tmp_path / "server" / "objects").rglob("*") if path.is_file()]
        for path in missing:
            if path.name != "sealwax-store.json":
                path.unlink()
        found = agent.verify(ignore)
        here = [one for one in found.damage if one.kind == "object"]
        assert len(here) == _pieces_here(agent)[1]


def test_a_server_that_goes_by_another_address_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        port = int(server.url.rpartition(":")[2])
    with running(tmp_path / "server", port=port, origins=("https://elsewhere.example",)):
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
            done = agent.sync.now()
        assert not done.is_verified
        assert f"--origin {server.url}" in done.why
        assert done.waiting.messages == 5
        assert len(house.texts(0, FIRST)) == 5
    with running(tmp_path / "server", port=port):
        house.sync(0, 1)
        assert len(house.texts(1, FIRST)) == 5


def test_what_the_server_keeps_for_now_is_told_and_goes_later(tmp_path: Path) -> None:
    server_clock = SetClock(NOW_MS)
    with running(tmp_path / "server", server_clock) as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            for number in range(18):
                phone = phone_with(tmp_path / f"phone{number}", 2, seed=f"phone {number}")
                agent.import_source(phone, ignore)
            history, later_ms = agent.device.history, NOW_MS + 2 * GRACE_MS

            def compacted() -> Compaction:
                scratch = tmp_path / "scratch"
                return compact(history, scratch, later_ms, ignore)

            assert agent.compact(ignore).deleted == 0
            # The device has waited for its time, and the server has not.
            planned = plan_compaction(history, later_ms)
            assert (planned.deleted, planned.until_ms) == (0, NOW_MS + GRACE_MS)
            assert planned.staying > 0
            assert compacted()[2:] == planned[2:]
            server_clock.advance(GRACE_MS)
            done = compacted()
            assert (done.deleted, done.staying, done.until_ms) == (planned.staying, 0, 0)
            assert plan_compaction(history, later_ms)[2:] == (0, 0, 0, 0)
            assert agent.verify(ignore).is_sound
