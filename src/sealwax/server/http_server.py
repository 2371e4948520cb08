"""The HTTP server before a server's parts: uvicorn, its connections, and how it stops."""

import asyncio
import socket
import ssl
from collections.abc import Callable

import uvicorn

from sealwax.base.errors import SealwaxError
from sealwax.server.app import create_app
from sealwax.server.gate import Gate
from sealwax.server.http_protocol import HEAD_LIMIT_BYTES, HttpProtocol
from sealwax.server.listening import Listener, Listening
from sealwax.server.origins import Origins
from sealwax.server.parts import Parts

GRACE_SECONDS = 10
_TICKS_A_SECOND = 10
_THIS_COMPUTER = ["127.0.0.0/8", "::1"]
"""Who is believed to be the proxy, where there is one."""


class CertificateBad(SealwaxError):
    """The files of the certificate cannot be used."""

    code = "server-certificate"
    hint = "Give a certificate with its chain and the key that belongs to it, both as PEM files."


def http_server(
    parts: Parts,
    where: Listening,
    listener: Listener,
    origins: Origins,
    started: Callable[[], bool] = lambda: True,
) -> uvicorn.Server:
    """The HTTP server on a socket, not running yet; raises CertificateBad. `started` is called once
    it listens, and says whether to go on."""
    app = create_app(parts, origins)
    config = uvicorn.Config(
        Gate(app, parts.tokens, listener.connections),
        # Its protocol and its loop are those that connections are counted and ended in.
        http=HttpProtocol,
        loop="asyncio",
        ws="none",
        h11_max_incomplete_event_size=HEAD_LIMIT_BYTES,
        log_config=None,
        # What it warns of is the nonsense of strangers.
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        proxy_headers=where.is_proxied,
        forwarded_allow_ips=_THIS_COMPUTER,
        ssl_certfile=str(where.certificate) if where.certificate else None,
        ssl_keyfile=str(where.key) if where.key else None,
    )
    try:
        config.load()
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        raise CertificateBad(f"The certificate cannot be used: {reason}.") from error
    return _Server(config, parts, started)


class _Server(uvicorn.Server):
    """Asks whether to go on once it listens: from then on it hears signals itself. Ends connections
    that make it wait, and, when it stops, the lines on which devices listen: they would hold it
    up."""

    def __init__(self, config: uvicorn.Config, parts: Parts, started: Callable[[], bool]) -> None:
        super().__init__(config)
        self._push = parts.push
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self._started():
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            self._end_overdue()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._push.stop()
        await super().shutdown(sockets)

    def _end_overdue(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            if isinstance(connection, HttpProtocol) and connection.is_overdue(now):
                connection.transport.abort()
