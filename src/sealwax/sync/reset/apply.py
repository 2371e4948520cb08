"""Resetting sync: this device says its whole state anew, and the segments before that go.

Commits of kind `reset` first add the state of every record, then drop what was live before. What
another device writes meanwhile stays live. Wherever a reset is cut off, the state is the same: both
are live then, and the join of a state with what it came from is that state. Pinned moments go on
holding the old segments.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sealwax.base.errors import SealwaxError
from sealwax.crypto.sealing import SealBroken
from sealwax.ledger.commit import CommitKind
from sealwax.model.change import Change
from sealwax.model.state import tells_more
from sealwax.stores.base import Missing
from sealwax.sync.compaction.plan import LiveSegment
from sealwax.sync.replica import Replica
from sealwax.sync.reset.plan import ResetPlan, SeenSegment, in_batches, plan_reset, said_anew
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing

REASON = "reset"
DROPPED_TOGETHER = 8_192


class LibraryNotWhole(SealwaxError):
    """What this device would say anew is damaged itself."""

    code = "library-not-whole"
    hint = "Nothing was changed. Reset from another device, or run `sealwax verify --repair` first."


class ResetProgress(NamedTuple):
    """How far a reset is: the phase, and what of how much."""

    phase: str
    done: int
    total: int


Report = Callable[[ResetProgress], None]


def planned_reset(replica: Replica, report: Report) -> ResetPlan:
    """What a reset would do; reads every segment that the head holds. Raises StoreError,
    LibraryNotWhole."""
    library = replica.library
    replica.pull()
    library.strip_tail()
    wrong = library.check()
    if wrong:
        raise LibraryNotWhole(f"This device's library is not whole: {wrong[0]}.")
    return plan_reset(library.read.records(), _seen(replica, report))


def reset(replica: Replica, plan: ResetPlan, report: Report) -> int:
    """Does what was planned; gives the sealed bytes that were written. Raises StoreError."""
    stored_bytes, done = 0, 0
    replica.library.strip_tail()
    for name in plan.lacking:
        found = _lacking(replica, replica.read_segment(name))
        stored_bytes += _say(replica, tuple(found)) if found else 0
    anew = (said_anew(row.uid, row.state) for row in replica.library.read.whole())
    for batch in in_batches(anew):
        report(ResetProgress("Writing", done, plan.records))
        stored_bytes += _say(replica, batch)
        done += len({change.record for change in batch})
    for start in range(0, len(plan.replaced), DROPPED_TOGETHER):
        names = plan.replaced[start : start + DROPPED_TOGETHER]
        replica.write(Writing((), Part(reason=REASON), CommitKind.RESET, dropped=names))
    return stored_bytes


def _say(replica: Replica, changes: tuple[Change, ...]) -> int:
    return replica.write(Writing(changes, Part(reason=REASON), CommitKind.RESET)).stored_bytes


def _seen(replica: Replica, report: Report) -> Iterator[SeenSegment]:
    holdings = replica.library.holdings
    damaged = {name for name, _, _ in holdings.damage()}
    live = [LiveSegment._make(row) for row in holdings.live_segments()]
    for done, segment in enumerate(live):
        report(ResetProgress("Reading", done, len(live)))
        was_taken_in = segment.name not in damaged
        try:
            changes = replica.read_segment(segment.name)
        except (Missing, SealBroken) as error:
            is_nowhere = isinstance(error, Missing)
            yield SeenSegment(
                segment.name, segment.size_bytes, False, was_taken_in, is_nowhere=is_nowhere
            )
            continue
        lacking = len(_lacking(replica, changes))
        yield SeenSegment(segment.name, segment.size_bytes, True, was_taken_in, lacking)


def _lacking(replica: Replica, changes: list[Change]) -> list[Change]:
    """The changes that the library's states do not say already."""
    states = replica.library.states(list({change.record for change in changes}))
    return [
        change
        for change in changes
        if (state := states.get(change.record)) is None or tells_more(state, change)
    ]
