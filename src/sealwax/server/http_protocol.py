"""One connection of HTTP: uvicorn's own, which ends when the other side makes it wait.

uvicorn waits for ever for the rest of a request's head, for the rest of a body that nobody reads,
and for a reader that does not read. And it tells the log of each stranger who speaks no HTTP.
"""

from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sealwax.server import patience
from sealwax.server.gate import PEER

HEAD_LIMIT_BYTES = 16 * 1024


class HttpProtocol(H11Protocol):
    """A connection that is looked at about once a second, by `is_overdue`."""

    cycle: Any
    """The request that is dealt with, or was; None before the first."""

    def __init__(self, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._inner = self.app
        self.app = self._told
        self._requests = 0
        self._stage: object = None
        self._stage_began = 0.0
        self._unsent_bytes = 0
        self._patience = patience.Patience(0.0)

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except h11.ProtocolError:
            # Nonsense, where no answer can be given to it any more.
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            # Whoever deals with the request is told that nobody waits for an answer.
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.abort()
                return
        super().send_400_response(msg)

    def shutdown(self) -> None:
        try:
            super().shutdown()
        except h11.ProtocolError:
            self.transport.abort()

    def is_overdue(self, now: float) -> bool:
        """Whether the other side has made it wait for too long. Bodies are waited for in
        `bodies.read_body`, which can answer."""
        return self._is_unread(now) or self._is_idle(now)

    def _is_unread(self, now: float) -> bool:
        """Whether an answer stands still because it is not read."""
        before, self._unsent_bytes = self._unsent_bytes, self.transport.get_write_buffer_size()
        if not before:
            self._patience = patience.Patience(now)
        else:
            self._patience.moved(now, max(before - self._unsent_bytes, 0))
        return self._unsent_bytes > 0 and not self._patience.left_seconds(now)

    def _is_idle(self, now: float) -> bool:
        """Whether nothing is being done for it, and it has been so for too long: the head of a
        request does not end, or a body goes on that nobody reads."""
        is_busy = self.cycle is not None and not self.cycle.response_complete
        stage = None if is_busy or self._unsent_bytes else (self._requests, self.conn.their_state)
        if stage != self._stage:
            self._stage, self._stage_began = stage, now
        return stage is not None and now - self._stage_began >= patience.WAIT_SECONDS

    async def _told(self, scope: Any, receive: Any, send: Any) -> None:
        """The application, which is told of the connection that a request came over."""
        self._requests += 1
        scope["state"][PEER] = self.client
        await self._inner(scope, receive, send)
