"""How much time has passed, by this device's own clock, which may be wrong. Pure.

What is removed after a time of grace is removed when this device has known of it for so long. A
commit's claim of time has no say. The device's clock has, and it can jump: where it does, the time
of grace begins anew. So it may last longer than it should, and never less.
"""

from typing import NamedTuple

DAY_MS = 24 * 60 * 60 * 1000
FAR_MS = 60 * DAY_MS
"""A jump by more than this is no time that passed. A home may be closed for so long."""
NOT_KNOWN = 0
"""Stands for the time of what was seen while the clock was behind an earlier time."""


class Reckoned(NamedTuple):
    """What a look at the clock comes to: the time of what is seen just now, or NOT_KNOWN; the
    newest time that the clock has shown; whether all that was seen before counts as seen just now.
    """

    at_ms: int
    newest_ms: int
    is_anew: bool


def reckon(newest_ms: int, now_ms: int) -> Reckoned:
    """Judges a look at the clock by the newest time that it has shown; 0 where it was never looked
    at."""
    if abs(now_ms - newest_ms) > FAR_MS:
        return Reckoned(now_ms, now_ms, newest_ms > 0)
    if now_ms < newest_ms:
        # It went back. By how much it is wrong now, or was before, shows when it has caught up.
        return Reckoned(NOT_KNOWN, newest_ms, False)
    return Reckoned(now_ms, now_ms, False)
