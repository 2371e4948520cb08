"""A home that looks after itself: one thread writes and does what is due, others read.

`look` decides, about once a second, which jobs are due; `step` does the next one. Both are called
by one thread, in `run` or one after the other by a test; everything else may be called by any.
"""

import datetime
from collections.abc import Callable
from threading import Event
from typing import Any, NamedTuple, Protocol, TypeVar

from sealwax.agent.api import Agent
from sealwax.agent.chores import Chores
from sealwax.agent.doctor.examine import Examined, examine
from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.gather import gather
from sealwax.agent.jobs import AgentStops, Job, JobCancelled, Jobs, JobTold, Report, Work
from sealwax.agent.journal import Entries, Journal
from sealwax.agent.link_desk import LinkDesk
from sealwax.agent.linking import Asking, Linked, Offered, Wait
from sealwax.agent.listening import Listening
from sealwax.agent.owners import SourceOfAnother
from sealwax.agent.readers import Readers
from sealwax.agent.schedule import DAY_MS, JobKind, Situation, due_jobs
from sealwax.agent.sync_bridge import SyncBridge, SyncFailed
from sealwax.agent.sync_state import SyncPort, SyncState
from sealwax.agent.timekeeping import Timekeeper
from sealwax.agent.watching import Hints, SourceWatch
from sealwax.base.clock import Clock
from sealwax.base.condition import Condition, Conditions
from sealwax.base.errors import SealwaxError
from sealwax.library.database import naming_damage
from sealwax.sources.base import SourceError
from sealwax.sync.pause import DISK, Pause, PauseRules, pause_plan, pause_sentence
from sealwax.sync.waiting import Waiting
from sealwax.trust.linking import Heads

LOOK_SECONDS = 1.0
NOTHING = Waiting()
UNKNOWN = SyncState(is_on=False)
"""Before the first look."""

T = TypeVar("T")


class Page(Protocol):
    """The page that an agent serves."""

    def new_link(self) -> str: ...

    def is_link_open(self, link: str) -> bool: ...


class NoPage(SealwaxError):
    """An agent without a page."""

    code = "agent-no-page"
    hint = "End it, and start it again with `sealwax agent run`."


class Told(NamedTuple):
    """A running agent at one moment: its jobs, sync as of its last look, its journal."""

    jobs: list[JobTold]
    sync: SyncState
    journal: Entries


