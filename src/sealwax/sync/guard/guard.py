"""The guard: what other devices take away from this one is held until a person answers.

See `watch` for what happens before a pull, `settle` for what happens after it.
"""

from sealwax.sync.following import Ahead
from sealwax.sync.guard.pinned import Staying, stays_always
from sealwax.sync.guard.settle import Settling
from sealwax.sync.guard.watch import Watch
from sealwax.sync.journal import Journal


class Guard:
    """Guards one device."""

    def __init__(self, journal: Journal, stays: Staying = stays_always) -> None:
        """`stays` is the calendar of snapshots."""
        self._watch = Watch(journal, stays)
        self._settling = Settling(journal)
        journal.history.before_pull = self.look

    def look(self, ahead: Ahead) -> None:
        """Looks through what is about to be pulled."""
        self._watch.look(ahead)

    def settle(self) -> int:
        """Does what is left after a pull; gives how many records and snapshots began to wait for
        an answer."""
        return self._settling.settle()
