"""The small pictures that were shown last, in memory."""

from collections import OrderedDict
from threading import BoundedSemaphore, Lock

CACHE_LIMIT_BYTES = 24 * 1024 * 1024
AT_ONCE = 2


class Thumbnails:
    """The last ones shown, up to CACHE_LIMIT_BYTES; a few are made at once."""

    def __init__(self, limit_bytes: int = CACHE_LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[int, bytes | None] = OrderedDict()
        self._size_bytes = 0
        self._lock = Lock()
        self.slots = BoundedSemaphore(AT_ONCE)

    def get(self, record: int) -> tuple[bool, bytes | None]:
        """Whether it was made, and the picture; None for what cannot be shown."""
        with self._lock:
            if record not in self._kept:
                return False, None
            self._kept.move_to_end(record)
            return True, self._kept[record]

    def keep(self, record: int, picture: bytes | None) -> None:
        with self._lock:
            if record in self._kept:
                return
            self._kept[record] = picture
            self._size_bytes += len(picture or b"") + 64
            while self._size_bytes > self._limit_bytes and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._size_bytes -= len(oldest or b"") + 64
