"""What stands before the application: it bounds the memory that bodies of requests take together.

A body is read whole before a handler sees it. So a large one is taken only from whoever holds a
good token, and only while there is room for it; else the device is asked to come again. One account
takes at most half of that room, so that it does not keep all others out.
"""

from collections import Counter

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from sealwax.ledger.wire import BODY_LIMIT_BYTES
from sealwax.server.refusal import Refusal, not_allowed
from sealwax.server.tokens import Tokens

SMALL_BODY_BYTES = 1024 * 1024
BODIES_LIMIT_BYTES = 192 * 1024 * 1024
ACCOUNT_SHARE = 2
"""The large bodies of one account take at most this part of the room."""


class Gate:
    """An ASGI application before another one. Used from the event loop alone."""

    def __init__(self, inner: ASGIApp, tokens: Tokens) -> None:
        self._inner = inner
        self._tokens = tokens
        self._taken_bytes = 0
        self._taken_by: Counter[bytes] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] in ("GET", "HEAD"):
            await self._inner(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        size_bytes = _announced_bytes(headers)
        account = self._account(headers) if size_bytes > SMALL_BODY_BYTES else None
        refusal = self._refusal(account, size_bytes)
        if refusal is not None:
            await _refuse(refusal, send)
            return
        self._take(account, size_bytes)
        try:
            await self._inner(scope, receive, send)
        finally:
            self._take(account, -size_bytes)

    def _account(self, headers: dict[bytes, bytes]) -> bytes | None:
        """The account whose token came along, if it is good."""
        token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")[2].strip()
        return self._tokens.account_of(token)

    def _take(self, account: bytes | None, size_bytes: int) -> None:
        self._taken_bytes += size_bytes
        if account is not None:
            self._taken_by[account] += size_bytes
            if not self._taken_by[account]:
                del self._taken_by[account]

    def _refusal(self, account: bytes | None, size_bytes: int) -> Refusal | None:
        if size_bytes > BODY_LIMIT_BYTES:
            return Refusal(413, "request-too-large", "This is more than one request may bring.")
        if size_bytes <= SMALL_BODY_BYTES:
            return None
        if account is None:
            return not_allowed("The token is not known, or too old: sign in again.")
        own_bytes = self._taken_by[account] + size_bytes
        is_full = self._taken_bytes + size_bytes > BODIES_LIMIT_BYTES
        if is_full or own_bytes > BODIES_LIMIT_BYTES // ACCOUNT_SHARE:
            busy = "The server is busy; come again in a moment."
            return Refusal(503, "server-busy", busy, retry_after_seconds=1)
        return None


def _announced_bytes(headers: dict[bytes, bytes]) -> int:
    """How large a body will be; as large as one may be, when it does not say."""
    said = headers.get(b"content-length")
    if said is not None:
        return int(said) if said.isdigit() and len(said) < 16 else BODY_LIMIT_BYTES + 1
    return BODY_LIMIT_BYTES if b"transfer-encoding" in headers else 0


async def _refuse(refusal: Refusal, send: Send) -> None:
    body = msgspec.json.encode(refusal.trouble)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if refusal.retry_after_seconds is not None:
        headers.append((b"retry-after", str(refusal.retry_after_seconds).encode()))
    status = refusal.trouble.status
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
