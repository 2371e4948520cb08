"""Whether changes are told by others: what joining them would add. Pure."""

from collections.abc import Iterable, Mapping

from sealwax.model.change import Change, entry
from sealwax.model.field import PURGED
from sealwax.model.state import State, empty, join_change, tells_more


def states_of(changes: Iterable[Change]) -> dict[bytes, State]:
    """The states that changes alone come to, by record."""
    states: dict[bytes, State] = {}
    for change in changes:
        before = states.get(change.record) or empty(change.kind)
        states[change.record] = join_change(before, change)
    return states


def untold(
    changes: Iterable[Change], told: Mapping[bytes, State], here: Mapping[bytes, State]
) -> list[Change]:
    """Those of the changes that say more than states do. `here` has the whole states of their
    records: words that are purged by now need not be told any more."""
    found = []
    for change in changes:
        state = told.get(change.record) or empty(change.kind)
        whole = here.get(change.record)
        if whole is not None and whole.purged >= 0:
            purge = (entry(PURGED, whole.purged),)
            state = join_change(state, Change(change.kind, change.record, None, 0, b"", purge))
        if tells_more(state, change):
            found.append(change)
    return found
