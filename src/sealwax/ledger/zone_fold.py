"""What a zone holds, folded from its first commit on, with what its merges disown.

That a commit is disowned is known only when its merge is reached. Then all is folded anew, once,
when somebody asks for it.
"""

from collections.abc import Callable, Iterable

from sealwax.ledger.account import AccountLog
from sealwax.ledger.commit import Commit, parse_commit
from sealwax.ledger.disowning import Disowning
from sealwax.ledger.dropping import Refused
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import Objects


class ZoneFold:
    """Takes in the counting commits of a zone in their order, at a time by the clock of whoever
    folds. `read` gives the bytes of all commits of the zone from its first one on; it is called
    where a merge disowns some."""

    def __init__(self, log: AccountLog, now_ms: int, read: Callable[[], Iterable[bytes]]) -> None:
        self._disowning = Disowning(log)
        self._now_ms = now_ms
        self._read = read
        self._counting: set[int] = set()
        self._objects = Objects()
        self._is_stale = False

    def apply(self, commit: Commit) -> tuple[Refused, ...]:
        """Takes in the next counting commit; gives what of it was refused, unless all is to be
        folded anew."""
        self._counting.add(commit.header.seq)
        is_disowning = self._disowning.add(commit)
        self._is_stale |= is_disowning and commit.header.zone == MESSAGES_ZONE
        return () if self._is_stale else self._objects.apply(commit, self._now_ms)

    @property
    def disowned(self) -> dict[int, int]:
        """The seqs of the commits that are disowned, and those of their merges."""
        return self._disowning.merges()

    @property
    def objects(self) -> Objects:
        """The objects and pins after all that was taken in."""
        if self._is_stale:
            self._objects = Objects(self.disowned)
            for seq, data in enumerate(self._read()):
                if seq in self._counting:
                    self._objects.apply(parse_commit(data), self._now_ms)
            self._is_stale = False
        return self._objects
