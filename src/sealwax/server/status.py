"""The server's own health: each part is tried when it is asked for, and what was found is told."""

import html
from collections.abc import Callable

from sealwax.base.clock import Clock
from sealwax.ledger.wire import Probe, ServerStatus
from sealwax.server.database import Database
from sealwax.server.objects import Objects

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sealwax server</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto;
  padding: 0 1rem; }}
h1 {{ font-size: 1.4rem; }} li {{ list-style: none; padding: .4rem 0; }} ul {{ padding: 0; }}
.ok::before {{ content: "●  "; color: #1a7f37; }}
.bad::before {{ content: "●  "; color: #c4320a; }}
small {{ opacity: .7; }}
</style></head><body><h1 class="{mark}">{title}</h1><ul>{rows}</ul></body></html>
"""


class Status:
    """Tries the parts of a server."""

    def __init__(self, database: Database, objects: Objects, clock: Clock) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock
        self._was_working: bool | None = None
        self._since_ms = clock.now_ms()

    def now(self) -> ServerStatus:
        """What works now."""
        probes = [
            self._probe("database", self._try_database),
            self._probe("objects", self._objects.probe),
        ]
        probes.append(Probe("sync", all(probe.is_working for probe in probes), "", 0.0))
        probes.append(Probe("push", True, "", 0.0))
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
            detail = f"{type(error).__name__}: it does not work now"
        return Probe(name, not detail, detail, (self._clock.monotonic() - began) * 1_000)

    def _try_database(self) -> None:
        self._database.write(lambda connection: connection.execute("SELECT 1").fetchone())


def page(status: ServerStatus) -> str:
    """The status as a page for people."""
    rows = "".join(
        f'<li class="{"ok" if probe.is_working else "bad"}">{html.escape(probe.name)}'
        f" <small>{html.escape(probe.detail) or f'{probe.milliseconds:.0f} ms'}</small></li>"
        for probe in status.probes
    )
    title = "Everything works." if status.is_working else "Something does not work."
    return _PAGE.format(mark="ok" if status.is_working else "bad", title=title, rows=rows)
