"""What a surface that runs beside the agent asks of it: reading from any thread, jobs, safety,
devices, events.

The web app knows this interface and nothing of who is behind it: one process that opened a home for
itself, or the agent that runs all day. No value here holds a secret; `Line` and `JobView` hold no
word of a message.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import msgspec

from sealwax.agent.api import Agent

T = TypeVar("T")

Level: TypeAlias = Literal["ok", "note", "warn", "danger"]
JobState: TypeAlias = Literal["waiting", "running", "done", "failed", "cancelled"]
Switch: TypeAlias = Literal["sync", "backup"]


class Progress(msgspec.Struct, frozen=True):
    """How far a job is. A total of 0 is not known; `pause` is the sentence of a pause, with its
    remedy, or empty."""

    phase: str
    done: int = 0
    total: int = 0
    done_bytes: int = 0
    total_bytes: int = 0
    remaining_seconds: float | None = None
    pause: str = ""


class JobView(msgspec.Struct, frozen=True):
    """A job at one moment. `sentence` says what it does or did; `error_code` and `hint` are set
    where it failed. `result` is what its act gave back, as plain values."""

    id: str
    kind: str
    state: JobState
    progress: Progress | None
    sentence: str
    error_code: str = ""
    hint: str = ""
    result: Any = None


class Line(msgspec.Struct, frozen=True):
    """One sentence about what is safe and what is not, worst first in a list. `remedy` says what to
    do, with commands between backticks as they are typed for this home. `action` names a button
    that does it ("sync-now", "backup-now", "storage", "answer-held", "import", "verify", "devices",
    "add-source", "answer-source", "again"), or is empty; `subject` is the source that
    "answer-source" is about, or the kind of job that "again" does."""

    level: Level
    text: str
    remedy: str = ""
    action: str = ""
    subject: str = ""


class Safety(msgspec.Struct, frozen=True):
    """Everything that is known about it: one sentence for the foot of every screen, and the
    lines."""

    sentence: str
    level: Level
    lines: list[Line]


class DeviceView(msgspec.Struct, frozen=True):
    """A device of the account. Times are ms since 1970, None where they are not known."""

    id: str
    name: str
    is_this: bool
    added_ms: int | None
    last_seen_ms: int | None
    is_sync_on: bool
    is_backup_on: bool


class Event(msgspec.Struct, frozen=True):
    """Something happened: "jobs", "safety", "history" or "devices" is no longer as it was."""

    kind: Literal["jobs", "safety", "history", "devices"]


Report: TypeAlias = Callable[[Progress], None]


class Port(Protocol):
    """The agent, as seen by a surface with many threads."""

    def read(self, act: Callable[[Agent], T]) -> T:
        """Asks an agent something, as of one moment; from any thread. What is given back must be
        complete. Changes nothing."""
        ...

    def start(self, kind: str, act: Callable[[Agent, Report], Any]) -> str:
        """Begins a job that may change things and gives its id; one of a kind at a time, so asking
        again gives the one that waits or runs. What `act` gives back becomes the job's result."""
        ...

    def jobs(self) -> list[JobView]:
        """Those that ended lately, the one that runs, those that wait, in this order."""
        ...

    def cancel(self, job: str) -> bool:
        """Ends a job at its next step; whether it was there to be ended."""
        ...

    def safety(self) -> Safety:
        """What is safe and what is not, worst first."""
        ...

    def devices(self) -> list[DeviceView]:
        """The devices of the account, this one first."""
        ...

    def switch(self, device: str, what: Switch, is_on: bool) -> None:
        """Turns sync or backup of a device on or off; raises SealwaxError where that cannot be."""
        ...

    def sync_now(self) -> str:
        """Begins "Sync now" and gives the job's id; raises SealwaxError where there is nothing to
        sync with."""
        ...

    def backup_now(self) -> str:
        """Begins a snapshot and gives the job's id."""
        ...

    def again(self, kind: str) -> str:
        """Begins a job that the agent does by itself ("import", "verify", …) and gives its id;
        raises SealwaxError for any other."""
        ...

    def events(self) -> Iterator[Event | None]:
        """What happens from now on; None about every second, so that whoever listens can stop.
        Ends when the agent does."""
        ...
