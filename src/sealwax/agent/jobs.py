"""What a running agent is doing: jobs in a queue, done by one thread, told as frozen values.

There is one job of a kind at a time: asking for one that waits or runs gives that one. A job is
cancelled between two steps of it, where it tells how far it is; what it did until then stays, for
every job may be done again from its beginning. No value here holds a word of a message or a secret.
"""

import itertools
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Container
from concurrent.futures import Future
from enum import StrEnum
from threading import Condition, Lock
from typing import Any, NamedTuple, TypeAlias

from sealwax.base.clock import Clock
from sealwax.base.errors import SealwaxError

ENDED_KEPT = 32
"""So many jobs that have ended are remembered."""


class JobState(StrEnum):
    """Where a job is in its life."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Step(NamedTuple):
    """How far a job is: what it does, how much is done of how much (0: unknown) of which unit, the
    same in bytes, and about how long it will take from here in ms (None: unknown)."""

    phase: str
    done: int = 0
    total: int = 0
    unit: str = ""
    left_ms: int | None = None
    done_bytes: int = 0
    total_bytes: int = 0


class Failure(NamedTuple):
    """Why a job failed."""

    code: str
    sentence: str
    hint: str


class JobTold(NamedTuple):
    """A job at one moment. Times are ms since 1970, None where they lie ahead."""

    id: int
    kind: str
    state: JobState
    asked_ms: int
    began_ms: int | None
    ended_ms: int | None
    step: Step | None
    failure: Failure | None


class JobCancelled(SealwaxError):
    """A person cancelled a job."""

    code = "job-cancelled"
    hint = "What was done until then is kept; ask again to go on."


class AgentStops(SealwaxError):
    """The agent is being ended."""

    code = "agent-stops"
    hint = "Nothing is lost: start it again, and the job goes on."


class OwnMistake(SealwaxError):
    """A job crashed: a mistake in Sealwax."""

    code = "own-mistake"
    hint = "Nothing is lost. Please report it, with the agent's log."


Report: TypeAlias = Callable[[Step], None]
Work: TypeAlias = Callable[[Report], Any]


class Job:
    """A job in the queue; `future` gives its result."""

    def __init__(self, number: int, kind: str, work: Work, asked_ms: int) -> None:
        self.number = number
        self.kind = kind
        self.work = work
        self.future: Future[Any] = Future()
        self.is_cancelled = False
        self.told = JobTold(number, kind, JobState.WAITING, asked_ms, None, None, None, None)
        self.began: float | None = None


class Jobs:
    """The queue. `start`, `told`, `cancel` may be called by any thread, `run_next` by one."""

    def __init__(
        self,
        clock: Clock,
        changed: Callable[[JobTold], None] = lambda _: None,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`changed` is called with every change of a job, `log` with the places of a crash."""
        self._clock = clock
        self._changed = changed
        self._log = log
        self._numbers = itertools.count(1)
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._ended: OrderedDict[int, JobTold] = OrderedDict()
        self._lock = Lock()
        self._news = Condition(self._lock)
        self._is_closed = False

    def start(self, kind: str, work: Work, is_single: bool = True) -> Job:
        """Puts a job into the queue; a single one only where none of its kind waits or runs, else
        that one is given. Raises AgentStops."""
        with self._lock:
            if self._is_closed:
                raise AgentStops("The agent is being ended.")
            if is_single:
                for known in (*self._waiting, *([self._running] if self._running else [])):
                    if known.kind == kind and not known.is_cancelled:
                        return known
            job = Job(next(self._numbers), kind, work, self._clock.now_ms())
            self._waiting.append(job)
            self._news.notify_all()
        self._changed(job.told)
        return job

    def told(self) -> list[JobTold]:
        """Those that ended lately, the one that runs, those that wait."""
        with self._lock:
            running = [self._running.told] if self._running else []
            return [*self._ended.values(), *running, *(job.told for job in self._waiting)]

    def is_busy(self) -> bool:
        """Whether anything runs or waits."""
        with self._lock:
            return bool(self._running or self._waiting)

    def is_awaited(self, but: Container[str]) -> bool:
        """Whether a job of another kind than these waits."""
        with self._lock:
            return any(job.kind not in but for job in self._waiting)

    def cancel(self, number: int) -> bool:
        """Ends a job before its time; whether it was there to be ended."""
        with self._lock:
            if self._running is not None and self._running.number == number:
                self._running.is_cancelled = True
                return True
            job = next((job for job in self._waiting if job.number == number), None)
            if job is None:
                return False
            self._waiting.remove(job)
        self._end(job, JobState.CANCELLED, JobCancelled("The job was cancelled."))
        return True

    def wake(self) -> None:
        """Lets `run_next` return though nothing waits."""
        with self._lock:
            self._news.notify_all()

    def run_next(self, wait_seconds: float = 0.0) -> bool:
        """Does the job that waits longest; waits a while for one. Whether there was one."""
        with self._lock:
            if not self._waiting and wait_seconds > 0 and not self._is_closed:
                self._news.wait(wait_seconds)
            if not self._waiting:
                return False
            job = self._running = self._waiting.popleft()
        self._run(job)
        return True

    def close(self) -> None:
        """No more jobs: those that wait are told so, the one that runs ends at its next step."""
        with self._lock:
            self._is_closed = True
            left, self._waiting = list(self._waiting), deque()
            if self._running is not None:
                self._running.is_cancelled = True
            self._news.notify_all()
        for job in left:
            self._end(job, JobState.CANCELLED, AgentStops("The agent is being ended."))

    def _run(self, job: Job) -> None:
        job.began = self._clock.monotonic()
        self._tell(job, state=JobState.RUNNING, began_ms=self._clock.now_ms())
        try:
            result = job.work(lambda step: self._step(job, step))
        except JobCancelled as error:
            self._end(job, JobState.CANCELLED, error)
        except SealwaxError as error:
            self._end(job, JobState.FAILED, error)
        except OSError as error:
            # The words of an OSError are the system's, and a path's.
            self._end(job, JobState.FAILED, _world(error))
        except Exception as error:
            self._log(_places(error))
            mistake = OwnMistake(f"A mistake in Sealwax stopped this ({type(error).__name__}).")
            self._end(job, JobState.FAILED, mistake)
        else:
            self._end(job, JobState.DONE, None, result)

    def _step(self, job: Job, step: Step) -> None:
        if job.is_cancelled:
            stops = AgentStops("The agent is being ended.")
            raise stops if self._is_closed else JobCancelled("The job was cancelled.")
        done, total = step.done, step.total
        if step.total_bytes:
            done, total = step.done_bytes, step.total_bytes
        if step.left_ms is None and total and done and job.began is not None:
            spent_ms = (self._clock.monotonic() - job.began) * 1000
            step = step._replace(left_ms=int(spent_ms * max(total - done, 0) / done))
        self._tell(job, step=step)

    def _tell(self, job: Job, **fields: Any) -> None:
        job.told = job.told._replace(**fields)
        self._changed(job.told)

    def _end(
        self, job: Job, state: JobState, error: SealwaxError | None, result: Any = None
    ) -> None:
        failure = Failure(error.code, error.sentence, error.hint) if error else None
        told = job.told._replace(state=state, ended_ms=self._clock.now_ms(), failure=failure)
        with self._lock:
            job.told = told
            if self._running is job:
                self._running = None
            self._ended[job.number] = told
            while len(self._ended) > ENDED_KEPT:
                self._ended.popitem(last=False)
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(result)
        self._changed(told)


class SystemRefused(SealwaxError):
    """The operating system refused something that a job needed."""

    code = "job-refused"
    hint = "Nothing is lost. Mend what it names; the agent tries again by itself."


def _world(error: OSError) -> SystemRefused:
    where = f"{error.filename}: " if error.filename else ""
    return SystemRefused(f"{where}{error.strerror or 'the system refused'}.")


def _places(error: Exception) -> str:
    """Where it crashed, without the values: they may be somebody's words."""
    frames = traceback.extract_tb(error.__traceback__)
    places = "; ".join(f"{frame.name} line {frame.lineno}" for frame in frames)
    return f"{type(error).__name__} in {places}"
