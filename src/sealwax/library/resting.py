"""Since when records lie in the trash, as this device has seen it.

A deletion tells a time, and that is a claim: of the source, of the device that wrote it, of a clock
that may be wrong. So what is emptied after a time is what this device saw in the trash for so long.
"""

from sealwax.library.library import Library
from sealwax.library.project import NOWHERE, TRASH
from sealwax.model.state import State

_TRASH = "in the trash"
_PURGED = "purged"
_LIFE_BYTES = 8


def note_resting(library: Library, now_ms: int) -> None:
    """What lies in the trash now, and what is purged, goes on resting, or begins to."""
    trash = (_name(row.uid, row.state.life) for row in library.read.rows_away(TRASH))
    library.guarded.seen.look(_TRASH, trash, now_ms)
    purged = (
        _name(row.uid, row.state.purged)
        for row in library.read.rows_away(NOWHERE)
        if row.state.purged >= 0
    )
    library.guarded.seen.look(_PURGED, purged, now_ms)


class Resting:
    """What has rested since a time at least."""

    def __init__(self, library: Library, since_ms: int) -> None:
        self._trash = library.guarded.seen.so_before(_TRASH, since_ms)
        self._purged = library.guarded.seen.so_before(_PURGED, since_ms)

    def in_trash(self, record: bytes, state: State) -> bool:
        """Whether a record has lain in the trash for so long, in this life."""
        return _name(record, state.life) in self._trash

    def is_purged(self, record: bytes, state: State) -> bool:
        """Whether the words of a record have been purged for so long."""
        return _name(record, state.purged) in self._purged


def _name(record: bytes, life: int) -> bytes:
    return record + life.to_bytes(_LIFE_BYTES, "big", signed=True)
