"""How much history an account may add, for a commit is kept for good and charged to no plan.

Refusing commits because there are many of them would wedge an account: nothing that it could do
takes one away. So what is bounded is how fast they come. An account has an allowance of bytes at
once, which fills again at a steady rate, both by its plan. Each device has a small one of its own
besides: a device that uses up the account's does not keep another from deleting, from changing keys
or from removing it. Who finds both empty is told how long to wait; a bigger plan has room at once.
"""

import math
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.server.refusal import Refusal

KEPT_LIMIT = 50_000
"""Of so many accounts and devices what they used is remembered, until it is forgiven."""
DAY_SECONDS = 24 * 3600


class Allowance(NamedTuple):
    """So many bytes at once, and so many a day for good."""

    burst_bytes: int
    daily_bytes: int


DEVICE_ALLOWANCE = Allowance(4 * 10**6, 10**6)
"""More than one commit may have at most, and more than a thousand ordinary ones a day."""
LEAST_ALLOWANCE = Allowance(64 * 10**6, 16 * 10**6)
MERGE_EVERY_SECONDS = 600
"""So often an account may have its whole history folded anew: a merge that disowns does that."""
BURST_SHARE, DAILY_SHARE = 10, 1_000
"""Of a plan so much is the allowance, where that is more than the least one."""


class _Used(NamedTuple):
    """Bytes that were used and not forgiven yet, as of a moment."""

    size_bytes: float
    at_seconds: float


class HistoryPace:
    """What accounts and their devices used of their allowances; kept in memory alone. For the one
    thread that writes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used: dict[tuple[bytes, ...], _Used] = {}
        self._merged: dict[bytes, float] = {}

    def take(self, account: bytes, device: bytes, size_bytes: int, plan_bytes: int) -> None:
        """Takes a commit of a device; raises Refusal when it has to wait."""
        waits_seconds = []
        for key, of in (
            ((account,), allowance(plan_bytes)),
            ((account, device), DEVICE_ALLOWANCE),
        ):
            used_bytes = self._left(key, of) + size_bytes
            if used_bytes <= of.burst_bytes:
                self._make_room()
                self._used[key] = _Used(used_bytes, self._clock.monotonic())
                return
            beyond_bytes = used_bytes - of.burst_bytes
            waits_seconds.append(beyond_bytes * DAY_SECONDS / of.daily_bytes)
        raise Refusal(
            429,
            "too-much-history",
            "This account adds to its history faster than its plan allows; wait a little.",
            retry_after_seconds=math.ceil(min(waits_seconds)),
        )

    def take_merge(self, account: bytes) -> None:
        """Takes a merge that disowns; raises Refusal when it has to wait."""
        now = self._clock.monotonic()
        waits_seconds = self._merged.get(account, -math.inf) + MERGE_EVERY_SECONDS - now
        if waits_seconds > 0:
            raise Refusal(
                429,
                "too-many-merges",
                "This account had its history folded anew just now; wait a little.",
                retry_after_seconds=math.ceil(waits_seconds),
            )
        if len(self._merged) >= KEPT_LIMIT:
            self._merged.clear()
        self._merged[account] = now

    def _left(self, key: tuple[bytes, ...], of: Allowance) -> float:
        """What was used and is not forgiven by now."""
        used = self._used.get(key)
        if used is None:
            return 0.0
        passed_seconds = self._clock.monotonic() - used.at_seconds
        return max(used.size_bytes - passed_seconds * of.daily_bytes / DAY_SECONDS, 0.0)

    def _make_room(self) -> None:
        """Forgets the oldest half: whoever is in it may use a little more."""
        if len(self._used) >= KEPT_LIMIT:
            newest = sorted(self._used.items(), key=lambda item: item[1].at_seconds)
            self._used = dict(newest[KEPT_LIMIT // 2 :])


def allowance(plan_bytes: int) -> Allowance:
    """What an account with a plan may add to its history."""
    return Allowance(
        max(LEAST_ALLOWANCE.burst_bytes, plan_bytes // BURST_SHARE),
        max(LEAST_ALLOWANCE.daily_bytes, plan_bytes // DAILY_SHARE),
    )
