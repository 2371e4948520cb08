"""How often an account, and an address that is not signed in, may ask: a bucket of requests each.

A bucket fills at a steady rate up to a burst. Who finds it empty is told how long to wait.
"""

import math
import threading
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.server.refusal import Refusal

BUCKETS_LIMIT = 50_000


class Rate(NamedTuple):
    """So many requests a second for good, and so many at once."""

    per_second: float
    burst: int


ACCOUNT_RATE = Rate(500, 5_000)
STRANGER_RATE = Rate(20, 400)


class Buckets:
    """A bucket for each key. Any thread may take from them."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._full_at: dict[object, float] = {}
        self._lock = threading.Lock()

    def take(self, key: object) -> None:
        """Takes one request; raises Refusal when the bucket is empty."""
        now = self._clock.monotonic()
        with self._lock:
            if len(self._full_at) >= BUCKETS_LIMIT:
                self._full_at = {one: at for one, at in self._full_at.items() if at > now}
            # What is kept is when the bucket will be full again.
            full_at = max(self._full_at.get(key, now), now) + 1 / self._rate.per_second
            wait_seconds = full_at - now - self._rate.burst / self._rate.per_second
            # The last request of a burst fits, whatever the rounding.
            if wait_seconds <= 1e-9:
                self._full_at[key] = full_at
                return
        raise Refusal(
            429,
            "too-many-requests",
            "Too many requests; wait a little.",
            retry_after_seconds=math.ceil(wait_seconds),
        )


class Limits:
    """The limits of a server."""

    def __init__(
        self, clock: Clock, account: Rate = ACCOUNT_RATE, stranger: Rate = STRANGER_RATE
    ) -> None:
        self._accounts = Buckets(account, clock)
        self._strangers = Buckets(stranger, clock)

    def take_account(self, account: bytes) -> None:
        """A signed-in request; raises Refusal."""
        self._accounts.take(account)

    def take_stranger(self, address: str) -> None:
        """A request that nobody signed in for; raises Refusal."""
        self._strangers.take(address)
