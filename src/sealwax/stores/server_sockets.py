"""Sockets that keep the deadline of the exchange they serve.

httpx has a time limit for each read of a socket and none for an answer: its headers could come a
byte at a time, for days. So the sockets of a client are wrapped. Each read and write waits no
longer than the deadline of its thread allows.
"""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from sealwax.stores.deadline import Current

PIECE_BYTES = 64 * 1024


def keep_deadlines(client: httpx.Client, current: Current) -> None:
    """Has the lines of a client keep the deadlines of the threads that use it."""
    # The client makes its pools itself, with proxies as the system says; it has no public way to
    # be given sockets. Test doubles have no pool.
    for line in (client._transport, *client._mounts.values()):
        pool: Any = getattr(line, "_pool", None)
        if pool is not None:
            pool._network_backend = _Sockets(pool._network_backend, current)


class _Stream(httpcore.NetworkStream):
    """One socket."""

    def __init__(self, inner: httpcore.NetworkStream, current: Current) -> None:
        self._inner = inner
        self._current = current

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._within(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        for start in range(0, len(view), PIECE_BYTES):
            piece = bytes(view[start : start + PIECE_BYTES])
            self._inner.write(piece, self._within(timeout, httpcore.WriteTimeout))
            if self._current.deadline is not None:
                self._current.deadline.moved(len(piece))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        within = self._within(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, within), self._current)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def _within(self, timeout: float | None, over: type[httpcore.TimeoutException]) -> float | None:
        deadline = self._current.deadline
        if deadline is None:
            return timeout
        left_seconds = deadline.left_seconds()
        if left_seconds <= 0:
            raise over("The exchange took too long.")
        return left_seconds if timeout is None else min(timeout, left_seconds)


class _Sockets(httpcore.NetworkBackend):
    """Opens them."""

    def __init__(self, inner: httpcore.NetworkBackend, current: Current) -> None:
        self._inner = inner
        self._current = current

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._current)
