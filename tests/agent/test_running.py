"""A running agent, step by step under a fake clock."""

import datetime
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import Environment, open_agent
from sealwax.agent.jobs import AgentStops, JobState
from sealwax.agent.journal import Journal
from sealwax.agent.running import RunningAgent
from sealwax.agent.schedule import DAY_MS, HOUR_MS, IMPORT_EVERY_MS, JobKind
from sealwax.agent.selecting import Select
from sealwax.base.clock import SetClock
from sealwax.base.condition import SetConditions
from sealwax.thumbnail import decoder
from tests.agent.scripted import ScriptedSync
from tests.homes import NOW_MS, changed, environment, made_home, said, write_threads
from tests.thumbnail.photos import bomb, some_photos, write_photos


class Stage:
    """A home, a phone, and a running agent on them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.clock = SetClock(NOW_MS)
        self.env: Environment = environment(self.clock)
        self.home, _ = made_home(folder, self.env)
        self.phone = folder / "phone"
        (self.chat,) = write_threads(self.phone, [3])
        self.conditions = SetConditions()
        self.log: list[tuple[str, str]] = []
        self._stack = stack
        self.start()

    def start(self) -> None:
        """A new process of the agent."""
        inner = self._stack.enter_context(ExitStack())
        agent = inner.enter_context(open_agent(self.home, self.env))
        if not agent.sources():
            agent.add_source(self.phone)
        self.running = RunningAgent(
            agent, self.clock, self.conditions, log=self._note, zone=datetime.UTC
        )
        self._inner = inner

    def restart(self) -> None:
        self.running.close()
        self._inner.close()
        self.start()

    def settle(self) -> list[str]:
        """Steps until nothing is due; the kinds of jobs that were done, with their states."""
        before = {told.id for told in self.running.jobs.told()}
        for _ in range(50):
            if not self.running.step():
                break
        else:
            raise AssertionError("it never comes to rest")
        told = [told for told in self.running.jobs.told() if told.id not in before]
        return [
            told.kind if told.state == JobState.DONE else f"{told.kind} {told.state}"
            for told in told
        ]

    def message(self, text: str) -> None:
        """A message arrives on the phone."""
        time_ms = self.clock.now_ms()
        changed(self.phone, lambda db: db.add_messages([said(self.chat, 1, text, text, time_ms)]))

    def messages(self) -> int:
        return self.running.agent.status().counts.messages

    def _note(self, what: str, more: str) -> None:
        self.log.append((what, more))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        made = Stage(tmp_path, stack)
        yield made
        made.running.close()


def test_a_new_home_is_filled_and_pinned_and_comes_to_rest(stage: Stage) -> None:
    assert stage.settle() == [
        "import",
        "snapshot",
        "proof",
        "compaction",
        "verify",
        "retention",
    ]
    assert stage.messages() == 3
    assert [snapshot.reason for snapshot in stage.running.agent.snapshots()] == ["daily"]
    assert stage.settle() == []


def test_a_change_of_the_source_is_imported_at_the_next_look(stage: Stage) -> None:
    stage.settle()
    stage.message("hello")
    assert stage.settle() == ["import"]
    assert stage.messages() == 4


def test_without_a_change_sources_are_read_now_and_then(stage: Stage) -> None:
    stage.settle()
    stage.clock.advance(IMPORT_EVERY_MS)
    assert stage.settle() == ["import"]


def test_a_snapshot_a_day_and_old_ones_go(stage: Stage) -> None:
    stage.settle()
    for day in range(40):
        stage.message(f"day {day}")
        stage.clock.advance(DAY_MS)
        assert "snapshot" in stage.settle()
    snapshots = stage.running.agent.snapshots()
    assert 7 + 3 <= len(snapshots) <= 7 + 5 + 3
    assert snapshots[-1].counts.messages == 43


def test_on_battery_a_snapshot_waits_for_a_day_at_most(stage: Stage) -> None:
    stage.settle()
    stage.conditions.change(is_on_power=False, battery_percent=60.0)
    stage.clock.advance(23 * HOUR_MS)
    assert "snapshot" not in stage.settle()
    stage.clock.advance(HOUR_MS)
    assert "snapshot" in stage.settle()


def test_a_source_that_disappears_is_told_and_does_not_stop_the_others(stage: Stage) -> None:
    write_threads(stage.folder / "tablet", [2], seed="tablet")
    stage.running.agent.add_source(stage.folder / "tablet")
    stage.settle()
    stage.phone.rename(stage.folder / "gone")
    assert stage.settle() == ["import failed"]
    assert stage.settle() == []
    (path,) = stage.running.journal.entries.sources
    assert path == str(stage.phone)
    changed(
        stage.folder / "tablet",
        lambda db: db.add_messages([said(1, 1, "new", "new", NOW_MS - 1)]),
    )
    stage.clock.advance(10_000)
    assert stage.settle() == ["import failed"]
    assert stage.messages() == 6
    (stage.folder / "gone").rename(stage.phone)
    stage.clock.advance(10_000)
    assert stage.settle() == ["import"]
    assert stage.running.journal.entries.sources == {}


def test_another_persons_source_is_held_and_not_tried_again_and_again(stage: Stage) -> None:
    stage.settle()
    stage.message("not mine")
    changed(
        stage.phone,
        lambda db: [
            db.connection.execute("UPDATE chat SET account_login = 'E:other@example.org'"),
            db.connection.execute("UPDATE message SET account = NULL"),
        ],
    )
    assert stage.settle() == ["import failed"]
    assert stage.settle() == []
    assert stage.running.agent.owners.held() == [str(stage.phone)]
    assert stage.messages() == 3
    stage.running.agent.accept_source(stage.phone)
    stage.clock.advance(IMPORT_EVERY_MS)
    assert stage.settle() == ["import"]
    assert stage.messages() == 4


def test_a_job_that_was_interrupted_is_done_first_next_time(stage: Stage) -> None:
    stage.settle()
    stage.running.journal.begin(JobKind.COMPACTION, NOW_MS)
    stage.restart()
    # The new process looks at the source once, for it remembers no marks.
    assert stage.settle() == ["import", "compaction"]
    assert Journal(stage.home).interrupted is None


def test_a_stop_leaves_the_job_to_be_done_again(stage: Stage) -> None:
    job = stage.running.start(JobKind.IMPORT)
    original = stage.running.agent.import_source

    def stopped(path: Path, report: object, may_wait: bool) -> object:
        stage.running.stop()
        return original(path, report, may_wait=may_wait)  # type: ignore[arg-type]

    stage.running.agent.import_source = stopped  # type: ignore[method-assign, assignment]
    stage.running.jobs.run_next()
    with pytest.raises(AgentStops):
        job.future.result()
    stage.restart()
    assert stage.running.journal.interrupted == JobKind.IMPORT
    stage.settle()
    assert stage.messages() == 3


def test_sync_follows_an_import_and_waits_while_paused(stage: Stage) -> None:
    stage.running.sync = ScriptedSync(stage.running.agent)
    assert "sync" in stage.settle()
    stage.conditions.change(is_on_power=False, battery_percent=10.0)
    stage.message("while on battery")
    assert stage.settle() == ["import"]
    state = stage.running.sync_state()
    assert state.pause is not None
    assert state.pause.reason == "battery"
    assert state.waiting.messages == 1
    stage.clock.advance(60_000)
    stage.conditions.change(is_on_power=True)
    assert stage.settle() == ["sync"]
    assert stage.running.sync_state().waiting.messages == 0
    assert ("pause", "battery") in stage.log
    assert ("pause", "over") in stage.log


def test_a_sync_that_fails_is_tried_again_later_each_time(stage: Stage) -> None:
    stage.running.sync = sync = ScriptedSync(stage.running.agent)
    stage.settle()
    sync.is_down = True
    stage.message("unsent")
    assert stage.settle() == ["import", "sync failed"]
    stage.clock.advance(29_000)
    assert stage.settle() == []
    stage.clock.advance(1_000)
    assert stage.settle() == ["sync failed"]
    trouble = stage.running.journal.entries.troubles[JobKind.SYNC]
    assert (trouble.since_ms, trouble.failures) == (NOW_MS, 2)
    sync.is_down = False
    stage.conditions.change(suspended_seconds=600.0)
    stage.clock.advance(600_000)
    assert "sync" in stage.settle()
    assert stage.running.journal.entries.troubles == {}


def test_what_a_full_store_does_not_take_is_not_sent_again_and_again(stage: Stage) -> None:
    stage.running.sync = sync = ScriptedSync(stage.running.agent)
    stage.settle()
    sync.is_full = True
    stage.message("waits")
    assert stage.settle() == ["import", "sync"]
    assert stage.running.sync_state().waiting.messages == 1
    assert stage.settle() == []


def test_now_overrides_a_pause_but_not_a_full_disk(stage: Stage) -> None:
    stage.running.sync = sync = ScriptedSync(stage.running.agent)
    stage.settle()
    stage.conditions.change(is_metered=True)
    stage.message("on a train")
    assert stage.settle() == ["import"]
    asked = stage.running.start(JobKind.SYNC)
    stage.settle()
    assert asked.told.state == JobState.DONE
    assert sync.kept == 4
    stage.conditions.change(free_bytes=1)
    stage.message("no room")
    assert stage.settle() == ["import"]
    asked = stage.running.start(JobKind.SYNC)
    stage.settle()
    assert asked.told.state == JobState.FAILED
    assert sync.kept == 4


def test_a_pause_says_when_all_would_be_done(stage: Stage) -> None:
    stage.running.sync = sync = ScriptedSync(stage.running.agent)
    sync.left_ms = 8 * HOUR_MS
    stage.settle()
    stage.conditions.change(is_on_power=False, battery_percent=5.0)
    stage.message("waits")
    stage.settle()
    (finding,) = [found for found in stage.running.examine().findings if found.key == "paused"]
    assert "plug in and leave it overnight, done by about" in finding.text


class _JumpingClock:
    """A wall clock that someone sets, beside a monotonic one that nobody does."""

    def __init__(self, inner: SetClock) -> None:
        self.inner = inner
        self.offset_ms = 0

    def now_ms(self) -> int:
        return self.inner.now_ms() + self.offset_ms

    def monotonic(self) -> float:
        return self.inner.monotonic()


@pytest.mark.parametrize("jump_ms", [-400 * DAY_MS, -2 * HOUR_MS, 2 * HOUR_MS, 400 * DAY_MS])
def test_a_clock_that_jumps_stops_nothing(tmp_path: Path, jump_ms: int) -> None:
    inner = SetClock(NOW_MS)
    clock = _JumpingClock(inner)
    env = environment(clock)
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [3])
    with open_agent(home, env) as agent:
        agent.add_source(tmp_path / "phone")
        log: list[tuple[str, str]] = []
        running = RunningAgent(
            agent, clock, SetConditions(), log=lambda what, more: log.append((what, more))
        )
        while running.step():
            pass
        clock.offset_ms = jump_ms
        for _ in range(3):
            changed(
                tmp_path / "phone",
                lambda db: db.add_messages(
                    [said(1, 1, f"at {inner.now_ms()}", f"at {inner.now_ms()}", NOW_MS)]
                ),
            )
            inner.advance(DAY_MS)
            for _ in range(20):
                if not running.step():
                    break
            else:
                raise AssertionError("it never comes to rest")
        assert [what for what, _ in log] == ["clock"]
        assert agent.status().counts.messages == 6
        # One before the jump, then one a day, whatever the calendar says.
        assert len(agent.snapshots()) >= 3
        assert running.read(lambda reader: reader.status().counts.messages) == 6
        running.close()


def test_photos_get_small_pictures_which_are_shared(stage: Stage) -> None:
    stage.settle()
    write_photos(stage.phone, some_photos(3))
    assert stage.settle() == ["import", "thumbnails"]
    assert _small_pictures(stage) == 3
    assert stage.settle() == []
    # What opens pictures does not stay when there are none to be opened.
    assert stage.running.agent.device.decoder._companion is None


def test_small_pictures_wait_for_power_and_take_turns_with_what_a_person_asks(
    stage: Stage,
) -> None:
    stage.settle()
    write_photos(stage.phone, some_photos(3))
    stage.conditions.change(is_on_power=False, battery_percent=60.0)
    assert stage.settle() == ["import"]
    stage.conditions.change(is_on_power=True)
    stage.running.look()
    asked = stage.running.ask("something", lambda _, __: _small_pictures(stage))
    assert stage.settle() == ["thumbnails"]
    # One was made when somebody asked for something else; then came that; then the others.
    assert asked.future.result() == 1
    assert _small_pictures(stage) == 3


def test_pictures_that_cannot_be_opened_do_not_keep_the_agent_busy(stage: Stage) -> None:
    stage.settle()
    junk = b"\x89PNG\r\n\x1a\n" + b"junk" * 10_000
    write_photos(stage.phone, {"junk.png": ("image/png", junk), "bomb.png": ("image/png", bomb())})
    assert stage.settle() == ["import", "thumbnails"]
    stage.message("one more")
    assert stage.settle() == ["import"]
    stage.restart()
    assert "thumbnails" not in stage.settle()


def test_where_no_picture_can_be_opened_at_all_the_rest_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "COMPANION", "sealwax.thumbnail.nothing")
    stage.settle()
    write_photos(stage.phone, some_photos(1))
    assert stage.settle() == ["import", "thumbnails failed"]
    stage.message("one more")
    assert stage.settle() == ["import"]
    monkeypatch.undo()
    stage.clock.advance(HOUR_MS)
    assert "thumbnails" in stage.settle()
    assert _small_pictures(stage) == 1


def _small_pictures(stage: Stage) -> int:
    agent = stage.running.agent
    found = [agent.thumbnails.kept(item.attachment) for item in agent.media(Select())]
    return sum(small is not None for small in found)
