"""A plan that is used up: files wait, words go on while the reserve lasts, nothing is lost, and all
goes its way again when there is room."""

from pathlib import Path

import pytest

from sealwax.agent.selecting import Select
from sealwax.demo.world import write_world
from sealwax.server import quota
from tests.homes import DAY_MS, NOW_MS, ignore, write_threads
from tests.server.running import Running, running
from tests.sync.homes_on_server import Household

ROOM_BYTES = 8_000
"""What the plan leaves: less than a photo takes."""
PHOTOS = 3


def _limit(server: Running, room_bytes: int) -> None:
    """Has the account's plan end so much beyond what it keeps."""
    ((_, usage),) = server.parts.accounts.all()
    used_bytes = usage.head_bytes + usage.snapshot_bytes
    server.parts.accounts.grant_plan("somebody", used_bytes + room_bytes)


def _photos(house: Household, number: int) -> int:
    """How many photos a home has whole, its own copy of every piece."""
    with house.agent(number) as agent:
        media = [item for item in agent.media(Select()) if item.attachment.chunks]
        assert agent.verify(ignore).damage == ()
        return len(media)


def test_files_wait_words_go_on_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The reserve is as large as the plan, so that words of a whole import fit into it.
    monkeypatch.setattr(quota, "RESERVE_SHARE", 1)
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=20, photos=PHOTOS)
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        threads = tmp_path / "threads"
        threads.mkdir()
        write_threads(threads, (30, 20), seed="threads")
        with house.agent(0) as agent:
            agent.import_source(threads, ignore)
        house.sync(0, 1)
        _limit(server, ROOM_BYTES)
        with house.agent(0) as agent:
            agent.import_source(world.path, ignore)
            state = agent.sync.state()
            assert state.is_full
            assert state.waiting.attachments == PHOTOS
            done = agent.sync.now()
            assert not done.is_verified
            assert "full" in done.why
            messages = agent.status().counts.messages
        # Words arrived all the same; the other home knows nothing of files that it cannot have.
        with house.agent(1) as agent:
            agent.sync.now()
            assert agent.status().counts.messages == messages
        assert _photos(house, 1) == 0
        assert _photos(house, 0) == PHOTOS
        server.parts.accounts.grant_plan("somebody", quota.FREE_PLAN_BYTES)
        house.sync(0, 1)
        assert _photos(house, 1) == PHOTOS


def test_when_the_reserve_is_used_too_everything_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "RESERVE_SHARE", 1)
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        for number in range(4):
            threads = tmp_path / f"threads{number}"
            threads.mkdir()
            write_threads(threads, (60,) * (number + 1), seed=f"threads {number}")
        with house.agent(0) as agent:
            agent.import_source(tmp_path / "threads0", ignore)
        house.sync(0, 1)
        ((account, usage),) = server.parts.accounts.all()
        # Plan and reserve together: a little more than what there is.
        server.parts.accounts.grant_plan("somebody", (usage.head_bytes + ROOM_BYTES) // 2)
        with house.agent(0) as agent:
            for number in range(1, 4):
                agent.import_source(tmp_path / f"threads{number}", ignore)
            assert agent.sync.state().is_full
            assert agent.sync.state().waiting.messages > 0
            done = agent.sync.now()
            assert not done.is_verified
            assert done.waiting.messages > 0
            # A deletion is words, too: it waits and is not lost.
            agent.delete(Select(("+15550100000",)))
            messages = agent.status().counts.messages
        server.parts.accounts.grant_plan("somebody", quota.FREE_PLAN_BYTES)
        house.sync(0, 1)
        with house.agent(1) as agent:
            assert agent.status().counts.messages == messages
        assert house.texts(1, "+15550100000") == []
        assert server.parts.accounts.usage(bytes.fromhex(account)).head_bytes > usage.head_bytes
