"""A clock that somebody moves: to another year, back again, while time itself goes on."""

from sealwax.base.clock import SetClock


class MovedClock(SetClock):
    """Stands still until it is moved, to any time; what measures how long something takes never
    goes back."""

    def __init__(self, now_ms: int) -> None:
        super().__init__(now_ms)
        self._passed_ms = 0

    def monotonic(self) -> float:
        return self._passed_ms / 1000

    def advance(self, milliseconds: int) -> None:
        super().advance(milliseconds)
        self._passed_ms += milliseconds

    def move_to(self, now_ms: int) -> None:
        """Somebody sets it."""
        self._now_ms = now_ms
