"""The socket that a server listens on, which turns away whoever there is no place for.

It does so at once, before anything is read and before TLS. Whatever came after that would cost a
file, and a process without files left can neither answer nor write.
"""

import errno
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from sealwax.base.errors import SealwaxError
from sealwax.base.loopback import is_loopback
from sealwax.server.connections import Connections, Peer
from sealwax.server.refusal import busy, plain_answer

CONNECTIONS_LIMIT = 8_192
FILES_WANTED, FILES_USUAL = 16_384, 1_024
FILES_RESERVED = 256
"""Of the files that a process may open, so many are for the database and for objects."""
TURNED_AWAY_TOGETHER = 64
"""After so many the other work of the server has its turn."""
_DRAINED_BYTES = 64 * 1024
_NO_FILES = (errno.EMFILE, errno.ENFILE)


class CannotListen(SealwaxError):
    """The server's address cannot be used."""

    code = "server-address"
    hint = "Another program may use the port: name another with --port."


class Listening(NamedTuple):
    """Where a server listens, and the files of its certificate, when it does TLS itself.
    `is_proxied` says that a proxy on this computer tells who asks. `origins` are the addresses by
    which devices call it; none means those of this computer."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    is_proxied: bool = False
    origins: tuple[str, ...] = ()

    def url(self, port: int) -> str:
        """Its address, with the port that it came to be."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{port}"


class Listener(socket.socket):
    """A socket that listens, and gives those connections that there is a place for."""

    connections: Connections
    is_plain = True
    _spare: int | None = None

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection; raises BlockingIOError while there is none."""
        for _ in range(TURNED_AWAY_TOGETHER):
            connection, peer = self._accepted()
            if self.connections.enter(peer[:2]):
                return _Counted(connection, peer[:2], self.connections), peer
            self._turn_away(connection)
        raise BlockingIOError

    def close(self) -> None:
        super().close()
        self._give_up_spare()

    def _accepted(self) -> tuple[socket.socket, Peer]:
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in _NO_FILES:
                raise
        # The kernel would say again and again that somebody waits.
        self._drop_one()
        raise BlockingIOError

    def _drop_one(self) -> None:
        """Takes and ends one connection, by the file that was kept for that."""
        self._give_up_spare()
        with suppress(OSError):
            super().accept()[0].close()
        self.keep_spare()

    def keep_spare(self) -> None:
        """Keeps one file open, for the moment when there is no other left."""
        with suppress(OSError):
            self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def _give_up_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            os.close(spare)

    def _turn_away(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        with connection, suppress(OSError):
            if self.is_plain:
                connection.send(plain_answer(busy()))
                connection.shutdown(socket.SHUT_WR)
                # What came and was not read would end the line before the answer is there.
                connection.recv(_DRAINED_BYTES)


class _Counted(socket.socket):
    """A connection that says when it has ended."""

    def __init__(self, connection: socket.socket, peer: Peer, connections: Connections) -> None:
        family, kind, protocol = connection.family, connection.type, connection.proto
        super().__init__(family, kind, protocol, fileno=connection.detach())
        self._peer = peer
        self._connections = connections
        self._is_counted = True

    def close(self) -> None:
        super().close()
        if self._is_counted:
            self._is_counted = False
            self._connections.leave(self._peer)


@contextmanager
def listening(where: Listening) -> Iterator[Listener]:
    """A socket that listens while the `with` block runs; raises CannotListen."""
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    try:
        made = socket.create_server((where.host, where.port), family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"{where.host}:{where.port} cannot be used: {reason}.") from error
    # Only of a socket that names its protocol does asyncio send small pieces at once. Else the end
    # of each answer waits 40 ms for the other side to confirm the beginning.
    with Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, made.detach()) as listener:
        is_proxy = is_loopback if where.is_proxied else lambda _: False
        listener.connections = Connections(connections_limit(_files_limits()[0]), is_proxy)
        listener.is_plain = where.certificate is None
        listener.keep_spare()
        yield listener


def connections_limit(files_limit: int) -> int:
    """How many connections a server takes, whose process may open so many files."""
    if files_limit == resource.RLIM_INFINITY:
        return CONNECTIONS_LIMIT
    return min(CONNECTIONS_LIMIT, max(files_limit - FILES_RESERVED, files_limit // 4))


def raise_files_limit() -> None:
    """Lets this process open as many files as a server wants, as far as it may."""
    soft, hard = _files_limits()
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _files_limits() -> tuple[int, int]:
    """How many files this process may open, and how many it may let itself open."""
    try:
        return resource.getrlimit(resource.RLIMIT_NOFILE)
    except OSError:
        # A process with few rights may not ask.
        return FILES_USUAL, FILES_USUAL
