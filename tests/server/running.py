"""A real server on a port of its own, in a thread of the test's process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any, NamedTuple

from sealwax.base.clock import Clock, SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.server.connections import Connections
from sealwax.server.http_server import http_server
from sealwax.server.listening import Listening, listening
from sealwax.server.origins import Origins
from sealwax.server.parts import Parts
from sealwax.server.serve import opened_parts
from sealwax.stores.server import Connection, ServerStore
from tests.accounts import Account

HOST = "127.0.0.1"


class Running(NamedTuple):
    """A server that listens, its parts, and who is connected to it."""

    url: str
    parts: Parts
    connections: Connections

    def store(self, account: Account, member: MemberKeys | None = None) -> ServerStore:
        """The account's store, signed in as a device."""
        keys = member or account.devices[0]
        connection = Connection(self.url)
        return ServerStore(connection, account.log.account, keys.member().id, keys.sign)

    def begun(self, account: Account, name: str = "somebody") -> ServerStore:
        """Begins an account on the server, with all commits of its log."""
        secret = self.parts.accounts.invite(name)
        connection = Connection(self.url)
        connection.claim(account.log.account, secret, account.commits[0])
        connection.close()
        store = self.store(account)
        for seq, data in enumerate(account.commits[1:], 1):
            store.append_commit(ACCOUNT_ZONE, seq, data)
        return store


class _Dated:
    """An ASGI application that dates its answers by a clock of the test's."""

    def __init__(self, inner: Any, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def dated(message: Any) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self._clock.now_ms() / 1000, usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        await self._inner(scope, receive, dated)


@contextmanager
def running(
    folder: Path,
    clock: Clock | None = None,
    port: int = 0,
    origins: tuple[str, ...] = (),
    is_proxied: bool = False,
) -> Iterator[Running]:
    """Serves a folder until the block ends."""
    where = Listening(HOST, port, is_proxied=is_proxied, origins=origins)
    with (
        opened_parts(folder, clock or SystemClock(), SystemEntropy()) as parts,
        listening(where) as listener,
    ):
        found_port = listener.getsockname()[1]
        server = http_server(parts, where, listener, Origins(where, found_port))
        if clock is not None:
            server.config.date_header = False
            server.config.loaded_app = _Dated(server.config.loaded_app, clock)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Running(where.url(found_port), parts, listener.connections)
        finally:
            server.should_exit = True
            thread.join(20)
