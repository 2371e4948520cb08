"""How far a sync is, as it tells whoever waits for it."""

from collections.abc import Callable
from typing import NamedTuple


class SyncProgress(NamedTuple):
    """How far a sync is: the phase, items done and in all, bytes done and in all."""

    phase: str
    done: int
    total: int
    done_bytes: int
    total_bytes: int


Report = Callable[[SyncProgress], None]
