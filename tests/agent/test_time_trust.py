"""A clock far ahead of all that was seen removes nothing, and is named."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.doctor.checks.clock import check_clock
from sealwax.agent.doctor.checks.devices import check_devices
from sealwax.agent.doctor.checks.snapshots import check_snapshots
from sealwax.agent.doctor.facts import DeviceFact
from sealwax.agent.examining import facts_of
from sealwax.agent.selecting import Select
from sealwax.agent.time_trust import ClockInDoubt
from sealwax.base.clock import SetClock
from sealwax.base.condition import SetConditions
from sealwax.snapshot.retention import DAILY
from tests.homes import DAY_MS, NOW_MS, environment, importing, made_home, write_threads
from tests.server.running import running
from tests.sync.homes_on_server import Household

A = "+15550100000"
YEARS_MS = 9 * 365 * DAY_MS


class _AnyClock(SetClock):
    """A clock that can be set back."""

    def set(self, now_ms: int) -> None:
        self._now_ms = now_ms


def _named(agent: Agent, clock: SetClock) -> list[str]:
    facts = facts_of(agent, SetConditions(), clock)
    other = DeviceFact("laptop", False, NOW_MS)
    facts = facts._replace(devices=(other,))
    found = [*check_clock(facts), *check_devices(facts), *check_snapshots(facts)]
    return [finding.key for finding in found]


def test_nothing_is_removed_by_a_clock_that_is_years_ahead(tmp_path: Path) -> None:
    clock = _AnyClock(NOW_MS)
    env = environment(clock)
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [5])
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as agent:
        agent.delete(Select(chats=(A,)))
        for _ in range(20):
            agent.create_snapshot("", DAILY)
        assert _named(agent, clock) == []
        assert agent.plan_compaction().deleted == 0
    clock.advance(YEARS_MS)
    with open_agent(home, env) as agent:
        # What is written now does not make the clock right.
        agent.create_snapshot("later")
        for act in (
            agent.storage.plan_empty_trash,
            agent.storage.empty_trash,
            agent.upkeep.plan_retention,
            agent.upkeep.apply_retention,
        ):
            with pytest.raises(ClockInDoubt, match="3,285 days ahead"):
                act()
        assert agent.plan_compaction().deleted == 0
        assert _named(agent, clock) == ["clock-wrong"]
    clock.set(NOW_MS + DAY_MS)
    with open_agent(home, env) as agent:
        assert _named(agent, clock) == []
        assert agent.storage.plan_empty_trash().messages == 0
        assert agent.upkeep.apply_retention().dropped


def test_a_clock_that_goes_on_like_that_for_a_month_is_believed(tmp_path: Path) -> None:
    clock = _AnyClock(NOW_MS)
    env = environment(clock)
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [5])
    importing(home, env, tmp_path / "phone")
    clock.advance(400 * DAY_MS)
    for _ in range(3):
        with open_agent(home, env) as agent:
            assert agent.time.ahead_ms()
        clock.advance(9 * DAY_MS)
    # One more jump begins the month anew.
    clock.advance(YEARS_MS)
    for _ in range(3):
        with open_agent(home, env) as agent:
            assert agent.time.ahead_ms()
        clock.advance(10 * DAY_MS)
    with open_agent(home, env) as agent:
        assert not agent.time.ahead_ms()
        agent.storage.empty_trash()


def test_the_server_says_which_clock_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server, 1)
        house.sync(0)
        told_ms = [house.clock.now_ms()]
        monkeypatch.setattr(
            "sealwax.stores.server.ServerStore.server_ms", property(lambda _: told_ms[0])
        )
        house.clock.advance(20 * DAY_MS)
        with house.agent(0) as agent:
            agent.sync.now()
            assert agent.time.ahead_ms() == 20 * DAY_MS
        # It was a day later in truth, and is the server's time again.
        house.clock._now_ms -= 19 * DAY_MS
        with house.agent(0) as agent:
            assert not agent.time.ahead_ms()
        house.clock.advance(YEARS_MS)
        with house.agent(0) as agent:
            assert agent.time.ahead_ms()
            told_ms[0] = house.clock.now_ms()
            agent.sync.now()
            assert not agent.time.ahead_ms()
