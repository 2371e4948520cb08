"""Serving the page on loopback, in a thread of its own."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import NamedTuple

import uvicorn

from sealwax.agent.port import Port
from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.web.app import create_app
from sealwax.web.gate import Keys

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 2
START_SECONDS = 15.0


class PageAddress(SealwaxError):
    """The page's address cannot be used."""

    code = "page-address"
    hint = "Another program may use the port: name another with --port, or none."


class Served(NamedTuple):
    """A page that is being served: its address, and a link that opens it once."""

    address: str
    keys: Keys

    def new_link(self) -> str:
        return f"{self.address}{self.keys.new_link()}"

    def is_link_open(self, link: str) -> bool:
        """Whether a link was not used yet."""
        return self.keys.is_link_open(link)


@contextmanager
def served(port: Port, entropy: Entropy, clock: Clock, tcp_port: int = 0) -> Iterator[Served]:
    """Serves the page while the `with` block runs; raises PageAddress."""
    try:
        listener = socket.create_server((LOOPBACK, tcp_port), reuse_port=False)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PageAddress(f"Port {tcp_port} cannot be used: {reason}.") from error
    # An answer is written in two parts; the second must not wait for the first one's receipt.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        number = listener.getsockname()[1]
        keys = Keys(entropy)
        app = create_app(port, keys, [f"{LOOPBACK}:{number}", f"localhost:{number}"])
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="critical",
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        thread = Thread(target=server.run, args=([listener],), name="sealwax page", daemon=True)
        thread.start()
        _wait_for(server, thread, clock)
        try:
            yield Served(f"http://{LOOPBACK}:{number}", keys)
        finally:
            server.should_exit = True
            thread.join()


def _wait_for(server: uvicorn.Server, thread: Thread, clock: Clock) -> None:
    began = clock.monotonic()
    while not server.started:
        thread.join(0.01)
        if not thread.is_alive() or clock.monotonic() - began > START_SECONDS:
            raise PageAddress("The page could not be served.")
