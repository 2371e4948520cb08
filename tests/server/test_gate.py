"""Before the application: how much comes at once, of whom; bodies come whole or not at all."""

import asyncio
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from sealwax.ledger.wire import BODY_LIMIT_BYTES
from sealwax.server import bodies
from sealwax.server.bodies import STRANGER_BODY_BYTES
from sealwax.server.connections import Connections
from sealwax.server.gate import ASKING_LIMIT, PEER, Gate
from tests.accounts import revocation
from tests.server.calling import Calls, trouble

LARGE_BYTES = bodies.SMALL_BODY_BYTES + 1


def test_a_body_that_is_too_large_is_refused_before_it_comes(calls: Calls) -> None:
    place = urlsplit(calls.server.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    connection.putrequest("POST", calls.path + "/objects")
    connection.putheader("authorization", f"Bearer {calls.token}")
    connection.putheader("content-length", str(BODY_LIMIT_BYTES + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["code"] == "request-too-large"
    connection.close()


def test_a_large_body_needs_a_good_token(calls: Calls) -> None:
    large = b"x" * (STRANGER_BODY_BYTES + 1)
    trouble(calls.ask("POST", "/objects", "guess", content=large), 401, "token-bad")


def test_a_device_that_was_removed_brings_nothing_large(calls: Calls) -> None:
    gone = calls.account.devices[1]
    token = calls.sign_in(gone)
    seq = calls.account.log.head + 1
    assert calls.append(revocation(calls.account, gone), seq, "account").is_success
    large = b"x" * (STRANGER_BODY_BYTES + 1)
    trouble(calls.ask("POST", "/objects", token, content=large), 401, "device-not-trusted")


def test_bodies_have_only_so_much_room(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODIES_LIMIT_BYTES", LARGE_BYTES - 1)
    refused = calls.ask("POST", "/objects", content=b"x" * LARGE_BYTES)
    trouble(refused, 503, "server-busy")
    assert refused.headers["retry-after"] == "1"
    # Words get through.
    assert calls.kept(b"x" * 100_000)


class _Issued:
    """Tokens that are the names of accounts."""

    def account_of(self, token: str) -> bytes | None:
        return token.encode() if token in ("one", "two") else None

    def caller(self, account: bytes, token: str) -> None:
        assert self.account_of(token) == account


class _Waiting:
    """An application whose requests wait until they are let go; and what was answered."""

    def __init__(self) -> None:
        self.gate = Gate(self._serve, _Issued(), Connections(100))  # type: ignore[arg-type]
        self.requests: list[asyncio.Event] = []
        self.told: list[int] = []

    async def asked(self, size_bytes: int, token: str = "", **scope: Any) -> asyncio.Task[None]:
        """A request with a body that has come as far as it comes."""
        headers = [(b"content-length", str(size_bytes).encode())]
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        before = len(self.requests) + len(self.told)
        asked: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": headers,
            "state": {PEER: ("10.0.0.1", 1)},
            **scope,
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"x" * size_bytes, "more_body": False}

        task = asyncio.ensure_future(self.gate(asked, receive, self._send))  # type: ignore[arg-type]
        while len(self.requests) + len(self.told) == before:
            await asyncio.sleep(0.001)
        return task

    async def let_go(self, *tasks: asyncio.Task[None]) -> None:
        for event in self.requests:
            event.set()
        await asyncio.gather(*tasks)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["body"]
        self.requests.append(asyncio.Event())
        await self.requests[-1].wait()

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.told.append(message["status"])


def test_the_bodies_of_one_account_leave_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODIES_LIMIT_BYTES", 4 * LARGE_BYTES)

    async def run() -> None:
        waiting = _Waiting()
        tasks = [
            await waiting.asked(LARGE_BYTES, account)
            for account in ("one", "one", "one", "two", "two", "two")
        ]
        assert waiting.told == [503, 503]
        assert len(waiting.requests) == 4
        await waiting.asked(LARGE_BYTES, "nobody")
        assert waiting.told.pop() == 401
        waiting.requests[0].set()
        await tasks[0]
        tasks.append(await waiting.asked(LARGE_BYTES, "one"))
        assert len(waiting.requests) == 5
        await waiting.let_go(*tasks)
        # Nothing is kept of who has nothing on the way.
        assert not waiting.gate._bodies._taken_by
        assert waiting.gate._bodies._taken_bytes == 0

    asyncio.run(run())


def test_small_bodies_of_one_account_have_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODIES_LIMIT_BYTES", 0)
    monkeypatch.setattr(bodies, "SMALL_LIMIT_BYTES", 4_000)

    async def run() -> None:
        waiting = _Waiting()
        tasks = [await waiting.asked(1_000, "one") for _ in range(3)]
        assert (waiting.told, len(waiting.requests)) == ([503], 2)
        tasks.append(await waiting.asked(1_000, "two"))
        assert len(waiting.requests) == 3
        await waiting.let_go(*tasks)

    asyncio.run(run())


def test_requests_of_strangers_are_counted_by_the_address_that_a_proxy_tells() -> None:
    async def run() -> None:
        waiting = _Waiting()
        tasks = [
            await waiting.asked(10, client=("192.0.2.1", number))
            for number in range(ASKING_LIMIT + 1)
        ]
        assert (waiting.told, len(waiting.requests)) == ([503], ASKING_LIMIT)
        tasks.append(await waiting.asked(10, client=("192.0.2.2", 1)))
        tasks.append(await waiting.asked(10, "one", client=("192.0.2.1", 1)))
        assert len(waiting.requests) == ASKING_LIMIT + 2
        await waiting.let_go(*tasks)
        assert not waiting.gate._asking
        assert waiting.gate._bodies._strangers_bytes == 0

    asyncio.run(run())
