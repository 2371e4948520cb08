"""Which objects come and which go at this moment: no object does both.

A commit that adds an object counts on it being here, so while one is judged, and while objects are
written, nobody deletes them; and what is being deleted is not written before it is gone.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

Key = tuple[bytes, bytes]


class Traffic:
    """The objects that come and go now, by account and name."""

    def __init__(self) -> None:
        self._coming: dict[Key, int] = {}
        self._going: set[Key] = set()
        self._changed = threading.Condition()

    @contextmanager
    def coming(self, account: bytes, names: Iterable[bytes]) -> Iterator[None]:
        """Within, these objects are not deleted. Waits for those that just go."""
        keys = {(account, name) for name in names}
        with self._changed:
            self._changed.wait_for(lambda: self._going.isdisjoint(keys))
            for key in keys:
                self._coming[key] = self._coming.get(key, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                for key in keys:
                    self._coming[key] -= 1
                    if not self._coming[key]:
                        del self._coming[key]

    @contextmanager
    def going(self, account: bytes, names: Iterable[bytes]) -> Iterator[list[bytes]]:
        """Gives those of the objects that may be deleted within: none that comes or goes."""
        with self._changed:
            keys = {(account, name) for name in names}
            keys = {key for key in keys if key not in self._coming and key not in self._going}
            self._going |= keys
        try:
            yield sorted(name for _, name in keys)
        finally:
            with self._changed:
                self._going -= keys
                self._changed.notify_all()
