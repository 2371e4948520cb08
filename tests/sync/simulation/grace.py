"""What was held when, by the true time: nothing may be deleted that was held within 30 days."""

from collections.abc import Iterable
from typing import NamedTuple

from tests.sync.simulation.clocks import DAY_MS, TrueTime

GRACE_MS = 30 * DAY_MS


class _Seen(NamedTuple):
    time_ms: int
    held: frozenset[bytes]


class Grace:
    """Remembers what heads and snapshots held, as devices saw it that were in step."""

    def __init__(self, time: TrueTime) -> None:
        self._time = time
        self._seen: list[_Seen] = []

    def note(self, held: Iterable[bytes]) -> None:
        """These objects are held now."""
        since_ms = self._time.now_ms - GRACE_MS
        self._seen = [seen for seen in self._seen if seen.time_ms > since_ms]
        self._seen.append(_Seen(self._time.now_ms, frozenset(held)))

    def check(self, deleted: Iterable[bytes]) -> None:
        """None of the objects that were deleted just now was held lately."""
        gone, since_ms = set(deleted), self._time.now_ms - GRACE_MS
        for seen in self._seen:
            early = gone & seen.held if seen.time_ms > since_ms else set()
            days = (self._time.now_ms - seen.time_ms) / DAY_MS
            assert not early, f"{len(early)} objects were held {days:.1f} days ago."
