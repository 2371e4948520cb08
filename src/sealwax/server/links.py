"""A letter box for linking: a new machine and a trusted device leave each other one message each.

The box's name is derived from a secret code that the server never sees; both messages are sealed
under it. A trusted device opens a box; it lasts for ten minutes.
"""

import threading
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.ledger.wire import LINK_MESSAGE_LIMIT_BYTES
from sealwax.server.refusal import Refusal, malformed, not_there

LINK_SECONDS = 10 * 60
BOXES_LIMIT = 10_000


class _Box(NamedTuple):
    account: bytes
    ends: float
    messages: dict[str, bytes]


class Links:
    """The boxes that are open now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._boxes: dict[bytes, _Box] = {}
        self._lock = threading.Lock()

    def open(self, account: bytes, box: bytes) -> None:
        """Opens a box; the same request again changes nothing."""
        now = self._clock.monotonic()
        with self._lock:
            self._boxes = {key: one for key, one in self._boxes.items() if one.ends > now}
            known = self._boxes.get(box)
            if known is not None and known.account != account:
                raise Refusal(409, "link-taken", "This box is another account's.")
            if len(self._boxes) >= BOXES_LIMIT:
                raise Refusal(429, "too-many-requests", "Too many link at once; try again soon.")
            self._boxes.setdefault(box, _Box(account, now + LINK_SECONDS, {}))

    def leave(self, box: bytes, side: str, message: bytes) -> None:
        """Leaves one side's message. It cannot be replaced by another."""
        if not 0 < len(message) <= LINK_MESSAGE_LIMIT_BYTES:
            raise malformed("A message for linking is empty or too long.")
        with self._lock:
            kept = self._found(box).messages.setdefault(side, message)
        if kept != message:
            raise Refusal(409, "link-used", "This code was used already.")

    def take(self, box: bytes, side: str) -> bytes:
        """One side's message; empty while there is none."""
        with self._lock:
            return self._found(box).messages.get(side, b"")

    def account(self, box: bytes) -> bytes:
        """Whose box it is: the new machine asks, for only then it can sign in."""
        with self._lock:
            return self._found(box).account

    def _found(self, box: bytes) -> _Box:
        found = self._boxes.get(box)
        if found is None or found.ends <= self._clock.monotonic():
            raise not_there("The code is not known here, or too old.")
        return found
