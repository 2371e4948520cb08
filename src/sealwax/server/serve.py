"""Running a server: its folder, its parts, its socket."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import uvicorn

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.base.paths import make_folder
from sealwax.server.accounts import Accounts
from sealwax.server.alone import alone_in
from sealwax.server.app import create_app
from sealwax.server.chores import Chores
from sealwax.server.database import Database
from sealwax.server.deleting import Deleting
from sealwax.server.gate import Gate
from sealwax.server.limits import Limits
from sealwax.server.links import Links
from sealwax.server.objects import Objects
from sealwax.server.parts import Parts
from sealwax.server.push import Push
from sealwax.server.seen import Seen
from sealwax.server.status import Status
from sealwax.server.tokens import Tokens
from sealwax.server.zones import Zones

DATABASE_FILE = "server.db"
OBJECTS_FOLDER = "objects"
GRACE_SECONDS = 10


class CannotListen(SealwaxError):
    """The server's address cannot be used."""

    code = "server-address"
    hint = "Another program may use the port: name another with --port."


class CertificateBad(SealwaxError):
    """The files of the certificate cannot be used."""

    code = "server-certificate"
    hint = "Give a certificate with its chain and the key that belongs to it, both as PEM files."


class Listening(NamedTuple):
    """Where a server listens, and the files of its certificate, when it does TLS itself.
    `is_proxied` says that a proxy tells who asks."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    is_proxied: bool = False


@contextmanager
def opened_accounts(folder: Path, clock: Clock, entropy: Entropy) -> Iterator[Accounts]:
    """Only the accounts of the server in a folder, which may run meanwhile."""
    make_folder(folder)
    database = Database(folder / DATABASE_FILE)
    try:
        yield Accounts(database, clock, entropy)
    finally:
        database.close()


@contextmanager
def opened_deleting(folder: Path, clock: Clock, entropy: Entropy) -> Iterator[Deleting]:
    """What deletes accounts of the server in a folder, which may run meanwhile."""
    make_folder(folder)
    database = Database(folder / DATABASE_FILE)
    try:
        yield Deleting(Accounts(database, clock, entropy), database, folder / OBJECTS_FOLDER)
    finally:
        database.close()


@contextmanager
def opened_parts(
    folder: Path, clock: Clock, entropy: Entropy, limits: Limits | None = None
) -> Iterator[Parts]:
    """The parts of the server in a folder, which is made where it is not there; raises ServerRuns
    where another server has it."""
    make_folder(folder)
    with alone_in(folder):
        yield from _opened_parts(folder, clock, entropy, limits)


@contextmanager
def opened_beside(folder: Path, clock: Clock, entropy: Entropy) -> Iterator[Parts]:
    """The same for its operator, while a server runs or not."""
    make_folder(folder)
    yield from _opened_parts(folder, clock, entropy, None)


def _opened_parts(
    folder: Path, clock: Clock, entropy: Entropy, limits: Limits | None
) -> Iterator[Parts]:
    database = Database(folder / DATABASE_FILE)
    try:
        accounts = Accounts(database, clock, entropy)
        objects = Objects(folder / OBJECTS_FOLDER, database, clock)
        zones, push = Zones(database, accounts, objects, clock), Push()
        yield Parts(
            accounts=accounts,
            zones=zones,
            objects=objects,
            tokens=Tokens(accounts, clock, entropy),
            links=Links(clock),
            push=push,
            status=Status(database, objects, zones, push, clock),
            seen=Seen(database, clock),
            limits=limits or Limits(clock),
        )
    finally:
        database.close()


def serve(
    parts: Parts,
    where: Listening,
    clock: Clock,
    told: Callable[[str], None],
    is_stopping: Callable[[], bool],
) -> None:
    """Serves until a signal asks it to stop; tells its address once it listens. Requests that are
    on their way are answered first. `is_stopping` says whether it was asked before it listened."""
    listener = listening(where.host, where.port)
    scheme = "https" if where.certificate else "http"
    host = f"[{where.host}]" if ":" in where.host else where.host

    def started() -> bool:
        if is_stopping():
            return False
        told(f"{scheme}://{host}:{listener.getsockname()[1]}")
        return True

    with listener:
        server = http_server(parts, where, started)
        chores = Chores(parts.objects, clock)
        chores.start()
        try:
            server.run(sockets=[listener])
        finally:
            chores.stop()


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"{host}:{port} cannot be used: {reason}.") from error
    # Only of a socket that names its protocol does asyncio send small pieces at once. Else the end
    # of each answer waits 40 ms for the other side to confirm the beginning.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, made.detach())


class _Server(uvicorn.Server):
    """Asks whether to go on once it listens: from then on it hears signals itself. Ends the lines
    on which devices listen when it stops: they would hold it up."""

    def __init__(self, config: uvicorn.Config, push: Push, started: Callable[[], bool]) -> None:
        super().__init__(config)
        self._push = push
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self._started():
            self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._push.stop()
        await super().shutdown(sockets)


def http_server(
    parts: Parts, where: Listening, started: Callable[[], bool] = lambda: True
) -> uvicorn.Server:
    """The HTTP server before its parts, not running yet; raises CertificateBad. `started` is called
    once it listens, and says whether to go on."""
    config = uvicorn.Config(
        Gate(create_app(parts), parts.tokens),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        proxy_headers=where.is_proxied,
        ssl_certfile=str(where.certificate) if where.certificate else None,
        ssl_keyfile=str(where.key) if where.key else None,
    )
    try:
        config.load()
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        raise CertificateBad(f"The certificate cannot be used: {reason}.") from error
    return _Server(config, parts.push, started)
