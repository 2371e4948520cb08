"""Running a server: its folder, its parts, its socket."""

import socket
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
from sealwax.server.app import Parts, create_app
from sealwax.server.database import Database
from sealwax.server.links import Links
from sealwax.server.objects import Objects
from sealwax.server.push import Push
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


class Listening(NamedTuple):
    """Where a server listens, and the files of its certificate, when it does TLS itself."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None


@contextmanager
def opened_parts(folder: Path, clock: Clock, entropy: Entropy) -> Iterator[Parts]:
    """The parts of the server in a folder, which is made where it is not there."""
    make_folder(folder)
    database = Database(folder / DATABASE_FILE)
    try:
        accounts = Accounts(database, clock, entropy)
        objects = Objects(folder / OBJECTS_FOLDER, database)
        yield Parts(
            accounts,
            Zones(database, accounts, objects, clock),
            objects,
            Tokens(accounts, clock, entropy),
            Links(clock),
            Push(),
            Status(database, objects, clock),
        )
    finally:
        database.close()


def serve(parts: Parts, where: Listening, told: Callable[[str], None]) -> None:
    """Serves until it is asked to stop; tells its address once it listens. Requests that are on
    their way are answered first."""
    try:
        listener = socket.create_server((where.host, where.port), reuse_port=False)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"{where.host}:{where.port} cannot be used: {reason}.") from error
    scheme = "https" if where.certificate else "http"
    with listener:
        told(f"{scheme}://{where.host}:{listener.getsockname()[1]}")
        http_server(parts, where).run(sockets=[listener])


def http_server(parts: Parts, where: Listening) -> uvicorn.Server:
    """The HTTP server before its parts, not running yet."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(parts),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=str(where.certificate) if where.certificate else None,
            ssl_keyfile=str(where.key) if where.key else None,
        )
    )
