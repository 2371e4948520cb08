"""The running agent as a surface with many threads asks it: see `agent.port`."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any, TypeVar

from sealwax.agent.api import Agent
from sealwax.agent.as_json import as_json
from sealwax.agent.doctor.examine import Examined
from sealwax.agent.doctor.finding import Finding
from sealwax.agent.home import program
from sealwax.agent.jobs import Job, JobState, JobTold, Step
from sealwax.agent.jobs import Report as JobReport
from sealwax.agent.port import (
    DeviceView,
    Event,
    JobView,
    Line,
    Progress,
    Report,
    Safety,
    Switch,
)
from sealwax.agent.running import RunningAgent
from sealwax.agent.schedule import JobKind
from sealwax.agent.sync_state import seen_by_id
from sealwax.base.clock import Clock
from sealwax.base.condition import Conditions
from sealwax.base.errors import SealwaxError
from sealwax.sync.pause import pause_sentence

EVENTS_AHEAD = 64
WAIT_SECONDS = 1.0
SAFETY_SECONDS = 1.0
"""So long an examination is good for: several windows ask for it after each event."""
RESULTS_KEPT = 32
DOING = {
    "restore": "Restoring",
    "delete": "Moving to the trash",
    "undelete": "Taking out of the trash",
    "held": "Answering held deletions",
    "import": "Importing",
    "source": "Answering about a source",
    "sync": "Syncing",
    "backup": "Making a snapshot",
    "snapshot": "Making a snapshot",
    "proof": "Reading the backup back",
    "retention": "Looking at old snapshots",
    "thumbnails": "Making small pictures",
    "compaction": "Making room",
    "verify": "Checking",
}
"""What a job does, before it says so itself."""

T = TypeVar("T")


class NothingToSyncWith(SealwaxError):
    """There is no place to bring this device together with."""

    code = "nothing-to-sync-with"
    hint = "docs/sync-versus-backup.md says how devices share a history."


class DeviceElsewhere(SealwaxError):
    """The switches of another device are its own."""

    code = "device-elsewhere"
    hint = "Turn it on or off on that device itself."


class NoSuchJob(SealwaxError):
    """No job of this name is done again."""

    code = "no-such-job"
    hint = "Load the page again: it may be of another version."


class Listeners:
    """Who wants to hear of events. `tell` may be called by any thread and never waits."""

    def __init__(self) -> None:
        self._queues: list[Queue[Event | None]] = []
        self._lock = Lock()
        self._closed = Flag()

    def tell(self, event: Event) -> None:
        with self._lock:
            for queue in self._queues:
                try:
                    queue.put_nowait(event)
                except Full:
                    # Whoever is so far behind asks for everything anew anyway.
                    continue

    def job_changed(self, told: JobTold) -> None:
        """A job has begun, gone on or ended; what it did may have changed anything."""
        self.tell(Event("jobs"))
        if told.ended_ms is not None:
            self.tell(Event("history"))
            self.tell(Event("safety"))

    def listen(self) -> Iterator[Event | None]:
        """Events from now on; None about every second."""
        queue: Queue[Event | None] = Queue(EVENTS_AHEAD)
        with self._lock:
            self._queues.append(queue)
        try:
            while not self._closed.is_set():
                try:
                    yield queue.get(timeout=WAIT_SECONDS)
                except Empty:
                    yield None
        finally:
            with self._lock:
                self._queues.remove(queue)

    def close(self) -> None:
        """Ends all listening."""
        self._closed.set()


class RunningPort:
    """A `Port` over a running agent."""

    def __init__(self, running: RunningAgent, listeners: Listeners, clock: Clock) -> None:
        self._running = running
        self._listeners = listeners
        self._clock = clock
        self._results: OrderedDict[int, Any] = OrderedDict()
        self._examined: tuple[float, Examined] | None = None

    def read(self, act: Callable[[Agent], T]) -> T:
        return self._running.read(act)

    def start(self, kind: str, act: Callable[[Agent, Report], Any]) -> str:
        def work(agent: Agent, report: JobReport) -> Any:
            return act(agent, lambda told: report(_step(told)))

        return self._watched(self._running.begin(kind, work))

    def jobs(self) -> list[JobView]:
        return [self._view(told) for told in self._running.jobs.told()]

    def cancel(self, job: str) -> bool:
        return job.isascii() and job.isdigit() and self._running.jobs.cancel(int(job))

    def safety(self) -> Safety:
        examined = self._examine()
        called = program(self._running.agent.home)
        lines = [_line(found, called) for found in examined.findings]
        return Safety(examined.sentence, examined.level, lines)

    def devices(self) -> list[DeviceView]:
        state = self._running.sync_state()
        seen_ms = seen_by_id(state)
        devices = self._running.read(lambda agent: agent.devices.list(asked_ms=seen_ms))
        views = [
            DeviceView(
                device.id.hex(),
                device.name,
                device.is_this,
                device.added_ms,
                device.seen_ms,
                state.is_on if device.is_this else device.is_sync_on,
                state.is_backup_on if device.is_this else device.is_backup_on,
            )
            for device in devices
        ]
        return sorted(views, key=lambda view: not view.is_this)

    def switch(self, device: str, what: Switch, is_on: bool) -> None:
        is_this = any(view.is_this and view.id == device for view in self.devices())
        if not is_this:
            raise DeviceElsewhere("Another device turns its own switches.")
        self._running.switch(what, is_on)
        self._examined = None
        self._listeners.tell(Event("devices"))
        self._listeners.tell(Event("safety"))

    def sync_now(self) -> str:
        if not self._running.sync_state().is_shared:
            raise NothingToSyncWith("This home shares its history with no other place.")
        return self._watched(self._running.start(JobKind.SYNC))

    def backup_now(self) -> str:
        return self._watched(self._running.start(JobKind.SNAPSHOT))

    def again(self, kind: str) -> str:
        if kind not in list(JobKind):
            raise NoSuchJob(f"“{kind[:40]}” is nothing that Sealwax does by itself.")
        return self._watched(self._running.start(JobKind(kind)))

    def events(self) -> Iterator[Event | None]:
        return self._listeners.listen()

    def end_events(self) -> None:
        """Ends what `events` gave out: the page's open ends of the line go first."""
        self._listeners.close()

    def _examine(self) -> Examined:
        now = self._clock.monotonic()
        if self._examined is None or now - self._examined[0] >= SAFETY_SECONDS:
            self._examined = (now, self._running.examine())
        return self._examined[1]

    def _watched(self, job: Job) -> str:
        """Keeps what a job gives back, for its view."""

        def keep(done: "Future[Any]") -> None:
            self._examined = None
            if done.exception() is None:
                self._results[job.number] = as_json(done.result())
                while len(self._results) > RESULTS_KEPT:
                    self._results.popitem(last=False)

        job.future.add_done_callback(keep)
        return str(job.number)

    def _view(self, told: JobTold) -> JobView:
        pause = self._running.pause
        failure = told.failure
        result = self._results.get(told.id)
        sentence = _sentence(told, result)
        is_held = pause is not None and told.kind == JobKind.SYNC and told.ended_ms is None
        paused = pause_sentence(pause) if pause is not None and is_held else ""
        return JobView(
            str(told.id),
            told.kind,
            told.state.value,
            _progress(told.step, paused) if told.step else None,
            sentence,
            failure.code if failure else "",
            failure.hint if failure else "",
            result,
        )