class RunningAgent:
    """An open agent with its jobs, readers and watch."""

    def __init__(
        self,
        agent: Agent,
        clock: Clock,
        conditions: Conditions,
        sync: SyncPort | None = None,
        changed: Callable[[JobTold], None] = lambda _: None,
        log: Callable[[str, str], None] = lambda _, __: None,
        zone: datetime.tzinfo | None = None,
    ) -> None:
        """`sync` stands in for that of the home in tests. `changed` hears of every change of a job,
        `log` of what happens, as (what, more)."""
        self.agent = agent
        self.readers = Readers(agent)
        self.journal = Journal(agent.home)
        self.jobs = Jobs(clock, changed, lambda places: log("crash", places))
        self.watch = SourceWatch()
        self.sync: SyncPort = sync or SyncBridge(agent, clock)
        self.chores = Chores(agent, self.watch, self.journal, clock, lambda: self.sync, zone)
        self.pause: Pause | None = None
        self.clock_jump_ms = 0
        self.is_looking = True
        self.links = LinkDesk(self._offer_link, clock)
        self.page: Page | None = None
        self._clock = clock
        self._conditions = conditions
        self._log = log
        self._zone = zone
        self._time = Timekeeper()
        self._hints = Hints(self.jobs.wake)
        self._interrupted = self.journal.interrupted
        self._told_of_news = Event()
        self._stop = Event()
        self._sync_state = UNKNOWN
        # What a sync that ended well could not bring over: no reason to sync again at once.
        self._left_waiting = NOTHING
        self.chores.is_awaited = self._is_awaited

    # For any thread.

    def read(self, ask: Callable[[Agent], T]) -> T:
        """Asks a reader something; see `agent.readers`."""
        return self.readers.read(ask)

    def ask(self, kind: str, work: Callable[[Agent, Report], Any]) -> Job:
        """Has something done by the thread that writes, after what it is doing."""
        return self._begin(kind, work, is_single=False)

    def _begin(self, kind: str, work: Callable[[Agent, Report], Any], is_single: bool) -> Job:
        def named(report: Report) -> Any:
            with naming_damage():
                result = work(self.agent, report)
                self._look_at_sync(self._conditions.now())
                return result

        return self.jobs.start(kind, named, is_single)

    def start(self, kind: JobKind) -> Job:
        """Has a job done now, whatever the schedule and a pause say."""
        return self.jobs.start(kind, self._work(kind, is_asked=True))

    def begin(self, kind: str, work: Callable[[Agent, Report], Any]) -> Job:
        """Like `ask`, but one of a kind at a time."""
        return self._begin(kind, work, is_single=True)

    def facts(self) -> Facts:
        """Everything that the doctor judges by."""
        told = Told(self.jobs.told(), self._sync_state, self.journal.entries)
        condition, now_ms = self._conditions.now(), self._clock.now_ms()
        facts = self.read(
            lambda agent: gather(agent, told.sync, told.journal, condition, now_ms, self._zone)
        )
        return facts._replace(clock_jump_ms=self.clock_jump_ms, is_agent_running=self.is_looking)

    def examine(self) -> Examined:
        """What the doctor says."""
        return examine(self.facts())

    def told(self) -> Told:
        """What it does and why it waits."""
        return Told(self.jobs.told(), self._sync_state, self.journal.entries)

    def news(self) -> None:
        """The store has something new."""
        self._told_of_news.set()
        self.jobs.wake()

    def sync_state(self) -> SyncState:
        """Sync as it was at the last look."""
        return self._sync_state

    def switch(self, what: str, is_on: bool) -> None:
        """Turns "sync" or "backup" of this device on or off, once what it is doing is done."""

        def act(_: Agent, __: Report) -> None:
            turn = self.sync.switch if what == "sync" else self.sync.switch_backup
            turn(is_on)

        self.ask("switch", act).future.result()

    def condition(self) -> Condition:
        return self._conditions.now()

    def page_link(self) -> str:
        """A link that opens the page once; raises NoPage."""
        if self.page is None:
            raise NoPage("This agent serves no page.")
        return self.page.new_link()

    def is_page_link_open(self, link: str) -> bool:
        """Whether a link of the page was not used yet."""
        return self.page is not None and self.page.is_link_open(link)

    def _offer_link(
        self, tell: Callable[[Offered], None], confirm: Callable[[Asking], bool], wait: Wait
    ) -> Linked:
        """Only letting the device in is done by the thread that writes."""

        def within(act: Callable[[], Heads]) -> Heads:
            let_in: Heads = self.ask("link", lambda _, __: act()).future.result()
            return let_in

        return self.agent.devices.link(tell, confirm, wait, within)

    def stop(self) -> None:
        """Ends `run` soon; the job under way ends at its next step."""
        self._stop.set()
        self.links.close()
        self.jobs.close()

    # For the one thread that writes.

    def run(self) -> None:
        """Works until `stop`; where it is not `is_looking`, only at what it is asked for."""
        listening = self._begin_listening()
        try:
            self._look_at_sync(self._conditions.now())
            while not self._stop.is_set():
                if self.is_looking:
                    self._look_and_go_on()
                self.jobs.run_next(LOOK_SECONDS)
        finally:
            if listening is not None:
                listening.close()
            self.close()

    def _begin_listening(self) -> Listening | None:
        """Where there is a server to listen to."""
        if not self.is_looking or self.agent.sync.far is None:
            return None
        listening = Listening(self.agent.sync.listen, self.news)
        listening.start()
        return listening

    def step(self) -> bool:
        """Looks, and does one job; whether there was one."""
        self.look()
        return self.jobs.run_next()

    def look(self) -> list[JobKind]:
        """Starts what is due."""
        condition = self._conditions.now()
        self._look_at_time(condition)
        sources = self.chores.sources()
        self._hints.follow(sources)
        self._look_at_sync(condition)
        if self.jobs.is_busy():
            return []
        rhythm = self.agent.upkeep.rhythm()
        done_ms = {**self.journal.entries.done_ms, JobKind.SNAPSHOT: rhythm.daily_ms}
        situation = Situation(
            self._clock.now_ms(),
            self._clock.monotonic(),
            condition,
            {
                kind: at
                for kind, at in done_ms.items()
                if at is not None and kind != self._interrupted
            },
            self.journal.waits_until,
            has_sources=bool(sources),
            is_source_changed=bool(self.watch.changed(sources, self._clock.monotonic())),
            is_sync_on=self._sync_state.is_on and self._sync_state.is_shared,
            is_sync_paused=self.pause is not None,
            is_imported_news=self._sync_state.waiting not in (NOTHING, self._left_waiting),
            is_told_of_news=self._told_of_news.is_set(),
            is_backup_on=self._sync_state.is_backup_on,
            has_messages=rhythm.messages > 0,
            lacks_thumbnails=self.agent.thumbnails.is_due(),
            zone=self._zone,
        )
        due = due_jobs(situation)
        for kind in due:
            self.jobs.start(kind, self._work(kind, is_asked=False))
        return due

    def _is_awaited(self) -> bool:
        """Whether a job that can stop and go on later is in somebody's way."""
        if self.jobs.is_awaited(but=(JobKind.COMPACTION, JobKind.VERIFY)):
            return True
        changed = self.watch.changed(self.chores.sources(), self._clock.monotonic())
        return bool(changed) or self._told_of_news.is_set()

    def _look_and_go_on(self) -> None:
        """What hinders a look may not hinder the next one."""
        try:
            with naming_damage():
                self.look()
        except (SealwaxError, OSError) as error:
            self._log(
                "look", error.code if isinstance(error, SealwaxError) else type(error).__name__
            )

    def close(self) -> None:
        """Ends the watch and the readers; the agent itself is closed by who opened it."""
        self.jobs.close()
        self._hints.close()
        self.readers.close()

    def _look_at_time(self, condition: Condition) -> None:
        now_ms, monotonic = self._clock.now_ms(), self._clock.monotonic()
        passed = self._time.look(now_ms, monotonic, condition.suspended_seconds)
        if passed.asleep_seconds:
            self._log("woke", f"after {passed.asleep_seconds:.0f} s")
        if passed.jumped_ms:
            self._log("clock", f"was set by {passed.jumped_ms / 1000:.0f} s")
            self.clock_jump_ms = passed.jumped_ms
        self.agent.time.note()
        if not passed.is_smooth:
            self.journal.retry_now()
            self.watch.forget()

    def _look_at_sync(self, condition: Condition) -> None:
        state, before = self.sync.state(), self.pause
        rules = PauseRules(needs_network=state.is_remote)
        now_ms = self._clock.now_ms()
        is_held = state.is_on and state.is_remote
        plan = pause_plan(condition, rules, now_ms, before, state.left_ms)
        self.pause = plan if is_held else None
        if (before and before.reason) != (self.pause and self.pause.reason):
            self._log("pause", self.pause.reason if self.pause else "over")
            self.sync.hold(self.pause is not None)
            if self.pause is None:
                self.journal.retry_now()
        self._sync_state = state._replace(pause=self.pause)
        if state.usage is not None:
            self.journal.note_usage(now_ms // DAY_MS, state.usage.used_bytes)

    def _work(self, kind: JobKind, is_asked: bool) -> Work:
        def work(report: Report) -> Any:
            try:
                self.journal.begin(kind, self._clock.now_ms())
                self._interrupted = None if self._interrupted == kind else self._interrupted
                if kind == JobKind.SYNC:
                    self._told_of_news.clear()
                    self._refuse_on_full_disk()
                with naming_damage():
                    result = self.chores.do(kind, report, is_asked)
            except AgentStops:
                # It stands as under way in the journal, and is done first next time.
                raise
            except JobCancelled:
                self.journal.put_off(kind, self._clock.monotonic())
                raise
            except (SourceError, SourceOfAnother):
                # Each source has its own trouble in the journal; the others were imported.
                self.journal.end_well(kind, self._clock.now_ms())
                raise
            except Exception as error:
                self._failed(kind, error)
                raise
            self.journal.end_well(kind, self._clock.now_ms())
            if kind == JobKind.SYNC:
                self._left_waiting = self.sync.state().waiting
            return result

        return work

    def _refuse_on_full_disk(self) -> None:
        """A person's "now" overrides any other pause."""
        if self.pause is not None and self.pause.reason == DISK:
            raise SyncFailed(pause_sentence(self.pause, self._zone), "")

    def _failed(self, kind: JobKind, error: Exception) -> None:
        code, sentence, hint = "own-mistake", "A mistake in Sealwax stopped it.", ""
        if isinstance(error, SealwaxError):
            code, sentence, hint = error.code, error.sentence, error.hint
        elif isinstance(error, OSError):
            code, sentence = "job-refused", f"{error.strerror or 'The system refused it'}."
        monotonic = self._clock.monotonic()
        self.journal.end_badly(kind, self._clock.now_ms(), monotonic, code, sentence, hint)
