"""What a server does by itself, now and then: forget what was brought and never committed."""

import logging
import threading

from sealwax.base.clock import Clock
from sealwax.server.objects import Objects

EVERY_SECONDS = 6 * 3600.0
FIRST_SECONDS = 300.0
LOG = logging.getLogger("sealwax.server")


class Chores:
    """A thread that does them until it is stopped."""

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing is being done."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        wait_seconds = FIRST_SECONDS
        while not self._stopped.wait(wait_seconds):
            wait_seconds = EVERY_SECONDS
            try:
                self._objects.forget_unnamed(self._clock.now_ms())
            except Exception:
                # A disk that fails now is tried again later; requests tell of it meanwhile.
                LOG.exception("forgetting old uploads failed")
