"""Telling devices at once that a chain has grown: a queue a connection, small commits inside.

An event is a hint. A device that misses one finds the same by pulling.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

SMALL_COMMIT_BYTES = 2_048
"""A commit up to this size travels inside its event."""
QUEUE_LIMIT = 64
HEARTBEAT_SECONDS = 20.0

Event = dict[str, Any]


class Push:
    """All devices that listen now. Used from the server's event loop; `tell` from any thread."""

    def __init__(self) -> None:
        self._listeners: dict[bytes, set[asyncio.Queue[Event]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Remembers the event loop that serves."""
        self._loop = asyncio.get_running_loop()

    def tell(self, account: bytes, zone: str, seq: int, data: bytes) -> None:
        """Says that a commit was appended."""
        if self._loop is None or account not in self._listeners:
            return
        event: Event = {"zone": zone, "seq": seq}
        if len(data) <= SMALL_COMMIT_BYTES:
            event["commit"] = base64.b64encode(data).decode()
        self._loop.call_soon_threadsafe(self._spread, account, event)

    async def listen(self, account: bytes) -> AsyncIterator[Event | None]:
        """Events of an account as they come; None now and then, to show that the line is up."""
        queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        listeners = self._listeners.setdefault(account, set())
        listeners.add(queue)
        try:
            yield None
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield None
        finally:
            listeners.discard(queue)
            if not listeners:
                self._listeners.pop(account, None)

    def _spread(self, account: bytes, event: Event) -> None:
        for queue in self._listeners.get(account, ()):
            if queue.full():
                # The newest matters: a device pulls all that came before it too.
                queue.get_nowait()
            queue.put_nowait(event)
