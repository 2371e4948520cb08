"""A conversation as people see it: read off its state, or off nothing but its messages."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sealwax.library.naming import own_name
from sealwax.library.project import name_of
from sealwax.model.field import CHAT_SERVICE, IS_GROUP, ORIGIN, PARTICIPANT, SPLIT
from sealwax.model.record import canonical_address
from sealwax.model.state import State

NAMELESS = "(no conversation)"


class ConversationView(NamedTuple):
    """A conversation as people see it. `origin` is its name (see model.reference);
    `messages` and `newest_ns` are of the moment asked for."""

    record: int
    origin: str
    title: str
    participants: tuple[str, ...]
    is_group: bool
    messages: int
    newest_ns: int


def conversation_view(
    record: int, state: State, names: Mapping[str, str], tally: tuple[int, int]
) -> ConversationView:
    """Reads a conversation off its state. `names` are people's by canonical address; `tally` is how
    many messages it has, and the newest one's time."""
    canonical = (state.get(ORIGIN) or ("", ""))[1]
    inside = sorted(who for who, is_in in state.keyed(PARTICIPANT).items() if is_in)
    people = _people(inside, names)
    title = name_of(state) or ", ".join(people) or canonical.partition(":")[2] or NAMELESS
    if isinstance(state.get(SPLIT), str):
        title = f"{title} ({state.get(CHAT_SERVICE) or ''})"
    is_group = bool(state.get(IS_GROUP))
    return ConversationView(record, own_name(state), title, people, is_group, *tally)


def _people(inside: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """Who is in a conversation, each once, however often an address is spelt otherwise."""
    spelt: dict[str, str] = {}
    for who in inside:
        canonical = canonical_address(who)
        if canonical not in spelt or who == canonical:
            spelt[canonical] = who
    return tuple(dict.fromkeys(names.get(canonical, who) for canonical, who in spelt.items()))


def nameless(record: int, tally: tuple[int, int]) -> ConversationView:
    """A conversation of which nothing is known but that messages are in it: whatever became of it,
    they are shown."""
    return ConversationView(record, "", NAMELESS, (), False, *tally)


def is_emptied(state: State) -> bool:
    """Whether a conversation was split, or was a part of one: without messages it says nothing."""
    return state.get(SPLIT) is not None
