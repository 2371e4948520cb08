"""Telling devices at once that a chain has grown: a queue a connection, small commits inside.

An event is a hint. A device that misses one finds the same by pulling.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable

from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.ledger.wire import Event

QUEUE_LIMIT = 64
HEARTBEAT_SECONDS = 20.0
PROBE_SECONDS = 3.0
PROBE = b"probe"
"""No account has a name so short."""
LISTENERS_LIMIT = 2_000
"""So many lines at once an account."""


class _Listener:
    """The events that wait for one device; and whether to ask, before it is told more, if it may
    listen still."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(QUEUE_LIMIT)
        self.is_to_ask = False

    def put(self, event: Event | None) -> None:
        if event is not None and event.zone == ACCOUNT_ZONE:
            self.is_to_ask = True
        if self.queue.full():
            # The newest matters: a device pulls all that came before it too.
            self.queue.get_nowait()
        self.queue.put_nowait(event)


class Push:
    """All devices that listen now. Used from the server's event loop; `tell` from any thread."""

    def __init__(self) -> None:
        self._listeners: dict[bytes, set[_Listener]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_stopped = False

    def start(self) -> None:
        """Remembers the event loop that serves."""
        self._loop, self._has_stopped = asyncio.get_running_loop(), False

    def stop(self) -> None:
        """Ends all lines; used from the event loop."""
        self._has_stopped = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.put(None)

    def is_heard(self, account: bytes) -> bool:
        """Whether any device of an account listens."""
        return account in self._listeners

    def has_room(self, account: bytes) -> bool:
        """Whether another device of the account may listen."""
        return len(self._listeners.get(account, ())) < LISTENERS_LIMIT

    def tell(self, account: bytes, event: Event) -> None:
        """Says that a commit was appended."""
        if self._loop is not None and self.is_heard(account):
            self._loop.call_soon_threadsafe(self._spread, account, event)

    def probe(self) -> None:
        """Sends an event all the way round; raises TimeoutError when it does not arrive. Not from
        the event loop."""
        if self._loop is None or self._has_stopped:
            raise TimeoutError
        asyncio.run_coroutine_threadsafe(self._go_round(), self._loop).result(PROBE_SECONDS)

    async def _go_round(self) -> None:
        events = self.listen(PROBE, lambda: True)
        try:
            await anext(events)
            self.tell(PROBE, Event(MESSAGES_ZONE, 0, ""))
            if await anext(events) is None:
                raise TimeoutError
        finally:
            await events.aclose()

    async def listen(
        self, account: bytes, is_welcome: Callable[[], bool]
    ) -> AsyncGenerator[Event | None, None]:
        """Events of an account as they come; None now and then, to show that the line is up. It
        ends when the server stops, or whoever listens `is_welcome` no more: that is asked when the
        account's log grew, and about as often as there is a sign of life."""
        listener, now = _Listener(), asyncio.get_running_loop().time
        listeners = self._listeners.setdefault(account, set())
        listeners.add(listener)
        asked = now()
        try:
            yield None
            while True:
                event = await _next(listener.queue)
                if listener.is_to_ask or now() - asked >= HEARTBEAT_SECONDS:
                    listener.is_to_ask, asked = False, now()
                    if not is_welcome():
                        return
                if self._has_stopped:
                    return
                yield event
        finally:
            listeners.discard(listener)
            if not listeners and self._listeners.get(account) is listeners:
                del self._listeners[account]

    def _spread(self, account: bytes, event: Event) -> None:
        for listener in self._listeners.get(account, ()):
            listener.put(event)


async def _next(queue: "asyncio.Queue[Event | None]") -> Event | None:
    try:
        return await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
    except TimeoutError:
        return None
