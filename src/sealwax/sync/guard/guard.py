"""The guard: what other devices take away from this one is held until a person answers.

See `watch` for what happens before a pull, `settle` for what happens after it.
"""

from collections.abc import Callable

from sealwax.sync.following import Ahead
from sealwax.sync.guard.pieces_back import put_back_pieces
from sealwax.sync.guard.pinned import Staying, stays_always
from sealwax.sync.guard.proof import Proving
from sealwax.sync.guard.settle import Settling
from sealwax.sync.guard.watch import Watch
from sealwax.sync.journal import Journal


class Guard:
    """Guards one device."""

    def __init__(self, journal: Journal, stays: Staying = stays_always) -> None:
        """`stays` is the calendar of snapshots."""
        self._watch = Watch(journal, stays)
        self._settling = Settling(journal)
        self._proving = Proving(journal)
        self._journal = journal
        journal.history.before_pull = self.look

    def look(self, ahead: Ahead) -> None:
        """Looks through what is about to be pulled."""
        self._watch.look(ahead)

    def settle(self) -> int:
        """Does what is left after a pull; gives how many records and snapshots began to wait for
        an answer."""
        return self._settling.settle()

    def prove(self, report: Callable[[str], None]) -> None:
        """Proves that what others replaced is told elsewhere, and puts back what is not, pieces of
        files too. Raises StoreError, FarAway or FarFull, with the rest for the next time."""
        self._proving.prove(report)
        put_back_pieces(self._journal)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be proved."""
        return not self._proving.is_due
