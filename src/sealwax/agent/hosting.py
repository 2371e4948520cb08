"""The running agent as a process: its thread, its port on loopback, its two files in the home."""

import signal
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sealwax.agent.home import HomeLock
from sealwax.agent.presence import (
    AgentRuns,
    Presence,
    announce,
    find_presence,
    new_token,
    withdraw,
)
from sealwax.agent.remote.serving import Application, CallServer
from sealwax.agent.running import RunningAgent
from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError

if TYPE_CHECKING:
    import uvicorn

LOOPBACK = "127.0.0.1"
GOODBYE_SECONDS = 3
"""So long open connections may go on after the agent was asked to end."""


class PortTaken(SealwaxError):
    """The port that was asked for cannot be used."""

    code = "agent-port"
    hint = "Another program may use it: name another with --port, or none."


def refuse_second(home: Path) -> None:
    """Raises AgentRuns where an agent runs on this home, and says which."""
    presence = find_presence(home)
    if presence is not None and HomeLock(home).is_held():
        raise AgentRuns(f"An agent runs for this home already, as process {presence.pid}.")


class Host:
    """Serves a running agent until it is ended by a signal or by `stop`."""

    def __init__(
        self,
        running: RunningAgent,
        clock: Clock,
        entropy: Entropy,
        make_page: Callable[[int], Application] | None = None,
        closing_page: Callable[[], None] = lambda: None,
    ) -> None:
        """`make_page` gives what answers everything that is no call, from the port; `closing_page`
        is called before the page is ended."""
        self._running = running
        self._clock = clock
        self._token = new_token(entropy)
        self._make_page = make_page
        self._closing_page = closing_page
        self._server: uvicorn.Server | None = None
        self._failure: BaseException | None = None

    def serve(self, port: int, began: Callable[[Presence], None] = lambda _: None) -> None:
        """Blocks; `began` is called once it can be reached. Raises PortTaken. SIGINT and SIGTERM
        end it in order."""
        import uvicorn

        with closing(_listener(port)) as listener:
            taken = int(listener.getsockname()[1])
            page = self._make_page(taken) if self._make_page else None
            app = CallServer(self._running, self._token, self._clock, page)
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off" if page is None else "on",
                server_header=False,
                timeout_graceful_shutdown=GOODBYE_SECONDS,
            )
            self._server = _server(config, self._closing_page)
            worker = threading.Thread(target=self._work, name="worker")
            home = self._running.agent.home
            presence = announce(home, taken, self._clock.now_ms(), self._token)
            worker.start()
            # uvicorn ends in order and then raises the signal again, which must not kill us before
            # all of this has ended in order too.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            try:
                began(presence)
                self._server.run(sockets=[listener])
            except KeyboardInterrupt:
                pass
            finally:
                self._running.stop()
                worker.join()
                withdraw(home)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ends it from another thread."""
        if self._server is not None:
            self._server.should_exit = True

    def _work(self) -> None:
        try:
            self._running.run()
        except BaseException as error:
            self._failure = error
        finally:
            # Without the thread that works there is nothing to serve.
            self.stop()


def _server(config: "uvicorn.Config", closing_page: Callable[[], None]) -> "uvicorn.Server":
    """A server that tells the page before it waits for open connections to end."""
    import uvicorn

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            closing_page()
            await super().shutdown(sockets)

    return Server(config)


def _listener(port: int) -> socket.socket:
    try:
        listener = socket.create_server((LOOPBACK, port))
        # An answer is written in two parts; the second must not wait for the first one's receipt.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        reason = error.strerror or "it is refused"
        raise PortTaken(f"Port {port} cannot be used: {reason}.") from error
