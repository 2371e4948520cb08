"""A month in the life of a laptop, hour by hour: what the agent keeps, and what the doctor says."""

import datetime
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.recovery import note_confirmed_at_beginning
from sealwax.agent.running import RunningAgent
from sealwax.agent.schedule import DAY_MS, HOUR_MS
from sealwax.base.condition import SetConditions
from tests.agent.scripted import ScriptedSync
from tests.homes import changed, environment, ignore, made_home, said, texts, write_threads

MONDAY_MS = int(datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC).timestamp() * 1000)
DAYS = 30
HOURS_OF_MESSAGES = (9, 13, 20)
WAKES_AT = 7
OLD_MESSAGES = 5
PERSON = "+15550100000"


class _LaptopClock:
    """A wall clock that may be wrong, and a monotonic one that stands still in sleep."""

    def __init__(self) -> None:
        self.true_ms = MONDAY_MS
        self.offset_ms = 0
        self._awake_ms = 0

    def now_ms(self) -> int:
        return self.true_ms + self.offset_ms

    def monotonic(self) -> float:
        return self._awake_ms / 1000

    def advance(self, hours: int, is_asleep: bool) -> None:
        self.true_ms += hours * HOUR_MS
        self._awake_ms += 0 if is_asleep else hours * HOUR_MS


class _Trouble(NamedTuple):
    """Something that goes wrong at 8:00 of a day and is mended at 8:00 of another: the finding that
    has to be there, and those that may be there besides."""

    key: str
    begins: int
    ends: int
    begin: Callable[["_Month"], object]
    end: Callable[["_Month"], object]
    besides: frozenset[str] = frozenset()


class _Month:
    """Everything that the script moves."""

    def __init__(self, folder: Path, running: RunningAgent, clock: _LaptopClock) -> None:
        self.folder = folder
        self.phone = folder / "phone"
        self.running = running
        self.clock = clock
        self.conditions: SetConditions = running._conditions  # type: ignore[assignment]
        self.sync = ScriptedSync(running.agent)
        self.sync.true_ms = lambda: clock.true_ms
        running.sync = self.sync
        self.sent: list[str] = []
        # When each message could first be read, by this computer's clock.
        self.readable_ms: list[int] = [clock.now_ms()] * OLD_MESSAGES
        self.said_on: dict[int, set[str]] = defaultdict(set)

    def settle(self) -> None:
        for _ in range(50):
            if not self.running.step():
                return
        raise AssertionError("it never comes to rest")

    def message(self, text: str) -> None:
        folder = self.phone if self.phone.exists() else self.folder / "unplugged"
        told = said(1, 1, text, text, self.clock.true_ms)
        changed(folder, lambda db: db.add_messages([told]))
        self.sent.append(text)
        self.readable_ms.append(self.clock.now_ms() if folder == self.phone else 0)

    def unplug(self) -> None:
        self.phone.rename(self.folder / "unplugged")

    def plug_in(self) -> None:
        (self.folder / "unplugged").rename(self.phone)
        self.readable_ms = [at or self.clock.now_ms() for at in self.readable_ms]


def _set(**fields: object) -> Callable[[_Month], object]:
    return lambda month: month.conditions.change(**fields)


def _sync(**fields: object) -> Callable[[_Month], object]:
    return lambda month: [setattr(month.sync, name, value) for name, value in fields.items()]


def _clock(offset_ms: int) -> Callable[[_Month], object]:
    return lambda month: setattr(month.clock, "offset_ms", offset_ms)


