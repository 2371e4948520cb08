"""What the agent was doing and when what was last done: a small file in the home, fsynced.

It lies outside the library, so a library made anew does not forget it. A job that stands in it as
running when the agent starts was interrupted: all jobs may be done again from their beginning, so
that one is simply due. A damaged file counts as empty: then everything is done once too often.
"""

import hashlib
import hmac
from pathlib import Path

import msgspec

from sealwax.agent.forecast import with_sample
from sealwax.agent.schedule import JobKind, retry_seconds
from sealwax.base.errors import SealwaxError
from sealwax.base.paths import write_durably

JOURNAL_FILE = "jobs"
_LIMIT_BYTES = 1024 * 1024
_CHECK_CHARACTERS = 64


class Trouble(msgspec.Struct, frozen=True):
    """Why a kind of job does not end well: since when, how often in a row, and the last error."""

    since_ms: int
    failures: int
    code: str
    sentence: str
    hint: str


class Entries(msgspec.Struct, frozen=True):
    """The content of the journal. `running` is the kind of job under way and since when;
    `sources` has the troubles of sources by path, `used_bytes` what the store charged at the end of
    days, by the day's number since 1970."""

    running: tuple[JobKind, int] | None = None
    done_ms: dict[JobKind, int] = {}
    troubles: dict[JobKind, Trouble] = {}
    sources: dict[str, Trouble] = {}
    used_bytes: dict[int, int] = {}


class Journal:
    """The journal of one home. Not shared between threads but for `entries`, which is frozen."""

    def __init__(self, home: Path) -> None:
        self._path = home / JOURNAL_FILE
        self.entries = _load(self._path)
        self._waits_until: dict[JobKind, float] = {}

    @property
    def interrupted(self) -> JobKind | None:
        """The job that was under way when the process before this one ended."""
        return self.entries.running[0] if self.entries.running else None

    @property
    def waits_until(self) -> dict[JobKind, float]:
        """Until when, by the monotonic clock, kinds that failed wait."""
        return dict(self._waits_until)

    def begin(self, kind: JobKind, now_ms: int) -> None:
        """Durable before the job does anything."""
        self._replace(running=(kind, now_ms))

    def end_well(self, kind: JobKind, now_ms: int) -> None:
        self._waits_until.pop(kind, None)
        entries = self.entries
        self._replace(
            running=None,
            done_ms={**entries.done_ms, kind: now_ms},
            troubles={other: told for other, told in entries.troubles.items() if other != kind},
        )

    def end_badly(
        self, kind: JobKind, now_ms: int, monotonic: float, code: str, sentence: str, hint: str
    ) -> None:
        """The job is tried again after a while that grows with each failure."""
        before = self.entries.troubles.get(kind)
        since_ms = before.since_ms if before else now_ms
        failures = before.failures + 1 if before else 1
        self._waits_until[kind] = monotonic + retry_seconds(failures)
        trouble = Trouble(since_ms, failures, code, sentence, hint)
        self._replace(running=None, troubles={**self.entries.troubles, kind: trouble})

    def put_off(self, kind: JobKind, monotonic: float) -> None:
        """A person cancelled it: no trouble, but not at once again."""
        self._waits_until[kind] = monotonic + retry_seconds(1)
        self._replace(running=None)

    def source_failed(self, path: str, now_ms: int, error: SealwaxError) -> None:
        before = self.entries.sources.get(path)
        since_ms = before.since_ms if before else now_ms
        failures = before.failures + 1 if before else 1
        trouble = Trouble(since_ms, failures, error.code, error.sentence, error.hint)
        self._replace(sources={**self.entries.sources, path: trouble})

    def source_read(self, path: str) -> None:
        if path in self.entries.sources:
            left = {other: told for other, told in self.entries.sources.items() if other != path}
            self._replace(sources=left)

    def note_usage(self, day: int, used_bytes: int) -> None:
        """What the store charges now, as the last word of a day."""
        if self.entries.used_bytes.get(day) != used_bytes:
            self._replace(used_bytes=with_sample(self.entries.used_bytes, day, used_bytes))

    def retry_now(self) -> None:
        """Things have changed (the computer woke up, the network is back): nothing waits."""
        self._waits_until.clear()

    def _replace(self, **fields: object) -> None:
        self.entries = msgspec.structs.replace(self.entries, **fields)
        content = msgspec.json.encode(self.entries)
        try:
            write_durably(self._path, _check(content) + content + b"\n")
        except OSError:
            # A full disk must not stop the jobs: at worst one is done once too often.
            return


def _load(path: Path) -> Entries:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES).rstrip(b"\n")
    except OSError:
        return Entries()
    check, content = data[:_CHECK_CHARACTERS], data[_CHECK_CHARACTERS:]
    if not hmac.compare_digest(check, _check(content)):
        return Entries()
    try:
        return msgspec.json.decode(content, type=Entries)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Written by another version: everything is due once.
        return Entries()


def _check(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
