"""What the library shows of a state: its place, its conversations, its time, its words."""

from typing import NamedTuple

from sealwax.model.field import (
    ALIAS,
    CONTENT,
    CONVERSATION,
    DELIVERED_NS,
    DRAFT,
    EDIT,
    EVENT,
    FROM_ME,
    HELD,
    NAME,
    ORDER,
    ORIGIN,
    PLACED,
    RAW,
    READ_NS,
    ROW,
    SENDER,
    SERVICE,
    STATE,
    SUBJECT,
    TEXT,
    TIME_NS,
)
from sealwax.model.form import FINAL, SCHEDULED, is_integer
from sealwax.model.record import Kind
from sealwax.model.reference import named_by, own_namespace
from sealwax.model.state import State

PRESENT, TRASH, NOWHERE, BESIDE = 1, 2, 0, 3
"""Where a record is shown; BESIDE is a message for which another one is shown."""
NOT_YET_NS = 2**62
"""What is scheduled stands behind all that was sent: its time is counted from here. It is the
newest of nothing."""
_PLAIN = frozenset(
    field.name
    for field in (
        ORIGIN,
        CONVERSATION,
        TIME_NS,
        ORDER,
        RAW,
        ROW,
        FROM_ME,
        SENDER,
        SERVICE,
        TEXT,
        READ_NS,
        DELIVERED_NS,
    )
)


class Projection(NamedTuple):
    """The columns of a version row that are read off its state; `conversations` are names,
    `aliases` those of other records of its kind, and whether they are one with this one."""

    place: int
    conversations: tuple[str, ...]
    time_ns: int | None
    words: str
    is_held: bool
    file_bytes: int = 0
    source_order: int = 0
    aliases: tuple[tuple[str, bool], ...] = ()


def project(state: State, own: str | None = None) -> Projection:
    """Reads the columns off a state. `own` is the record's namespace, where it was looked at more
    closely than its state alone allows."""
    # Of what was purged nothing waits for an answer any more.
    is_held = is_marked(state) and state.has_content()
    if state.kind != Kind.MESSAGE:
        content = state.get(CONTENT)
        file_bytes = content[1] if content else 0
        place = _place(state, state.get(ORIGIN))
        aliases = _aliases(state, own) if state.kind == Kind.CONVERSATION else ()
        return Projection(place, (), None, "", is_held, file_bytes, aliases=aliases)
    time_ns, source_order = position(state)
    place = _place(state, time_ns)
    placed = state.get(PLACED)
    inside = (placed,) if placed else state.keyed(CONVERSATION)
    own = own_namespace(state) if own is None else own
    conversations = tuple(sorted({named_by(reference, own) for reference in inside}))
    return Projection(
        place,
        conversations,
        time_ns,
        _words(state),
        is_held,
        source_order=source_order,
        aliases=_aliases(state, own),
    )


def unfinished(state: State) -> str | None:
    """How a message stands that is not final, else None."""
    standing: str = state.get(STATE) or FINAL
    return None if standing == FINAL else standing


def told_time(state: State) -> int | None:
    """When a message was sent; of one that is not final, when it was written or is to be sent."""
    draft = state.get(DRAFT) if unfinished(state) else None
    time_ns: int | None = draft[0] if draft else state.get(TIME_NS)
    return time_ns


def position(state: State) -> tuple[int | None, int]:
    """Where a message stands among others: its time, and within that the source's order."""
    time_ns = told_time(state)
    if time_ns is not None and state.get(STATE) == SCHEDULED:
        time_ns = NOT_YET_NS + min(max(time_ns, 0), NOT_YET_NS - 1)
    return time_ns, source_order(state.get(ORDER))


def source_order(value: object) -> int:
    """A source's order as a number; 0 where none, or a strange one, was told."""
    return value if type(value) is int and is_integer(value) else 0


def _aliases(state: State, own: str | None) -> tuple[tuple[str, bool], ...]:
    own = own_namespace(state) if own is None else own
    told: dict[str, bool] = {}
    for reference, is_one in state.keyed(ALIAS).items():
        name = named_by(reference, own)
        # Two spellings of one reference: one word that they are two is enough.
        told[name] = told.get(name, True) and is_one
    return tuple(sorted(told.items()))


def is_marked(state: State) -> bool:
    """Whether the deletion that put a record where it lies is marked as held. What was marked in an
    earlier life is over, whoever marked it."""
    return state.life % 2 == 1 and state.get(HELD, str(state.life)) is True


class PlainPlaces(NamedTuple):
    """Where in the entries of a plain message its columns stand; `inside` is the conversation,
    `origin` says in which namespace."""

    time: int
    text: int | None
    inside: int | None
    origin: int | None
    order: int | None


def plain_places(names: tuple[str, ...]) -> PlainPlaces | None:
    """The places of the columns in a change of these fields, when it is a message of plain words in
    one conversation at most; None for anything else."""
    if TIME_NS.name not in names or not _PLAIN.issuperset(names):
        return None
    return PlainPlaces(
        names.index(TIME_NS.name),
        names.index(TEXT.name) if TEXT.name in names else None,
        names.index(CONVERSATION.name) if CONVERSATION.name in names else None,
        names.index(ORIGIN.name) if ORIGIN.name in names else None,
        names.index(ORDER.name) if ORDER.name in names else None,
    )


def _place(state: State, sign_of_content: object) -> int:
    if sign_of_content is None:
        return NOWHERE
    return PRESENT if state.life % 2 == 0 else TRASH


def _words(state: State) -> str:
    """All wordings of a message, a line each: what the text indexes hold."""
    pieces: list[str] = [*state.values(TEXT), *state.values(SUBJECT)]
    pieces += [text for _, text in state.keyed(EDIT).values()]
    draft = state.get(DRAFT) if unfinished(state) else None
    if draft:
        pieces.append(draft[1])
    title = (state.get(EVENT) or {}).get("title")
    if isinstance(title, str):
        pieces.append(title)
    return "\n".join(dict.fromkeys(pieces))


def name_of(state: State) -> str | None:
    """The name that people gave to a conversation or a contact."""
    return state.get(NAME) or None