def _line(found: Finding, called: str) -> Line:
    """What the doctor found, with its commands as they are typed for this home."""
    remedy = found.remedy
    if not found.is_elsewhere:
        remedy = remedy.replace("`sealwax ", f"`{called} ")
    return Line(found.level, found.text, remedy, found.action, found.subject)


def _sentence(told: JobTold, result: Any) -> str:
    """What a job does or did."""
    if told.failure is not None:
        return told.failure.sentence
    if isinstance(result, dict) and isinstance(result.get("sentence"), str):
        return str(result["sentence"])
    doing = DOING.get(told.kind, told.kind)
    if told.state == JobState.DONE:
        return f"{doing}: done."
    return told.step.phase if told.step is not None else doing


@contextmanager
def port_of(agent: Agent, clock: Clock, conditions: Conditions) -> Iterator[RunningPort]:
    """A port over an agent of this process, which does only what it is asked for. Nothing else may
    use the agent meanwhile."""
    listeners = Listeners()
    running = RunningAgent(agent, clock, conditions, changed=listeners.job_changed)
    running.is_looking = False
    worker = Thread(target=running.run, name="worker")
    worker.start()
    try:
        yield RunningPort(running, listeners, clock)
    finally:
        listeners.close()
        running.stop()
        worker.join()


def _progress(step: Step, pause: str) -> Progress:
    left = None if step.left_ms is None else step.left_ms / 1000
    return Progress(
        step.phase, step.done, step.total, step.done_bytes, step.total_bytes, left, pause
    )


def _step(told: Progress) -> Step:
    left = None if told.remaining_seconds is None else int(told.remaining_seconds * 1000)
    return Step(told.phase, told.done, told.total, "", left, told.done_bytes, told.total_bytes)
