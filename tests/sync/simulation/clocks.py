"""The true time of a simulated world, and the clocks of its devices, which may be off by years."""

DAY_MS = 24 * 60 * 60 * 1000
YEAR_MS = 365 * DAY_MS


class TrueTime:
    """What time it is, whatever any clock says."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def advance(self, milliseconds: int) -> None:
        """Time passes, for all devices."""
        assert milliseconds >= 0
        self.now_ms += milliseconds


class DeviceClock:
    """The clock of one device: so far off the true time, which may change."""

    def __init__(self, time: TrueTime, off_ms: int) -> None:
        self._time = time
        self.off_ms = off_ms

    def now_ms(self) -> int:
        return max(0, self._time.now_ms + self.off_ms)

    def monotonic(self) -> float:
        return self._time.now_ms / 1000
