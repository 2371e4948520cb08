"""What devices of the account did that no honest program does, as a verification meets it.

It is no damage: what they would have taken away stays, and what nobody can open never was anything.
But people are told, with the name of the device.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sealwax.ledger.account import AccountLog
from sealwax.ledger.commit import Commit
from sealwax.ledger.dropping import HOLDS_NOTHING, PART_CLOSED, Refused
from sealwax.snapshot.refusals import told_refusal
from sealwax.trust.roster import roster
from sealwax.vault.keys import AccountKeys


class _Fault(NamedTuple):
    author: bytes
    what: Refused


class Faults:
    """Collects them for one verification."""

    def __init__(self) -> None:
        self._found: list[_Fault] = []

    def refuse(self, commit: Commit, refused: Iterable[Refused]) -> None:
        """What a commit would have taken away, and did not."""
        self._found += [_Fault(commit.header.author, one) for one in refused]

    def close(self, commit: Commit) -> None:
        """A commit whose sealed part does not open."""
        self._found.append(_Fault(commit.header.author, Refused(PART_CLOSED, 1)))

    def empty(self, author: bytes) -> None:
        """A segment that is as its author added it, and that nobody can open."""
        self._found.append(_Fault(author, Refused(HOLDS_NOTHING, 1)))

    def told(self, log: AccountLog, keys: AccountKeys) -> tuple[str, ...]:
        """A sentence for each."""
        if not self._found:
            return ()
        names = {one.id: one.name for one in roster(log, keys, b"", {})}
        return tuple(
            told_refusal(names[one.author], one.what.reason, one.what.number) for one in self._found
        )
