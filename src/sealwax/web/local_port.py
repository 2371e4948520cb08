"""The port of one process that opened a home for itself: one thread does jobs, others read."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Condition, Thread
from typing import Any, TypeVar

import msgspec

from sealwax.agent.api import Agent
from sealwax.agent.doctor.examine import examine
from sealwax.agent.examining import facts_of
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
from sealwax.agent.readers import Readers
from sealwax.base.clock import Clock
from sealwax.base.condition import Conditions
from sealwax.base.errors import SealwaxError
from sealwax.web.plans import Done
from sealwax.web.syncing import device_views, switch_this, sync_now

T = TypeVar("T")
ENDED_KEPT = 16
LISTEN_SECONDS = 1.0
_RUNNING = {
    "restore": "Restoring",
    "delete": "Moving to the trash",
    "undelete": "Taking out of the trash",
    "held": "Answering held deletions",
    "import": "Importing",
    "backup": "Making a snapshot",
    "sync": "Syncing",
}


class Cancelled(SealwaxError):
    """A person ended a job."""

    code = "job-cancelled"
    hint = "What was done until then is kept; ask again to go on."


class _Job:
    def __init__(self, number: int, kind: str, act: Callable[[Agent, Report], Any]) -> None:
        self.act = act
        self.is_cancelled = False
        self.view = JobView(str(number), kind, "waiting", None, _RUNNING.get(kind, kind))


class LocalPort:
    """A port over an open agent. `close` before the agent is closed."""

    def __init__(self, agent: Agent, conditions: Conditions, clock: Clock) -> None:
        self._agent = agent
        self._conditions = conditions
        self._clock = clock
        self._readers = Readers(agent)
        self._numbers = itertools.count(1)
        self._jobs: deque[_Job] = deque()
        self._news = Condition()
        self._listeners: list[SimpleQueue[Event]] = []
        self._is_closed = self._is_ending = False
        self._worker = Thread(target=self._work, name="sealwax jobs", daemon=True)
        self._worker.start()

    def read(self, act: Callable[[Agent], T]) -> T:
        return self._readers.read(act)

    def start(self, kind: str, act: Callable[[Agent, Report], Any]) -> str:
        with self._news:
            for job in self._jobs:
                if job.view.kind == kind and job.view.state in ("waiting", "running"):
                    return job.view.id
            job = _Job(next(self._numbers), kind, act)
            self._jobs.append(job)
            self._news.notify_all()
        self._happened("jobs")
        return job.view.id

    def jobs(self) -> list[JobView]:
        with self._news:
            return [job.view for job in self._jobs]

    def cancel(self, job: str) -> bool:
        with self._news:
            for known in self._jobs:
                if known.view.id == job and known.view.state in ("waiting", "running"):
                    known.is_cancelled = True
                    return True
        return False

    def safety(self) -> Safety:
        facts = self.read(lambda agent: facts_of(agent, self._conditions, self._clock))
        examined = examine(facts)
        lines = [
            Line(found.level, found.text, found.remedy, found.action) for found in examined.findings
        ]
        return Safety(examined.sentence, examined.level, lines)

    def devices(self) -> list[DeviceView]:
        return self.read(device_views)

    def switch(self, device: str, what: Switch, is_on: bool) -> None:
        def act(agent: Agent, _: Report) -> None:
            switch_this(agent, device, what, is_on)

        self.start(f"switch-{what}", act)

    def sync_now(self) -> str:
        return self.start("sync", sync_now)

    def backup_now(self) -> str:
        def act(agent: Agent, _: Report) -> Done:
            made = agent.create_snapshot("")
            return Done(f"Snapshot {made.number} holds {made.counts.messages:,} messages.")

        return self.start("backup", act)

    def events(self) -> Iterator[Event | None]:
        queue: SimpleQueue[Event] = SimpleQueue()
        self._listeners.append(queue)
        try:
            while not self._is_ending:
                try:
                    yield queue.get(timeout=LISTEN_SECONDS)
                except Empty:
                    yield None
        finally:
            self._listeners.remove(queue)

    def end_events(self) -> None:
        """Ends what `events` gave out."""
        self._is_ending = True

    def close(self) -> None:
        """Lets the job under way end at its next step, and closes the readers."""
        with self._news:
            self._is_closed = self._is_ending = True
            for job in self._jobs:
                job.is_cancelled = True
            self._news.notify_all()
        self._worker.join()
        self._readers.close()

    def _work(self) -> None:
        while True:
            with self._news:
                waiting = [job for job in self._jobs if job.view.state == "waiting"]
                if self._is_closed:
                    return
                if not waiting:
                    self._news.wait()
                    continue
                job = waiting[0]
            self._run(job)

    def _run(self, job: _Job) -> None:
        def report(progress: Progress) -> None:
            if job.is_cancelled:
                raise Cancelled("The job was cancelled.")
            self._tell(job, progress=progress)

        self._tell(job, state="running")
        try:
            if job.is_cancelled:
                raise Cancelled("The job was cancelled.")
            result = job.act(self._agent, report)
        except Cancelled as error:
            self._tell(job, state="cancelled", sentence=error.sentence, hint=error.hint)
        except SealwaxError as error:
            self._failed(job, error.code, error.sentence, error.hint)
        except OSError as error:
            self._failed(job, "system-trouble", f"{error.strerror or 'The system refused it'}.", "")
        except Exception as error:
            # What it was may name a person's words: its kind alone is told.
            sentence = f"A mistake in Sealwax stopped this ({type(error).__name__})."
            self._failed(job, "own-mistake", sentence, "Nothing is lost. Please report it.")
        else:
            sentence = result.sentence if isinstance(result, Done) else job.view.sentence
            self._tell(
                job, state="done", sentence=sentence, result=msgspec.to_builtins(result),
                progress=None,
            )  # fmt: skip
        with self._news:
            ended = [one for one in self._jobs if one.view.state not in ("waiting", "running")]
            for old in ended[:-ENDED_KEPT]:
                self._jobs.remove(old)
        for kind in ("history", "safety"):
            self._happened(kind)

    def _failed(self, job: _Job, code: str, sentence: str, hint: str) -> None:
        self._tell(job, state="failed", error_code=code, sentence=sentence, hint=hint)

    def _tell(self, job: _Job, **fields: Any) -> None:
        job.view = msgspec.structs.replace(job.view, **fields)
        self._happened("jobs")

    def _happened(self, kind: Any) -> None:
        for queue in tuple(self._listeners):
            queue.put(Event(kind))
