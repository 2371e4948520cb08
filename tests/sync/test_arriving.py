"""A new device on a slow line: what has come is readable while the rest is still on its way."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwax.agent import place
from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.readers import Readers
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.stores.base import StoreError
from sealwax.stores.server import ServerStore
from sealwax.stores.slow import SlowStore
from sealwax.sync import replica
from sealwax.sync.apply import SyncOutcome
from sealwax.sync.progress import SyncProgress
from sealwax.vault import objects
from tests.homes import ignore, importing, write_threads
from tests.server.running import Running, running
from tests.sync.homes_on_server import Household

SIZES = (9_000, 9_000, 9_000)
"""Conversations whose changes make several commits, each of several objects."""
OBJECT_BYTES = 768 * 1024
"""So that those of the first commit come in the first group that is fetched."""
WAIT_SECONDS = 20


class Line:
    """A slow line to the server: it counts objects, and may stand still after so many."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.objects = 0
        self.stands_after: int | None = None
        self.fails_after: int | None = None
        self.stands, self._goes_on = threading.Event(), threading.Event()
        opened = place.opened_far
        monkeypatch.setattr(place, "opened_far", lambda *asked: self.slow(opened(*asked)))

    def slow(self, far: ServerStore) -> Any:
        # A byte takes a second of nobody's: only objects have a size to wait for.
        store = SlowStore(far, 0.0, 1.0, ignore)
        get_object = store.get_object

        def counted(name: bytes) -> bytes:
            data = get_object(name)
            self.objects += 1
            if self.objects == self.fails_after:
                raise StoreError("The line is cut.")
            if self.objects == self.stands_after:
                self.stands.set()
                assert self._goes_on.wait(WAIT_SECONDS)
            return data

        store.get_object = counted  # type: ignore[method-assign]
        return store

    def go_on(self) -> None:
        self._goes_on.set()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "server") as server:
        yield server


@pytest.fixture
def household(tmp_path: Path, server: Running, monkeypatch: pytest.MonkeyPatch) -> Household:
    """The first home has told the server of everything; the second one knows nothing yet."""
    household = Household(tmp_path, server)
    write_threads(tmp_path / "phone", SIZES)
    monkeypatch.setattr(objects, "LARGEST_CHANGES_BYTES", OBJECT_BYTES)
    monkeypatch.setattr(replica, "WORTH_A_COMPANION", sum(SIZES))
    importing(household.homes[0], household.env, tmp_path / "phone")
    household.sync(0)
    return household


@pytest.fixture
def line(household: Household, monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(monkeypatch)


def _count(agent: Agent) -> int:
    return sum(view.messages for view in agent.conversations())


def _objects(household: Household) -> int:
    with household.agent(0) as agent:
        listed = agent.device.history.library.holdings.listed()
        return sum(digest is not None for *_, digest in listed)


def test_what_came_is_readable_while_the_rest_is_not_fetched(
    household: Household, line: Line
) -> None:
    total = _objects(household)
    assert total >= 12
    line.stands_after = total // 2
    seen: list[tuple[int, int]] = []
    progress: list[SyncProgress] = []
    with open_agent(household.homes[1], household.env, is_waiting=False) as agent:
        readers = Readers(agent)

        def look() -> None:
            assert line.stands.wait(WAIT_SECONDS)
            deadline = threading.Event()
            for _ in range(WAIT_SECONDS * 20):
                if count := readers.read(_count):
                    seen.append((count, line.objects))
                    break
                deadline.wait(0.05)
            line.go_on()

        watch = threading.Thread(target=look)
        watch.start()
        done = agent.sync.now(progress.append)
        watch.join()
        readers.close()
        assert done.is_verified, done
        assert _count(agent) == sum(SIZES)
    ((count, fetched),) = seen
    assert 0 < count < sum(SIZES)
    assert fetched < total
    loading = [told for told in progress if told.phase == "Loading history"]
    assert [told.done for told in loading] == sorted({told.done for told in loading})
    assert loading[0].total == total
    assert loading[0].done < total
    assert loading[-1].done_bytes <= loading[-1].total_bytes > 0


def test_a_command_without_an_agent_waits_for_all_that_is_known_of(
    household: Household, line: Line
) -> None:
    total = _objects(household)
    with open_agent(household.homes[1], household.env) as agent:
        mirror = agent.device.mirror
        assert mirror is not None
        mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
    with open_agent(household.homes[1], household.env) as agent:
        assert _count(agent) == sum(SIZES)
    assert line.objects == total


@pytest.mark.parametrize("fails_after", [1, 5, 11])
def test_a_line_that_is_cut_goes_on_where_it_stopped(
    household: Household, line: Line, fails_after: int
) -> None:
    total = _objects(household)
    line.fails_after = fails_after
    with open_agent(household.homes[1], household.env, is_waiting=False) as agent:
        cut: SyncOutcome = agent.sync.now()
        assert "cut" in cut.why
        assert not cut.is_verified
    came = line.objects
    with open_agent(household.homes[1], household.env, is_waiting=False) as agent:
        assert line.objects == came, "opening a home never waits for a server"
        assert agent.sync.now().is_verified
        assert _count(agent) == sum(SIZES)
    # The one that was cut off comes again, and those of its answer that were not kept yet.
    assert line.objects <= total + 2 * fails_after
