"""How long one exchange with a server may take: a while, and longer with every byte that moves.

A server that sends a byte now and then would otherwise hold a device up for as long as it likes.
"""

import threading
from collections.abc import Callable

SILENT_SECONDS = 25.0
"""Nothing may be waited for longer than this."""
GRACE_SECONDS = 40.0
LEAST_BYTES_A_SECOND = 2_048
"""A line that is slower than this for good is no line."""


class Deadline:
    """The end of one exchange, which moves away while bytes move."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        self._moved_bytes = 0

    def moved(self, size_bytes: int) -> None:
        """So many bytes more were sent, or came."""
        self._moved_bytes += size_bytes

    def left_seconds(self) -> float:
        """How much time is left; not above 0 when it is over."""
        end = self._began + GRACE_SECONDS + self._moved_bytes / LEAST_BYTES_A_SECOND
        return end - self._monotonic()


class Current(threading.local):
    """The deadline of the exchange that a thread is in, if it has one."""

    deadline: Deadline | None = None