LATE = frozenset({"not-on-store"})
TROUBLES = (
    _Trouble("paused", 3, 6, _set(is_online=False), _set(is_online=True)),
    _Trouble("server-trouble", 8, 11, _sync(is_down=True), _sync(is_down=False), LATE),
    _Trouble("storage-full", 13, 17, _sync(is_full=True), _sync(is_full=False), LATE),
    _Trouble("source-unreadable", 18, 20, _Month.unplug, _Month.plug_in),
    _Trouble(
        "paused",
        21,
        22,
        _set(is_on_power=False, battery_percent=12.0),
        _set(is_on_power=True, battery_percent=90.0),
    ),
    _Trouble("clock-wrong", 23, 24, _clock(3 * HOUR_MS), _clock(0)),
    _Trouble("sync-off", 25, 26, _sync(is_on=False), _sync(is_on=True)),
    _Trouble("backup-off", 27, 28, _sync(is_backup_on=False), _sync(is_backup_on=True)),
)


def _day(month: _Month, day: int) -> None:
    """Asleep until seven, then an hour at a time; the doctor is asked each hour."""
    month.conditions.change(
        suspended_seconds=month.conditions.now().suspended_seconds + WAKES_AT * 3600
    )
    month.clock.advance(WAKES_AT, is_asleep=True)
    for hour in range(WAKES_AT, 24):
        if hour == 8:
            for trouble in TROUBLES:
                if trouble.ends == day:
                    trouble.end(month)
                if trouble.begins == day:
                    trouble.begin(month)
        if hour in HOURS_OF_MESSAGES:
            month.message(f"day {day} hour {hour}")
        month.settle()
        found = {finding.key for finding in month.running.examine().findings}
        if hour == 23:
            month.said_on[day] |= found
        _check(found, day, hour)
        month.clock.advance(1, is_asleep=False)


def _check(found: set[str], day: int, hour: int) -> None:
    """Each trouble is told at the latest when the day on which it began ends, and no other is; the
    hours between its end and the next import, sync or snapshot are its own."""
    lasting = [
        trouble for trouble in TROUBLES if (trouble.begins, 8) <= (day, hour) < (trouble.ends, 12)
    ]
    allowed = {key for trouble in lasting for key in (trouble.key, *trouble.besides)}
    assert found <= allowed, (day, hour, found - allowed)
    if hour == 23:
        wanted = {trouble.key for trouble in lasting}
        assert wanted <= found, (day, hour, wanted - found)


def test_a_month(tmp_path: Path) -> None:
    clock = _LaptopClock()
    env = environment(clock)
    home, code = made_home(tmp_path, env)
    note_confirmed_at_beginning(home, code)
    write_threads(tmp_path / "phone", [OLD_MESSAGES], end_ms=MONDAY_MS - DAY_MS)
    with open_agent(home, env) as agent:
        agent.add_source(tmp_path / "phone")
        conditions = SetConditions()
        conditions.change(free_bytes=10**12, suspended_seconds=0.0)
        running = RunningAgent(agent, clock, conditions, zone=datetime.UTC)
        month = _Month(tmp_path, running, clock)
        with closing(running):
            for day in range(DAYS):
                _day(month, day)
            _check_end(month)


def _check_end(month: _Month) -> None:
    agent = month.running.agent
    total = OLD_MESSAGES + len(month.sent)
    assert len(month.sent) == DAYS * len(HOURS_OF_MESSAGES)
    # Every message is here, and on the store that other devices read.
    assert set(month.sent) <= set(texts(agent, PERSON))
    assert (agent.status().counts.messages, month.sync.kept) == (total, total)
    # Every snapshot holds what could be read when it was made, no more and no less.
    snapshots = agent.snapshots()
    for snapshot in snapshots:
        readable = sum(at <= snapshot.made_ms for at in month.readable_ms)
        assert snapshot.counts.messages == readable, snapshot
    days = {snapshot.made_ms // DAY_MS for snapshot in snapshots}
    last = month.clock.now_ms() // DAY_MS - 1
    assert {last, last - 1, last - 3} <= days
    assert 7 <= len(snapshots) <= 7 + 5 + 2
    assert agent.verify(ignore).is_sound
    # The doctor has told each trouble, and in the end has nothing to say.
    told = set().union(*month.said_on.values())
    assert {trouble.key for trouble in TROUBLES} <= told
    assert month.running.examine().findings == ()
