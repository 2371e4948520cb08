"""Planning an import: from what a source saw and what is known to the changes to be written.

Pure: no disk, no clock, no library. What a source lost is not a deletion; what a person deleted in
the source on purpose is an event that is applied once, and goes to the trash.
"""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from sealwax.intake.match import Later, news, settled, told_anew, told_later
from sealwax.model.brake import holds
from sealwax.model.change import Change, entry
from sealwax.model.field import DELETION, HELD, LIFE, RECEIPTS
from sealwax.model.loss import is_there
from sealwax.model.merge import Stamp, join_stamps
from sealwax.model.record import Kind
from sealwax.model.state import State, content_under, empty, join_changes
from sealwax.sources.base import Deletion, Observation

RECOVERABLE = "recoverable:"
TOMBSTONE = "tombstone:"
MOVE, MARK, NOTHING = "move", "mark", "nothing"
"""What a deletion in the source does: into the trash, remembered as seen, or nothing new."""
_NONE = Later(0, ())


class Seen(NamedTuple):
    """An observation with the id of its record."""

    record: bytes
    observation: Observation


class Doomed(NamedTuple):
    """A deletion in the source with the id of its record, and when it happened.

    `time_ms` is the source's newest date where the source does not say when.
    """

    record: bytes
    kind: int
    key: str
    time_ms: int


class DeletionPlan(NamedTuple):
    """What an import's deletions come to.

    `moves` put records into the trash, `marks` only remember that a deletion was seen, `returns`
    bring back what the source shows again. `conversations` counts those that lose messages.
    `is_held` says that the brake holds: the records show as held until a person answers.
    """

    moves: tuple[Change, ...]
    marks: tuple[Change, ...]
    returns: tuple[Change, ...]
    records: int
    conversations: int
    is_held: bool


def are_receipts(changes: Collection[Change]) -> bool:
    """Whether there are changes, and all they say is that something was delivered, read or
    played."""
    names = {one.name for change in changes for one in change.entries}
    return bool(names) and names <= RECEIPTS


def plan_observations(
    seen: Iterable[Seen], states: Mapping[bytes, State], device: bytes, newest_ms: int = 0
) -> list[Change]:
    """The changes that a batch of observations comes to, in its order; `newest_ms` is the source's
    newest date."""
    changes: list[Change] = []
    known = dict(states)
    fresh: dict[bytes, list[Change]] = {}
    own: set[bytes] = set()
    for record, observation in seen:
        state = known.get(record)
        earlier = fresh.get(record)
        if earlier:
            # The same record again in one batch: only now is its state worth joining.
            if record not in own:
                own.add(record)
                state = known[record] = _copied(state, earlier[0].kind)
            assert state is not None
            _add(state, earlier)
            earlier.clear()
        life = state.life if state else 0
        told = observation.entries
        later = told_later(state, told, life, observation.time_ms)
        if later is not None:
            told = tuple(item for item in told if item not in later.entries)
        entries = news(state, told, life, observation.time_ms, device)
        final = settled(state, observation.entries, life, newest_ms)
        for time_ms, part in (Later(observation.time_ms, entries), later or _NONE, final or _NONE):
            if part:
                change = Change(observation.kind, record, life, time_ms, device, part)
                changes.append(change)
                fresh.setdefault(record, []).append(change)
    return changes


def _copied(state: State | None, kind: int) -> State:
    return empty(kind) if state is None else state._replace(slots=dict(state.slots))


def _add(state: State, changes: list[Change]) -> None:
    """Joins changes of content into a state that is nobody else's, in place: thousands of reactions
    may be to one message."""
    for change in changes:
        for name, merge, key, value in change.entries:
            slot = (name, merge, key)
            stamp = Stamp(change.life, change.time_ms, change.device, value)
            state.slots[slot] = join_stamps(merge, state.slots.get(slot, ()), (stamp,))


def plan_copy(
    record: bytes, kind: int, changes: Iterable[Change], state: State | None
) -> tuple[list[Change], State]:
    """Those of a copied record's changes that are news, and the state that they lead to."""
    before = state if state is not None else empty(kind)
    told = [change._replace(record=record) for change in changes]
    after = join_changes(before, told)
    return told_anew(before, after, told), after


