"""The server's own health: each part is tried when it is asked for, and what was found is told."""

import threading
from collections.abc import Callable

import apsw

from sealwax.base.clock import Clock
from sealwax.ledger.wire import Probe, ServerStatus
from sealwax.server.database import Database
from sealwax.server.objects import Objects
from sealwax.server.push import Push
from sealwax.server.zones import Zones


class Status:
    """Tries the parts of a server."""

    def __init__(
        self, database: Database, objects: Objects, zones: Zones, push: Push, clock: Clock
    ) -> None:
        self._database = database
        self._objects = objects
        self._zones = zones
        self._push = push
        self._clock = clock
        self._lock = threading.Lock()
        self._was_working: bool | None = None
        self._since_ms = clock.now_ms()

    def now(self) -> ServerStatus:
        """What works now."""
        with self._lock:
            probes = [
                self._probe("sync", self._zones.probe),
                self._probe("objects", self._objects.probe),
                self._probe("push", self._push.probe),
                self._probe("database", self._try_database),
            ]
            is_working = all(probe.is_working for probe in probes)
            if is_working is not self._was_working:
                self._was_working, self._since_ms = is_working, self._clock.now_ms()
            return ServerStatus(is_working, self._since_ms, probes)

    def _probe(self, name: str, act: Callable[[], None]) -> Probe:
        began = self._clock.monotonic()
        detail = ""
        try:
            act()
        except Exception as error:
            # Whatever goes wrong in a part is what this page is there to tell.
            detail = f"It does not work now ({type(error).__name__})."
        return Probe(name, not detail, detail, (self._clock.monotonic() - began) * 1_000)

    def _try_database(self) -> None:
        now_ms = self._clock.now_ms()

        def act(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO probe (id, tried_ms) VALUES (1, ?)", (now_ms,)
            )

        self._database.write(act)
        row = self._database.read().execute("SELECT tried_ms FROM probe").fetchone()
        assert row is not None
