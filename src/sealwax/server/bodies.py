"""The memory that bodies of requests take together, while they come and while they are dealt with.

An account's room is taken when a body is announced, so that an upload that began can end. It is as
much for all, and half of it for one. Strangers have a small room of their own, and announcing takes
nothing of it: only bytes that came do.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from litestar.types import Receive

from sealwax.server.patience import Patience
from sealwax.server.refusal import busy, too_large, too_slow

BODIES_LIMIT_BYTES = 192 * 1024 * 1024
ACCOUNT_SHARE = 2
"""The bodies of one account take at most this part of the room."""
SMALL_BODY_BYTES = 1024 * 1024
SMALL_LIMIT_BYTES = 32 * 1024 * 1024
"""So much more room is for small bodies: words get through while files take all of the rest."""
STRANGERS_LIMIT_BYTES = 16 * 1024 * 1024
STRANGER_BODY_BYTES = 64 * 1024
GENESIS_BODY_BYTES = 256 * 1024
"""A stranger's body may be so large where it begins an account."""


class ClientGone(Exception):
    """Whoever asked is not there any more: nobody waits for an answer."""


class Bodies:
    """The room for bodies. Used from the event loop alone."""

    def __init__(self) -> None:
        self._taken_bytes = 0
        self._taken_by: Counter[bytes] = Counter()
        self._strangers_bytes = 0

    @contextmanager
    def of_account(self, account: bytes, size_bytes: int) -> Iterator[None]:
        """Room for a body of so many bytes, within; raises Refusal while there is none."""
        extra_bytes = SMALL_LIMIT_BYTES if size_bytes <= SMALL_BODY_BYTES else 0
        limit_bytes = BODIES_LIMIT_BYTES + extra_bytes
        own_bytes = self._taken_by[account] + size_bytes
        if self._taken_bytes + size_bytes > limit_bytes or own_bytes > limit_bytes // ACCOUNT_SHARE:
            raise busy()
        self._take(account, size_bytes)
        try:
            yield
        finally:
            self._take(account, -size_bytes)

    @contextmanager
    def of_stranger(self) -> Iterator[Callable[[int], None]]:
        """Within, what is given is told of the bytes that came, and keeps room for them; it raises
        Refusal when there is none."""
        held_bytes = 0

        def came(size_bytes: int) -> None:
            nonlocal held_bytes
            if self._strangers_bytes + size_bytes > STRANGERS_LIMIT_BYTES:
                raise busy()
            held_bytes += size_bytes
            self._strangers_bytes += size_bytes

        try:
            yield came
        finally:
            self._strangers_bytes -= held_bytes

    def _take(self, account: bytes, size_bytes: int) -> None:
        self._taken_bytes += size_bytes
        self._taken_by[account] += size_bytes
        if not self._taken_by[account]:
            del self._taken_by[account]


async def read_body(
    receive: Receive, limit_bytes: int, came: Callable[[int], None] = lambda _: None
) -> bytes:
    """A body, whole. Raises Refusal when it is too large or too slow, and ClientGone."""
    now = asyncio.get_running_loop().time
    patience = Patience(now())
    # One growing piece: a body that comes byte by byte takes no more memory than another.
    body = bytearray()
    while True:
        try:
            async with asyncio.timeout(patience.left_seconds(now())):
                message = await receive()
        except TimeoutError:
            raise too_slow() from None
        if message["type"] != "http.request":
            raise ClientGone
        piece = message["body"]
        if len(body) + len(piece) > limit_bytes:
            raise too_large()
        came(len(piece))
        patience.moved(now(), len(piece))
        body += piece
        if not message.get("more_body", False):
            return bytes(body)