def plan_deletions(
    doomed: Iterable[Doomed],
    reappeared: Iterable[bytes],
    states: Mapping[bytes, State],
    conversations: Mapping[bytes, str],
    records: int,
    newest_ms: int,
    device: bytes,
    is_confirmed: bool,
    arrived: Collection[bytes] = (),
    lately: Collection[bytes] = (),
    twins: Mapping[bytes, Collection[bytes]] = MappingProxyType({}),
) -> DeletionPlan:
    """What a source's deletions come to.

    `states` has the states of all records named, `conversations` the conversation of each message,
    `records` the number of all records in the present, `newest_ms` the source's newest date,
    `arrived` the records that came with this very import: what nobody had yet, nobody loses, so the
    brake does not count it. It does count those that fell `lately`, at other imports. `twins` has
    the messages that each is one with, itself included: it falls when the source has said of all of
    them that they were deleted, for a source that writes a message again deletes the one before.
    """
    falling: dict[bytes, Doomed] = {}
    marked: list[Doomed] = []
    listed = list(doomed)
    named = {item.record for item in listed}
    for item in listed:
        fate = _fate(item, states.get(item.record))
        beside = [states[twin] for twin in twins.get(item.record, ()) if twin not in named]
        if fate == MOVE and not any(map(_stays, beside)):
            falling.setdefault(item.record, item)
            for twin in twins.get(item.record, ()):
                if is_there(states.get(twin)):
                    falling.setdefault(twin, item._replace(record=twin))
        elif fate != NOTHING:
            marked.append(item)
    lost = [record for record in falling if record not in arrived]
    hit = {conversations[record] for record in lost if record in conversations}
    is_held = not is_confirmed and holds(lost, lately, conversations, records)
    returns = [
        change
        for record in reappeared
        if record not in named and _fell_in_source(states.get(record), newest_ms)
        for change in _return(record, states[record], newest_ms, device)
    ]
    return DeletionPlan(
        tuple(_move(item, states[item.record], device, is_held) for item in falling.values()),
        tuple(_mark(item, device) for item in dict.fromkeys(marked)),
        tuple(returns),
        len(falling),
        len(hit),
        is_held,
    )


def deletions_of_conversation(
    conversation: Deletion, messages: Iterable[bytes], time_ms: int
) -> list[Doomed]:
    """Deleting a conversation deletes every message held, so that a late arrival is kept."""
    return [Doomed(record, int(Kind.MESSAGE), conversation.key, time_ms) for record in messages]


def _fate(item: Doomed, state: State | None) -> str:
    """What a deletion in the source does: MOVE, MARK or NOTHING."""
    marks = state.keyed(DELETION) if state else {}
    if item.key in marks:
        return NOTHING
    if state is None or not state.has_content():
        return MARK
    life = state.stamp(LIFE)
    if life is not None and life.value % 2 == 1:
        return MARK
    if life is not None and item.time_ms <= life.time_ms:
        return MARK
    if item.key == TOMBSTONE and any(key.startswith(RECOVERABLE) for key in marks):
        # The second stage of a deletion that was already applied, and then undone by a person.
        return MARK
    return MOVE


def _stays(state: State) -> bool:
    """Whether a message is there, and no source has told of it that it was deleted."""
    return is_there(state) and not state.keyed(DELETION)


def _mark(item: Doomed, device: bytes) -> Change:
    mark = entry(DELETION, True, item.key)
    return Change(item.kind, item.record, None, item.time_ms, device, (mark,))


def _move(item: Doomed, state: State, device: bytes, is_held: bool) -> Change:
    life = state.next_life(is_live=False)
    entries = [entry(LIFE, life), entry(DELETION, True, item.key)]
    if is_held:
        entries.append(entry(HELD, True, str(life)))
    return Change(item.kind, item.record, None, item.time_ms, device, tuple(entries))


def _fell_in_source(state: State | None, newest_ms: int) -> bool:
    """Whether a record is in the trash because of a source, and this source knows newer."""
    if state is None or state.life % 2 == 0 or not state.has_content():
        return False
    life = state.stamp(LIFE)
    assert life is not None
    deletions = [state.stamp(DELETION, key) for key in state.keyed(DELETION)]
    by_source = any(stamp is not None and stamp.time_ms == life.time_ms for stamp in deletions)
    return by_source and newest_ms > life.time_ms


def _return(record: bytes, state: State, newest_ms: int, device: bytes) -> list[Change]:
    life = state.next_life(is_live=True)
    raised = Change(state.kind, record, None, newest_ms, device, (entry(LIFE, life),))
    return [raised, *content_under(life, record, [state])]
