"""Objects on their way from the far store to the near one, in the order in which they will be read.

A thread fetches them in groups, ahead of whoever reads: small groups at first, so that reading
begins soon, then larger ones. Who wants an object that has not come yet waits for its group.
"""

from collections.abc import Callable, Sequence
from threading import Condition, Thread

FIRST_GROUP, LARGEST_GROUP = 4, 64
"""At most about 16 MiB of segments; the next group is on its way while one is read."""


class Arriving:
    """Fetches until all are near, or one cannot be had. Close it when done."""

    def __init__(self, names: Sequence[bytes], fetch: Callable[[list[bytes]], object]) -> None:
        """`fetch` brings a group near, called by another thread; what it raises is raised to those
        who wait."""
        self._names = list(names)
        self._fetch = fetch
        self._awaited = set(self._names)
        self._failure: Exception | None = None
        self._is_over = False
        self._changed = Condition()
        self._thread: Thread | None = None
        if len(self._names) > FIRST_GROUP:
            self._thread = Thread(target=self._run, name="arriving", daemon=True)
            self._thread.start()
        elif self._names:
            # A few come at once: nobody would have anything to read meanwhile.
            self._come(self._names)

    def wait(self, name: bytes) -> None:
        """Returns when an object is not awaited any more; raises why it cannot come."""
        with self._changed:
            self._changed.wait_for(lambda: name not in self._awaited or self._failure is not None)
            if name in self._awaited and self._failure is not None:
                raise self._failure

    def close(self) -> None:
        """Fetches no further group; returns when the one on its way has come."""
        self._is_over = True
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        start, size = 0, FIRST_GROUP
        while start < len(self._names) and not self._is_over and self._failure is None:
            self._come(self._names[start : start + size])
            start, size = start + size, min(2 * size, LARGEST_GROUP)

    def _come(self, group: list[bytes]) -> None:
        """Brings a group near, and tells those who wait how that ended."""
        failure: Exception | None = None
        try:
            self._fetch(group)
        except Exception as error:
            failure = error
        with self._changed:
            self._failure = failure
            if failure is None:
                self._awaited.difference_update(group)
            self._changed.notify_all()
