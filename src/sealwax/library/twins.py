"""Messages that are one: which states agree, and what is shown for those that do. Pure.

A source writes a message again under another id, and a note to oneself is there as sent and as
received. The field `alias` says which are one; it is believed only where both say the same, so
nobody hides a message by it: what is shown for both says what each of them said.

Implements "Messages that are one" of docs/format.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from sealwax.library.aliases import groups
from sealwax.library.naming import own_name
from sealwax.library.project import (
    BESIDE,
    PRESENT,
    Projection,
    project,
    source_order,
    told_time,
    unfinished,
)
from sealwax.library.view import MessageView, message_view
from sealwax.model.field import (
    ALIAS,
    APP,
    ATTACHMENT,
    BODY,
    DRAFT,
    EDIT,
    EFFECT,
    EVENT,
    FROM_ME,
    ORDER,
    ORIGIN,
    PARTS,
    PLACED,
    SENDER,
    SERVICE,
    STATE,
    SUBJECT,
    TEXT,
    TIME_NS,
    UNDECODED,
    UNSENT,
    Field,
)
from sealwax.model.merge import Stamp, join_stamps, value_bytes
from sealwax.model.record import canonical_address, canonical_direct
from sealwax.model.reference import DEFAULT_NAMESPACE, own_namespace, resolve
from sealwax.model.state import State, is_control

TWINS_LIMIT = 64
"""More messages than this are no twins of each other, whatever anyone says."""
NOTE_NS = 2_000_000_000
"""The received row of a note to oneself is at most so much later, or earlier, than the sent one."""
_WORDS = (TEXT, SUBJECT, EVENT, APP, EFFECT)
_OWN = frozenset(
    field.name
    for field in (
        ALIAS, DRAFT, FROM_ME, ORDER, ORIGIN, PLACED, SENDER, SERVICE, STATE, TIME_NS, UNDECODED
    )
)  # fmt: skip
_OF_ONE = frozenset(field.name for field in (BODY, PARTS))
"""What the first one that has it says: how its words are styled, and which part is where."""


class Twin(NamedTuple):
    """A message by itself: its id, its state, the columns that are read off it."""

    uid: bytes
    state: State
    projection: Projection

    @property
    def is_known(self) -> bool:
        """Whether it is shown anywhere by itself: of a stub nobody sees anything."""
        return self.projection.time_ns is not None


class Shown(NamedTuple):
    """How a message is shown: by its columns, and as a state that has what each of those says that
    it is shown for. None for one that is shown by itself, or not at all: for `beside`, which is the
    record that is shown; its own where it is one with no other."""

    uid: bytes
    beside: int
    projection: Projection
    state: State | None = None


def agree(left: Twin, right: Twin) -> bool:
    """Whether two messages say the same, so that one of them can be shown for both."""
    if not left.is_known or not right.is_known:
        return True
    one, other = left.state, right.state
    if own_namespace(one) != own_namespace(other) or unfinished(one) or unfinished(other):
        return False
    if not set(left.projection.conversations) & set(right.projection.conversations):
        return False
    if bool(one.get(FROM_ME)) != bool(other.get(FROM_ME)):
        return _is_note(left, right) if one.get(FROM_ME) else _is_note(right, left)
    is_alike = _values(one, TIME_NS) == _values(other, TIME_NS) and _sender(one) == _sender(other)
    return is_alike and _say_the_same(one, other)


def _say_the_same(one: State, other: State) -> bool:
    """Whether two messages have the same words, as they were first told and as they are shown now:
    with their edits, and without what was unsent."""
    if any(_values(one, field) != _values(other, field) for field in _WORDS):
        return False
    left, right = message_view(0, None, one), message_view(0, None, other)
    return _told(left) == _told(right)


def _told(view: MessageView) -> tuple[object, ...]:
    return view.text, view.subject, view.event, view.app, view.wordings, view.unsent_parts


def _is_note(sent: Twin, received: Twin) -> bool:
    """Whether these are the two sides of a note to oneself: in the conversation with the one who
    received it, at most NOTE_NS apart, with the same words, or none on the side that was sent."""
    sender, apart_ns = _sender(received.state), _apart_ns(sent.state, received.state)
    shared = {*sent.projection.conversations} & {*received.projection.conversations}
    if not sender or _sender(sent.state) or apart_ns is None or apart_ns > NOTE_NS:
        return False
    if canonical_direct(sender) not in {resolve(name, DEFAULT_NAMESPACE).id for name in shared}:
        return False
    if _say_the_same(sent.state, received.state):
        return True
    says = (*_WORDS, ATTACHMENT, EDIT, UNSENT)
    return not any(sent.state.keyed(field) for field in says)


def _apart_ns(one: State, other: State) -> int | None:
    left, right = told_time(one), told_time(other)
    return None if left is None or right is None else abs(left - right)


def _sender(state: State) -> str:
    told = state.get(SENDER)
    return canonical_address(told) if told else ""


def _values(state: State, field: Field) -> set[bytes]:
    return {value_bytes(value) for value in state.values(field)}


def shown_of(
    twins: Mapping[int, Twin], one: Iterable[tuple[int, int]], two: set[tuple[int, int]]
) -> dict[int, Shown]:
    """How each of these messages is shown; `one` and `two` are pairs that anyone's word joins and
    parts. Where those that hang together do not all agree, each is shown by itself."""
    found: dict[int, Shown] = {}
    for group in groups(twins, one, two):
        members = sorted(group, key=lambda record: _order(twins[record]))
        every = [twins[record] for record in members]
        state = together(every) if _is_one(every) else None
        if state is None or not _is_whole(state, every):
            for record in members:
                found[record] = Shown(twins[record].uid, record, twins[record].projection)
            continue
        first, *others = members
        found[first] = Shown(twins[first].uid, first, project(state), state)
        for record in others:
            uid, _, projection = twins[record]
            found[record] = Shown(uid, first, projection._replace(place=BESIDE))
    return found


def _is_one(members: Sequence[Twin]) -> bool:
    if not 1 < len(members) <= TWINS_LIMIT or not members[0].is_known:
        return False
    return all(agree(left, right) for left, right in combinations(members, 2))


def _is_whole(state: State, members: Sequence[Twin]) -> bool:
    """Whether what is shown for these has the words and the files of each."""
    seen = message_view(0, None, state)
    views = [message_view(0, None, twin.state) for twin in members if twin.is_known]
    words = {view.text for view in views if view.text}
    files = {name for view in views for name in view.attachments}
    return words <= {seen.text} and files <= set(seen.attachments)


def _order(twin: Twin) -> tuple[Any, ...]:
    """Which of several is shown: one that is there, in the present, from oneself, the first of the
    source, with the least id."""
    place, state = twin.projection.place, twin.state
    order = source_order(state.get(ORDER))
    is_absent = not twin.is_known
    return is_absent, place != PRESENT, not state.get(FROM_ME), order, twin.uid


def together(members: Sequence[Twin]) -> State:
    """What is shown for messages that are one: the first one's state, with all content of the
    others that is not what a message has but once, as if it was told under the first one's life."""
    first = members[0].state
    slots = dict(first.slots)
    for other in members[1:]:
        for slot, stamps in other.state.slots.items():
            name, merge, _ = slot
            if name in _OWN or is_control(name) or (name in _OF_ONE and slot in slots):
                continue
            told = [stamp._replace(life=first.life) for stamp in stamps]
            slots[slot] = join_stamps(merge, slots.get(slot, ()), told)
        # So an export says under which other ids it is known.
        name = own_name(other.state)
        slot = (ALIAS.name, int(ALIAS.merge), name)
        if name and name != own_name(first) and slot not in slots:
            slots[slot] = (Stamp(first.life, 0, b"", True),)
    return State(first.kind, slots)
