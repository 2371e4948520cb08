"""Running a server: its folder, its parts, its socket."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.paths import make_folder
from sealwax.server.accounts import Accounts
from sealwax.server.alone import alone_in
from sealwax.server.chores import Chores
from sealwax.server.database import Database
from sealwax.server.deleting import Deleting
from sealwax.server.failure_log import failures_written
from sealwax.server.freeing import Freeing
from sealwax.server.http_server import http_server
from sealwax.server.limits import Limits
from sealwax.server.links import Links
from sealwax.server.listening import Listening, listening, raise_files_limit
from sealwax.server.objects import Objects
from sealwax.server.origins import Origins
from sealwax.server.packs import Packs
from sealwax.server.parts import Parts
from sealwax.server.push import Push
from sealwax.server.seen import Seen
from sealwax.server.status import Status
from sealwax.server.tokens import Tokens
from sealwax.server.zones import Zones

DATABASE_FILE = "server.db"
OBJECTS_FOLDER = "objects"


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
            freeing=Freeing(database, objects, clock),
            packs=Packs(database),
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
    told: Callable[[str, list[str]], None],
    is_stopping: Callable[[], bool],
) -> None:
    """Serves until a signal asks it to stop; tells its address, and the origins that it goes by,
    once it listens. Requests that are on their way are answered first. `is_stopping` says whether
    it was asked before it listened."""
    raise_files_limit()
    with listening(where) as listener, failures_written(sys.stderr, clock):
        port = listener.getsockname()[1]
        origins = Origins(where, port)

        def started() -> bool:
            if is_stopping():
                return False
            told(where.url(port), sorted(origins.known()))
            return True

        server = http_server(parts, where, listener, origins, started)
        chores = Chores(parts.freeing, parts.packs, clock)
        chores.start()
        try:
            server.run(sockets=[listener])
        finally:
            chores.stop()
