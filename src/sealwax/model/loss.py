"""What changes take away: records that are live, and would not be, or not whole. Pure.

A deletion is one way to take something away; a purge is another, and so is a change that calls a
message something else. Who is asked before much is taken away asks by what is left afterwards, not
by what a change calls itself.
"""

from collections.abc import Iterable, Mapping

from sealwax.model.change import Change
from sealwax.model.merge import Stamp, join_stamps
from sealwax.model.state import Slot, State, join_changes


def losses(states: Mapping[bytes, State], changes: Iterable[Change]) -> dict[bytes, State]:
    """What is left of each record that changes take something away from, by record.

    `states` has what is known of the records before; one that nobody knew cannot be lost.
    """
    told: dict[bytes, list[Change]] = {}
    for change in changes:
        if change.record in states:
            told.setdefault(change.record, []).append(change)
    left: dict[bytes, State] = {}
    for record, of_record in told.items():
        after = join_changes(states[record], of_record)
        if takes_away(states[record], after):
            left[record] = after
    return left


def is_there(state: State | None) -> bool:
    """Whether a record is in the present and says anything."""
    return state is not None and state.is_live and state.has_content()


def takes_away(before: State, after: State) -> bool:
    """Whether a record that was there is there no more, or lacks something that it had.

    Joining alone only adds: a newer value in the place of an older one is no loss.
    """
    if not is_there(before):
        return False
    if not after.is_live or after.kind != before.kind:
        return True
    return words_gone(before, after)


def words_gone(before: State, after: State) -> bool:
    """Whether anything was purged that nothing tells again: a restore does, under a later life."""
    if after.purged <= before.purged:
        return False
    return any(
        not _tells(slot, stamp, after.slots.get(slot, ()))
        for slot, stamps in before.slots.items()
        for stamp in stamps
        if stamp.life is not None and stamp.life <= after.purged
    )


def _tells(slot: Slot, stamp: Stamp, stamps: tuple[Stamp, ...]) -> bool:
    """Whether stamps say what one said, whatever the life under which they do."""
    merge = slot[1]
    timeless = join_stamps(merge, (), [one._replace(life=None) for one in stamps])
    return join_stamps(merge, timeless, [stamp._replace(life=None)]) == timeless
