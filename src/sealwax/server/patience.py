"""How long a line that moves slowly is waited for.

A deadline for a whole body would end an honest upload over a poor line; a deadline for each piece
would let one byte every ten seconds hold a place for hours. So the end moves with what comes: each
byte buys a little time, and never more than the wait that there was at first.
"""

WAIT_SECONDS = 30.0
"""So long may nothing come, or go."""
LEAST_BYTES_PER_SECOND = 2 * 1024
"""A line that keeps this up is waited for as long as it takes."""


class Patience:
    """With one line. Times are seconds of any clock that never goes back."""

    def __init__(self, now: float) -> None:
        self._ends = now + WAIT_SECONDS

    def moved(self, now: float, size_bytes: int) -> None:
        """So many bytes came over it, or went."""
        earned_seconds = size_bytes / LEAST_BYTES_PER_SECOND
        self._ends = min(now + WAIT_SECONDS, self._ends + earned_seconds)

    def left_seconds(self, now: float) -> float:
        """How much longer it is waited for; 0 when it is at an end."""
        return max(0.0, self._ends - now)
