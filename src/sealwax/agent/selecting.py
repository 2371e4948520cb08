"""From what a person typed to what is meant: conversations, people, messages, moments."""

import datetime
from typing import NamedTuple

from sealwax.agent.people import spellings
from sealwax.base.errors import SealwaxError
from sealwax.crypto.key_tree import RootKeys
from sealwax.library.conversation import ConversationView
from sealwax.library.library import Library
from sealwax.library.naming import ids_of
from sealwax.library.recent import recent
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.model.record import Kind, canonical_address
from sealwax.model.reference import DEFAULT_NAMESPACE, SEPARATOR, write
from sealwax.model.reference import resolve as resolved
from sealwax.snapshot.pins import find_snapshot

SUGGESTIONS = 5
NUMBER_DIGITS = 2
"""Digits up to so many are a number of the list; more may be a part of an address."""


class NothingMatches(SealwaxError):
    """What was named is not in the history."""

    code = "nothing-matches"
    hint = "`sealwax list` shows all conversations; add --at SNAPSHOT for those of the past."


class SeveralMatch(SealwaxError):
    """What was named could be several things."""

    code = "several-match"
    hint = "Use the number that `sealwax list` shows."


class BadSelection(SealwaxError):
    """A part of the selection has no meaning."""

    code = "selection-bad"
    hint = "Dates are like 2024-05-01 or 2024-05-01T14:00; sizes like 500KB, 10MB or 1GB."


class Select(NamedTuple):
    """SELECT as typed: every given part must hold."""

    chats: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    larger_than: str | None = None

    @property
    def is_everything(self) -> bool:
        return self == Select()


def resolve(library: Library, roots: RootKeys, typed: Select, moment: Moment) -> Selection:
    """The selection that is meant; raises NothingMatches, SeveralMatch or BadSelection.

    Conversations are looked for among those of the moment, the trash included.
    """
    conversations = known_conversations(library, moment.seq) if typed.chats else []
    return Selection(
        conversations=tuple(find_conversation(conversations, chat).record for chat in typed.chats),
        messages=tuple(_message(library, roots, text) for text in typed.messages),
        people=spellings(library, moment.seq, typed.people),
        since_ns=_time_ns(typed.since) if typed.since else None,
        until_ns=_time_ns(typed.until) if typed.until else None,
        larger_than_bytes=size_bytes(typed.larger_than) if typed.larger_than else None,
    )


def known_conversations(library: Library, seq: float) -> list[ConversationView]:
    """The conversations of a moment, the trash included: to find one, or for their titles. What is
    in them is not counted."""
    moment = Moment(seq, ANYWHERE)
    return [item.view for item in recent(library.database.connection, library.read, moment)]


def find_conversation(conversations: list[ConversationView], wanted: str) -> ConversationView:
    """The conversation with this number, title, address or id, or the only one that has the words
    in its title or among its people."""
    text = wanted.strip()
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 18:
        by_number = [view for view in conversations if view.record == int(number)]
        if by_number:
            return by_number[0]
        if len(number) <= NUMBER_DIGITS:
            raise NothingMatches(f"There is no conversation with the number {number}.")
    forms = {text.casefold(), _address(text)} - {""}
    exact = [view for view in conversations if _names(view) & forms]
    part = [
        view
        for view in conversations
        if any(form in name for name in _names(view) for form in forms)
    ]
    # An address means the conversation with that person before the groups that they are in.
    direct = [view for view in exact if not view.is_group]
    for matching in (direct if len(direct) == 1 else exact, part):
        if len(matching) == 1:
            return matching[0]
        if matching:
            titles = ", ".join(f"{view.record} {view.title}" for view in matching[:SUGGESTIONS])
            raise SeveralMatch(f"“{text[:100]}” could be several conversations: {titles}.")
    raise NothingMatches(f"There is no conversation “{text[:100]}”.")


def resolve_moment(library: Library, at: str | None) -> Moment | None:
    """The moment meant by --at: a snapshot, a date, or None for "all"; the present by default."""
    if at is None:
        return library.now()
    if at.strip().lower() == "all":
        return None
    return Moment(find_snapshot(library, at).moment)


def _names(view: ConversationView) -> set[str]:
    canonical = resolved(view.origin, DEFAULT_NAMESPACE).id
    named = {canonical, canonical.partition(":")[2], view.title, view.origin}
    people = {person.casefold() for person in view.participants}
    return {*(name.casefold() for name in named), *people}


def _address(text: str) -> str:
    return canonical_address(text)


def _message(library: Library, roots: RootKeys, text: str) -> int:
    """The row of a message by its number, its name or its source's id."""
    number = text.strip().removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 18:
        if not library.read.is_message(int(number)):
            raise NothingMatches(f"There is no message with the number {number}.")
        return library.twins.shown(int(number))
    # U+001F, with which a name may begin, would count as white space.
    name = text.strip(" \t\r\n")
    names = [name, *_in_other_namespaces(library, name)]
    uids = ids_of(roots, Kind.MESSAGE, names)
    stored = library.applier.fetch(uids)
    every = [library.twins.shown(stored[uid].record) for uid in uids if uid in stored]
    found = list(dict.fromkeys(every))
    if not found:
        raise NothingMatches(f"There is no message “{text[:100]}”.")
    if len(found) > 1:
        numbers = ", ".join(map(str, found[:SUGGESTIONS]))
        raise SeveralMatch(f"“{text[:100]}” could be several messages: {numbers}.")
    return found[0]


def _in_other_namespaces(library: Library, text: str) -> list[str]:
    """The names that an id would have in the other namespaces of this history. A namespace whose
    messages are in no conversation of its own is not known here."""
    if text.startswith(SEPARATOR):
        return []
    views = known_conversations(library, library.head_moment())
    known = {resolved(view.origin, DEFAULT_NAMESPACE).namespace for view in views if view.origin}
    return [write(other, text, DEFAULT_NAMESPACE) for other in sorted(known - {DEFAULT_NAMESPACE})]


def _time_ns(text: str) -> int:
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadSelection(f"“{text[:100]}” is not a date.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return int(moment.timestamp()) * 1_000_000_000


def size_bytes(text: str) -> int:
    """The size that is meant; raises BadSelection."""
    units = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
    stripped = text.strip().upper().replace(" ", "")
    digits = stripped.rstrip("BKMGT")
    unit = stripped[len(digits) :]
    if not (digits.isascii() and digits.isdigit()) or unit not in units or len(digits) > 15:
        raise BadSelection(f"“{text[:100]}” is not a size.")
    return int(digits) * units[unit]
