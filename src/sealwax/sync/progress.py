"""How far a sync is, as whoever waits for it is told."""

from collections.abc import Callable
from typing import NamedTuple


class SyncProgress(NamedTuple):
    """The phase, items done and in all, bytes done and in all."""

    phase: str
    done: int
    total: int
    done_bytes: int
    total_bytes: int


Report = Callable[[SyncProgress], None]


def unheard(_: SyncProgress) -> None:
    """Nobody listens."""
