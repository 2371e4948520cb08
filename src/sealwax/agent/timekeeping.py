"""Sleep and jumps of the clock, told from three clocks: wall, monotonic, and time spent asleep."""

from typing import NamedTuple

JUMP_MS = 60_000
"""The wall clock is set by a little all the time; more than this is a jump."""
SLEEP_SECONDS = 5.0


class Passed(NamedTuple):
    """What happened between two looks: seconds asleep, and by how much the wall clock was set (ms,
    negative: back); 0 where it is nothing to speak of."""

    asleep_seconds: float
    jumped_ms: int

    @property
    def is_smooth(self) -> bool:
        return not self.asleep_seconds and not self.jumped_ms


class Timekeeper:
    """Compares each look with the one before it."""

    def __init__(self) -> None:
        self._before: tuple[int, float, float] | None = None

    def look(self, now_ms: int, monotonic: float, suspended_seconds: float) -> Passed:
        """`monotonic` stands still in sleep; `suspended_seconds` counts all sleep."""
        before, self._before = self._before, (now_ms, monotonic, suspended_seconds)
        if before is None:
            return Passed(0.0, 0)
        asleep = suspended_seconds - before[2]
        asleep = asleep if asleep >= SLEEP_SECONDS else 0.0
        awake_ms = (monotonic - before[1]) * 1000
        jumped_ms = int((now_ms - before[0]) - awake_ms - asleep * 1000)
        return Passed(asleep, jumped_ms if abs(jumped_ms) >= JUMP_MS else 0)
