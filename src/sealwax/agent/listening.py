"""Hearing at once that another device wrote something: a thread on the line to the server.

A line that breaks is opened again after a while that grows; meanwhile, and where there is no line
at all, the agent asks now and then. So nothing depends on this, but it is quick.
"""

from collections.abc import Callable, Iterator
from threading import Event, Thread

from sealwax.base.errors import SealwaxError

FIRST_WAIT_SECONDS = 5.0
LAST_WAIT_SECONDS = 300.0


class Listening:
    """The thread. It ends with the process: a read that waits cannot be interrupted."""

    def __init__(
        self, listen: Callable[[], Iterator[object | None]], news: Callable[[], None]
    ) -> None:
        """`listen` gives events, and None as a sign of life; it may raise SealwaxError. `news` is
        called for each event, and after a line was down."""
        self._listen = listen
        self._news = news
        self._stop = Event()
        self._thread = Thread(target=self._run, name="listening", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends it at the next sign of life, at the latest half a minute from now."""
        self._stop.set()

    def _run(self) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        while not self._stop.is_set():
            try:
                for number, event in enumerate(self._listen()):
                    if self._stop.is_set():
                        return
                    if event is not None or number == 0:
                        # While the line was not up, anything may have been written.
                        self._news()
                    wait_seconds = FIRST_WAIT_SECONDS
            except (SealwaxError, OSError, RuntimeError):
                # A home that is being closed takes the line away, too.
                wait_seconds = min(wait_seconds * 2, LAST_WAIT_SECONDS)
            self._stop.wait(wait_seconds)
