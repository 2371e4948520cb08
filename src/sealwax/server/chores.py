"""What a server does by itself, now and then: it forgets what was brought and never committed,
deletes what its operator let go of, and packs old commits."""

import logging
import threading
from collections.abc import Callable

from sealwax.base.clock import Clock
from sealwax.server.freeing import Freeing
from sealwax.server.packs import Packs

EVERY_SECONDS = 6 * 3600.0
FIRST_SECONDS = 300.0
LOOK_SECONDS = 60.0
"""So often it looks whether the operator let go of something."""
LOG = logging.getLogger("sealwax.server")


class Chores:
    """A thread that does them until it is stopped."""

    def __init__(self, freeing: Freeing, packs: Packs, clock: Clock) -> None:
        self._freeing = freeing
        self._packs = packs
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
        next_seconds = self._clock.monotonic() + FIRST_SECONDS
        while not self._stopped.wait(LOOK_SECONDS):
            self._try(self._freeing.delete_let_go)
            if self._clock.monotonic() >= next_seconds:
                next_seconds = self._clock.monotonic() + EVERY_SECONDS
                self._try(lambda: self._freeing.forget_unnamed(self._clock.now_ms()))
                self._try(self._packs.pack_commits)

    def _try(self, act: Callable[[], int]) -> None:
        try:
            act()
        except Exception:
            # A disk that fails now is tried again later; requests tell of it meanwhile.
            LOG.exception("tidying up failed")
