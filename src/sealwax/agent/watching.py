"""Noticing that a source was written: file events as hints, the marks of its files as the truth.

A hint only makes the agent look earlier. Where events are not to be had (a network share, too many
watches) the look once a second finds the same.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Thread

from watchfiles import watch

from sealwax.sources.registry import source_marks

HINT_DEBOUNCE_MS = 50
AFTER_FAILURE_SECONDS = 5.0
RECEIPTS_WAIT_SECONDS = 60.0
"""So long receipts alone wait for company: a message, or more of them."""
_STEP_MS = 50


class SourceWatch:
    """Which sources have changed since they were last imported, or since they could not be."""

    def __init__(self) -> None:
        self._imported: dict[Path, object] = {}
        self._failed: dict[Path, tuple[object, float]] = {}
        self._waiting: dict[Path, tuple[object, float]] = {}

    def changed(self, paths: Iterable[Path], monotonic: float) -> list[Path]:
        """Those that are to be imported now. One that could not be read is not tried again before
        it changes, nor within some seconds: it may be just being written."""
        return [path for path in paths if self._is_changed(path, monotonic)]

    def imported(self, path: Path, marks: object) -> None:
        """Takes the marks that a source had before an import that ended well."""
        self._imported[path] = marks
        self._failed.pop(path, None)
        self._waiting.pop(path, None)

    def may_wait(self, path: Path, monotonic: float) -> bool:
        """Whether receipts alone would still wait: not when they did so for long enough."""
        return path not in self._waiting or monotonic < self._waiting[path][1]

    def waits(self, path: Path, marks: object, monotonic: float) -> None:
        """Takes the marks that a source had when it had nothing but receipts to tell. It is looked
        at again when it changes, and at the latest so long after the first of them."""
        until = self._waiting.get(path, (None, monotonic + RECEIPTS_WAIT_SECONDS))[1]
        self._waiting[path] = (marks, until)
        self._failed.pop(path, None)

    def failed(self, path: Path, marks: object, monotonic: float) -> None:
        """Takes the marks that a source had before it could not be read."""
        self._failed[path] = (marks, monotonic + AFTER_FAILURE_SECONDS)

    def forget(self) -> None:
        """All are to be looked at again: the computer woke up, a disk may be back."""
        self._failed.clear()

    def _is_changed(self, path: Path, monotonic: float) -> bool:
        marks = source_marks(path)
        if path in self._failed:
            failed, until = self._failed[path]
            return marks != failed and monotonic >= until
        if path in self._waiting:
            waiting, until = self._waiting[path]
            return marks != waiting or monotonic >= until
        return marks != self._imported.get(path)


class Hints:
    """A thread that calls `hint` soon after a file beside a source was written."""

    def __init__(self, hint: Callable[[], None]) -> None:
        self._hint = hint
        self._folders: tuple[Path, ...] = ()
        self._stop = Event()
        self._thread: Thread | None = None

    def follow(self, paths: Iterable[Path]) -> None:
        """Watches the folders of these sources from now on, as far as they are there."""
        wanted = {path if path.is_dir() else path.parent for path in paths}
        folders = tuple(sorted(folder for folder in wanted if folder.is_dir()))
        if folders == self._folders and (self._thread is None) == (not folders):
            return
        self.close()
        self._folders = folders
        if folders:
            self._stop = Event()
            self._thread = Thread(
                target=self._watch, args=(folders, self._stop), name="hints", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None
        self._folders = ()

    def _watch(self, folders: tuple[Path, ...], stop: Event) -> None:
        try:
            for _ in watch(
                *folders,
                watch_filter=None,
                debounce=HINT_DEBOUNCE_MS,
                step=_STEP_MS,
                stop_event=stop,
                recursive=False,
                raise_interrupt=False,
            ):
                self._hint()
        except (OSError, RuntimeError):
            # There are no hints then; looking finds the changes.
            return
