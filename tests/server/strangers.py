"""What somebody without a token does to a server, over plain sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest

ANSWER_SECONDS = 60.0
ELSEWHERE = "127.0.0.2"
"""Another address of this computer, so that its connections are counted apart."""


def _can_come_from(address: str) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind((address, 0))
        except OSError:
            return False
    return True


FROM_ELSEWHERE = pytest.mark.skipif(
    not _can_come_from(ELSEWHERE), reason=f"this computer has no address {ELSEWHERE}"
)


class Stranger:
    """Sockets of somebody who asks from one address of this computer."""

    def __init__(self, url: str, address: str = "127.0.0.1") -> None:
        place = urlsplit(url)
        assert place.hostname is not None and place.port is not None
        self._to = (place.hostname, place.port)
        self._address = address
        self._open: list[socket.socket] = []

    def __enter__(self) -> "Stranger":
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._open:
            line.close()

    def line(self, sent: bytes = b"") -> socket.socket:
        """A new connection over which these bytes went."""
        made = socket.create_connection(self._to, ANSWER_SECONDS, (self._address, 0))
        self._open.append(made)
        if sent:
            with suppress(OSError):
                made.sendall(sent)
        return made

    def answer(self, sent: bytes) -> bytes:
        """All that is answered, until the other side ends the line."""
        return rest_of(self.line(sent))


def rest_of(line: socket.socket) -> bytes:
    """What comes over a line until it ends."""
    came = bytearray()
    with suppress(ConnectionError):
        while piece := line.recv(65_536):
            came += piece
    return bytes(came)


@contextmanager
def dripping(line: socket.socket, every_seconds: float) -> Iterator[None]:
    """Within, one byte after the other goes over a line, until it ends."""
    stopped = threading.Event()

    def run() -> None:
        with suppress(OSError):
            while not stopped.wait(every_seconds):
                line.send(b"x")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """The bytes of a request, after which the line ends unless a header says otherwise."""
    lines = [f"{method} {path} HTTP/1.1", "host: server", *headers]
    if not any(header.startswith("connection:") for header in headers):
        lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + body


def status_of(answer: bytes) -> int:
    """The status of an answer; 0 for none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
