"""Reading somebody's database where it lies, when it stands still: a copy of 1 GB takes seconds.

Only a file that nobody has written for a while and that has no log beside it is read so, and SQLite
is told that it never changes: then it takes no lock and leaves nothing beside it. Whether the file
did stand still is checked after each batch that was read of it, before the batch is handed on, so
what is half old and half new is never taken for a message.
"""

from pathlib import Path
from urllib.parse import quote

import apsw

from sealwax.base.clock import Clock
from sealwax.sources.apple.private_copy import (
    BESIDE,
    PrivateCopy,
    SourceBusy,
    configure,
    file_marks,
    missing_bytes,
)

SETTLED_MS = 10_000
"""Nobody has written a file for at least this long before it is read in place."""


class InPlace:
    """A database that is read where it lies; like `PrivateCopy`, which see."""

    missing_bytes = 0

    def __init__(self, original: Path) -> None:
        """Opens it; raises apsw.Error. Use `opened`."""
        self.path = original
        self._marks = file_marks(original)
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        uri = f"file:{quote(str(original.resolve()))}?immutable=1"
        self.connection = apsw.Connection(uri, flags=flags)
        try:
            configure(self.connection)
            self.check()
        except BaseException:
            self.connection.close()
            raise

    def check(self) -> None:
        """Raises SourceBusy when the file was written since it was opened."""
        if file_marks(self.path) != self._marks:
            raise SourceBusy(f"{self.path.name} changed while it was read.")

    def close(self) -> None:
        self.connection.close()


def opened(original: Path, scratch: Path, clock: Clock) -> InPlace | PrivateCopy:
    """The database, opened in place where that is safe, else as a copy; raises a SourceError."""
    if _stands_still(original, clock.now_ms()):
        try:
            return InPlace(original)
        except (apsw.Error, OSError, SourceBusy):
            # A copy can be mended where the original cannot, and says what is wrong with it.
            pass
    return PrivateCopy(original, scratch)


def _stands_still(original: Path, now_ms: int) -> bool:
    try:
        if any(original.with_name(original.name + name).exists() for name in BESIDE):
            return False
        age_ms = now_ms - original.stat().st_mtime_ns // 1_000_000
        return age_ms >= SETTLED_MS and missing_bytes(original) == 0
    except OSError:
        return False
