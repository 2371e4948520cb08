"""What a server writes to standard error: failures, and of each kind only so many.

A disk that fails fails for every request, and a log that grows with the requests fills that disk.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from sealwax.base.clock import Clock

LINES_AT_ONCE = 10
EVERY_SECONDS = 60.0
"""After so many lines of a kind at once, one in this time is written."""
KINDS_LIMIT = 256


class FewOfAKind(logging.Filter):
    """Lets failures pass, but not too many of one kind. A line that passes says how many like it
    did not."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._full_at: dict[object, float] = {}
        self._left_out: dict[object, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = _kind(record), self._clock.monotonic()
        if kind not in self._full_at and len(self._full_at) >= KINDS_LIMIT:
            kind = None
        full_at = max(self._full_at.get(kind, now), now) + EVERY_SECONDS
        if full_at - now > LINES_AT_ONCE * EVERY_SECONDS:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return False
        self._full_at[kind] = full_at
        if count := self._left_out.pop(kind, 0):
            record.msg = f"{record.msg} ({count} more like this were left out before)"
        return True


@contextmanager
def failures_written(stream: TextIO, clock: Clock) -> Iterator[None]:
    """Within, this process writes its failures to a stream, those of libraries too."""
    handler = logging.StreamHandler(stream)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(FewOfAKind(clock))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _kind(record: logging.LogRecord) -> object:
    """Lines of one kind are written at one place in the code, of one kind of error."""
    error = record.exc_info[0] if record.exc_info else None
    return record.name, record.lineno, error
