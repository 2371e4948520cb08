"""Somebody with one address and thousands of sockets, who makes a new one for each that ends."""

import resource
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

ROUND_SECONDS = 0.01
RENEWED_TOGETHER = 100
_OWN_FILES = 512


class Crowd:
    """So many sockets at once, on each of which the same is said, until the `with` block ends, or
    until `made_limit` were made."""

    def __init__(
        self, url: str, address: str, size: int, said: bytes, made_limit: int = 20_000
    ) -> None:
        place = urlsplit(url)
        self._to = (place.hostname, place.port)
        self._address = address
        self._size = size
        self._said = said
        self._made_limit = made_limit
        self.made = 0
        self.is_whole = threading.Event()
        self._stopped = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name="crowd")

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            self._end(key.fileobj)
        self._selector.close()

    def _run(self) -> None:
        while not self._stopped.wait(ROUND_SECONDS):
            # At first all that it wants, as fast as they come; then one for each that ended.
            wanted = self._size - len(self._selector.get_map())
            for _ in range(min(wanted, self._made_limit - self.made, RENEWED_TOGETHER)):
                self._make()
            if self.made >= self._size:
                self.is_whole.set()
            for key, events in self._selector.select(0):
                self._meet(key.fileobj, events)

    def _make(self) -> None:
        line = socket.socket()
        line.setblocking(False)
        line.bind((self._address, 0))
        with suppress(BlockingIOError):
            line.connect(self._to)
        self._selector.register(line, selectors.EVENT_READ | selectors.EVENT_WRITE)
        self.made += 1

    def _meet(self, line: object, events: int) -> None:
        """Says what it says, once, and hears when the line ends."""
        assert isinstance(line, socket.socket)
        with suppress(BlockingIOError):
            try:
                if events & selectors.EVENT_WRITE:
                    line.send(self._said)
                    self._selector.modify(line, selectors.EVENT_READ)
                elif not line.recv(65_536):
                    self._end(line)
            except ConnectionError:
                self._end(line)

    def _end(self, line: object) -> None:
        assert isinstance(line, socket.socket)
        self._selector.unregister(line)
        line.close()


@contextmanager
def files_for(count: int) -> Iterator[None]:
    """Within, this process may open so many more files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
