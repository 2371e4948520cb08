"""What stands before the application: who asks, how much at once, and bodies that come whole.

A body is read here, before a handler sees it. So whoever breaks off, is too slow or brings too much
never reaches the application, and is no error there. A large body is taken only from whoever holds
a good token, and only while there is room for it; else the device is asked to come again.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from anyio import to_thread
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from sealwax.ledger.wire import BODY_LIMIT_BYTES
from sealwax.server.bodies import (
    GENESIS_BODY_BYTES,
    STRANGER_BODY_BYTES,
    Bodies,
    ClientGone,
    read_body,
)
from sealwax.server.connections import Connections, network_of
from sealwax.server.refusal import CLOSE, Refusal, busy, not_allowed, problem, too_large
from sealwax.server.tokens import Tokens

ASKING_LIMIT = 64
"""So many requests of strangers from one address at once, whatever connections they come over."""
PEER = "sealwax.peer"
"""In a scope's state: the other end of the connection, be it a proxy's."""
_BEGINS_ACCOUNT = re.compile(r"/v1/accounts/[0-9a-f]{64}")
_TOO_SLOW = 408


class Gate:
    """An ASGI application before another one. Used from the event loop alone."""

    def __init__(self, inner: ASGIApp, tokens: Tokens, connections: Connections) -> None:
        self._inner = inner
        self._tokens = tokens
        self._connections = connections
        self._bodies = Bodies()
        self._asking: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._inner(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        token = _token(headers)
        account = self._tokens.account_of(token)
        if (peer := scope.get("state", {}).pop(PEER, None)) is not None:
            self._connections.signed_in(peer, account)
        try:
            if account is None:
                await self._serve_stranger(scope, headers, receive, send)
            else:
                await self._serve_account(account, token, scope, headers, receive, send)
        except Refusal as refusal:
            await _refuse(refusal, send)
        except ClientGone:
            return

    async def _serve_account(
        self,
        account: bytes,
        token: str,
        scope: HTTPScope,
        headers: dict[bytes, bytes],
        receive: Receive,
        send: Send,
    ) -> None:
        size_bytes = _announced_bytes(scope, headers)
        if size_bytes > BODY_LIMIT_BYTES:
            raise too_large()
        if size_bytes > STRANGER_BODY_BYTES:
            # A device that was removed takes none of the room of those that are left.
            await to_thread.run_sync(self._tokens.caller, account, token)
        if not size_bytes:
            await self._inner(scope, receive, send)
            return
        with self._bodies.of_account(account, size_bytes):
            body = await read_body(receive, size_bytes)
            await self._inner(scope, _replayed(body, receive), send)

    async def _serve_stranger(
        self, scope: HTTPScope, headers: dict[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        size_bytes = _announced_bytes(scope, headers)
        limit_bytes = _stranger_limit_bytes(scope)
        if size_bytes > limit_bytes and b"content-length" in headers:
            raise _too_large_for_a_stranger(headers)
        with self._one_more(scope), self._bodies.of_stranger() as came:
            if size_bytes:
                body = await read_body(receive, limit_bytes, came)
                receive = _replayed(body, receive)
            await self._inner(scope, receive, send)

    @contextmanager
    def _one_more(self, scope: HTTPScope) -> Iterator[None]:
        """Counts a stranger's request by the address that it comes from; raises Refusal."""
        client = scope.get("client")
        address = network_of(client[0]) if client else ""
        if self._asking[address] >= ASKING_LIMIT:
            raise busy()
        self._asking[address] += 1
        try:
            yield
        finally:
            self._asking[address] -= 1
            if not self._asking[address]:
                del self._asking[address]


def _token(headers: dict[bytes, bytes]) -> str:
    return headers.get(b"authorization", b"").decode("latin-1").partition(" ")[2].strip()


def _stranger_limit_bytes(scope: HTTPScope) -> int:
    is_beginning = scope["method"] == "PUT" and _BEGINS_ACCOUNT.fullmatch(scope["path"])
    return GENESIS_BODY_BYTES if is_beginning else STRANGER_BODY_BYTES


def _too_large_for_a_stranger(headers: dict[bytes, bytes]) -> Refusal:
    """Whoever had a token has to be told that it is none any more."""
    if b"authorization" in headers:
        return not_allowed("The token is not known, or too old: sign in again.")
    return too_large()


def _announced_bytes(scope: HTTPScope, headers: dict[bytes, bytes]) -> int:
    """How large a body will be; as large as one may be, when it does not say. No route reads a body
    that comes with GET."""
    if scope["method"] in ("GET", "HEAD"):
        return 0
    said = headers.get(b"content-length")
    if said is not None:
        return int(said) if said.isdigit() and len(said) < 16 else BODY_LIMIT_BYTES + 1
    return BODY_LIMIT_BYTES if b"transfer-encoding" in headers else 0


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read, and then what comes after it."""
    is_given = False

    async def replay():  # type: ignore[no-untyped-def]
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(refusal: Refusal, send: Send) -> None:
    headers, body = problem(refusal)
    status = refusal.trouble.status
    if status == _TOO_SLOW:
        headers.append(CLOSE)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
