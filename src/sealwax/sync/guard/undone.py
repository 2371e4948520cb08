"""What another device has undone: a loss, or what a harmful device told in the place of something.

Undoing tells again what was there at the moment before, and takes away what was told instead of it.
To a device that has not undone it itself that would look like a loss of its own.
"""

from collections.abc import Mapping

from sealwax.library.library import Library
from sealwax.library.past import states_before
from sealwax.model.state import State
from sealwax.sync.guard.hiding import is_lost_still, seen_otherwise
from sealwax.sync.guard.plan import How


def undone(library: Library, after: Mapping[bytes, State]) -> set[bytes]:
    """Of records as they would be, those that lost something before and would be as they were."""
    known = library.guarded.losses.of(list(after))
    taken = (row for row in known.values() if not row.is_accepted and row.how != How.DELETED)
    return {
        row.record
        for row, then in states_before(library, taken)
        if is_as_before(How(row.how), then, after[row.record])
    }


def is_as_before(how: How, then: State, now: State) -> bool:
    """Whether a record has, and shows, what it did at the moment before."""
    return not is_lost_still(how, then, now) and seen_otherwise(then, now) is None
