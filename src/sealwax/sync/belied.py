"""What a reading found missing at the place that devices share, whatever that says of having it.

A place that says that it has an object may be wrong, or lie, and says the same when it is asked
again. So what did not come back when it was read counts as missing until the very bytes came back
from there. Each sync sends it once more, asked for or not, and reads it.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from sealwax.library.holdings import Holdings
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.reading_back import bring_back

REMEMBERED = 65_536
"""So many names are kept; of more, a later reading finds the others."""
_NAMES = "what did not come back from the place"
_FOUND = "when something did not come back from the place"


class Found(NamedTuple):
    """How many objects did not come back from the place when they were read, when that was last so
    (ms since 1970), and how many of them still do not."""

    objects: int
    found_ms: int
    left: int


_encode = msgspec.msgpack.Encoder().encode
_decode_names = msgspec.msgpack.Decoder(list[bytes]).decode
_decode_found = msgspec.msgpack.Decoder(Found).decode


class Belied:
    """Remembers the names, in the library."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings

    def names(self) -> list[bytes]:
        """The objects that have to come back before they count as there."""
        noted = self._holdings.noted(_NAMES)
        return _decode_names(noted) if noted else []

    def note(self, names: Iterable[bytes], now_ms: int) -> None:
        """Remembers what a reading did not bring back."""
        new = set(names)
        if new:
            kept = sorted(new.union(self.names()))[:REMEMBERED]
            self._keep(kept, Found(len(new), now_ms, len(kept)))

    def settle(self, mirror: MirrorStore, held: Iterable[bytes]) -> int:
        """Sends and reads once more what has to come back and is still held; gives how many still
        did not. Raises FarAway or FarFull."""
        noted, found = self.names(), self.found()
        if not noted or found is None:
            return 0
        lost = bring_back(mirror, sorted(set(noted).intersection(held))).lost
        self._keep(list(lost), found._replace(left=len(lost)))
        return len(lost)

    def found(self) -> Found | None:
        """What a reading last found missing; None for never."""
        noted = self._holdings.noted(_FOUND)
        return _decode_found(noted) if noted else None

    def _keep(self, names: list[bytes], found: Found) -> None:
        self._holdings.keep_note(_NAMES, _encode(names) if names else b"")
        self._holdings.keep_note(_FOUND, _encode(found))


def belied_sentence(found: Found) -> str:
    """What did not come back, as long as it does not."""
    if not found.left:
        return ""
    objects = "1 sealed object" if found.left == 1 else f"{found.left:,} sealed objects"
    return (
        f"{objects} did not come back when they were read from the sync store, whatever it says of"
        " having them."
    )
