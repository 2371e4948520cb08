"""What the page is given, as JSON: messages and conversations the way they are drawn.

Times are ms since 1970. Keys of messages are texts ("<time in ns>.<record>"), since a number of
JavaScript does not hold nanoseconds.
"""

from collections.abc import Mapping, Set
from typing import Any

import msgspec

from sealwax.agent.browsing import Since
from sealwax.library.conversation import ConversationView
from sealwax.library.select import Key
from sealwax.library.view import AttachmentView, MessageView, shown_files
from sealwax.model.file_kind import likely_kind
from sealwax.model.record import canonical_address

TEXT_LIMIT_CHARACTERS = 4_000
"""Of a longer message the page draws the beginning, and the rest when asked."""
PREVIEW_LIMIT_CHARACTERS = 140
REACTIONS_LIMIT = 40
NS_PER_MS = 1_000_000
KEY_PARTS = 3


class Preview(msgspec.Struct, frozen=True):
    """A conversation in the list."""

    id: int
    title: str
    is_group: bool
    time_ms: int
    text: str
    from_me: bool
    people: list[str]


class Reaction(msgspec.Struct, frozen=True):
    kind: str
    emoji: str | None
    who: str
    is_mine: bool


class Quote(msgspec.Struct, frozen=True):
    """A message that another one answers."""

    id: int
    key: str
    who: str
    text: str


class File(msgspec.Struct, frozen=True):
    """An attachment: `kind` is what to draw, `is_kept` whether its bytes are in the vault,
    `is_elsewhere` whether they have to be fetched before even a small picture can be shown."""

    id: int
    name: str
    kind: str
    size_bytes: int
    is_kept: bool
    is_elsewhere: bool


class Bubble(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message. `since` is "deleted" or "edited" where the present shows it otherwise."""

    id: int
    key: str
    time_ms: int
    from_me: bool
    who: str
    text: str
    service: str = ""
    subject: str = ""
    is_cut: bool = False
    wordings: int = 0
    is_unsent: bool = False
    reactions: list[Reaction] = []
    reply: Quote | None = None
    effect: str = ""
    app: str = ""
    event: dict[str, str] = {}
    files: list[File] = []
    lost_files: int = 0
    in_trash: bool = False
    is_held: bool = False
    standing: str = ""
    read_ms: int = 0
    delivered_ms: int = 0
    since: str = ""


class Wording(msgspec.Struct, frozen=True):
    time_ms: int
    text: str


class Details(msgspec.Struct, frozen=True):
    """All of one message: its whole text, its earlier wordings, what it says now."""

    bubble: Bubble
    text: str
    wordings: list[Wording]
    text_now: str | None
    variants: int
    conversation: int | None


class People:
    """What people are called, by their addresses."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def call(self, address: str | None) -> str:
        if not address:
            return ""
        return self._names.get(canonical_address(address), address)


def key_text(key: Key) -> str:
    return ".".join(map(str, key))


def read_key(text: str) -> Key | None:
    """The key that a text says, or None."""
    parts = text.split(".")
    if len(parts) != KEY_PARTS or not all(_is_number(part) for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


def preview(view: ConversationView, newest: MessageView | None) -> Preview:
    text = "" if newest is None else _gist(newest)
    return Preview(
        view.record,
        view.title,
        view.is_group,
        view.newest_ns // NS_PER_MS,
        text[:PREVIEW_LIMIT_CHARACTERS],
        newest is not None and newest.from_me,
        list(view.participants[:5]),
    )


def bubble(
    message: MessageView,
    people: People,
    files: Mapping[str, AttachmentView],
    replied: Mapping[str, MessageView],
    since: Since | None,
    elsewhere: Set[int] = frozenset(),
) -> Bubble:
    """A message as it is drawn; `elsewhere` has the files that are on no disk of this computer."""
    shown = [file for _, file in shown_files(message, files)]
    known = [file for file in shown if file is not None]
    return Bubble(
        id=message.record,
        key=key_text(message.key),
        time_ms=message.time_ns // NS_PER_MS,
        from_me=message.from_me,
        who="" if message.from_me else people.call(message.sender),
        service=message.service,
        text=message.text[:TEXT_LIMIT_CHARACTERS],
        subject=message.subject or "",
        is_cut=len(message.text) > TEXT_LIMIT_CHARACTERS,
        wordings=max(len(message.wordings) - 1, 0),
        is_unsent=bool(message.unsent_parts) and not message.text,
        reactions=_reactions(message, people),
        reply=_quote(message, people, replied),
        effect=message.effect or "",
        app=message.app or "",
        event=_event(message, people),
        files=[_file(file, file.record in elsewhere) for file in known],
        lost_files=len(shown) - len(known),
        in_trash=message.in_trash,
        is_held=message.is_held,
        standing=message.standing or "",
        read_ms=(message.read_ns or 0) // NS_PER_MS,
        delivered_ms=(message.delivered_ns or 0) // NS_PER_MS,
        since="" if since is None else "deleted" if since.is_deleted else "edited",
    )


def details(message: MessageView, drawn: Bubble, since: Since | None) -> Details:
    return Details(
        bubble=drawn,
        text=message.text,
        wordings=[
            Wording(wording.time_ns // NS_PER_MS, wording.text) for wording in message.wordings
        ],
        text_now=since.text if since else None,
        variants=message.variants,
        conversation=message.conversation,
    )


def _reactions(message: MessageView, people: People) -> list[Reaction]:
    return [
        Reaction(
            found.kind,
            found.emoji,
            "You" if found.actor == "me" else people.call(found.actor),
            found.actor == "me",
        )
        for found in message.reactions[:REACTIONS_LIMIT]
    ]


def _quote(
    message: MessageView, people: People, replied: Mapping[str, MessageView]
) -> Quote | None:
    if message.reply_to is None:
        return None
    to = replied.get(message.reply_to)
    if to is None:
        return Quote(0, "", "", "a message that is not here")
    who = "You" if to.from_me else people.call(to.sender)
    key = key_text(to.key)
    return Quote(to.record, key, who, _gist(to)[:PREVIEW_LIMIT_CHARACTERS])


def _event(message: MessageView, people: People) -> dict[str, str]:
    if not isinstance(message.event, dict):
        return {}
    told: dict[str, Any] = message.event
    found: dict[str, str] = {}
    for name in ("kind", "title"):
        if name in told:
            found[name] = str(told[name])[:PREVIEW_LIMIT_CHARACTERS]
    if "other" in told:
        found["other"] = people.call(str(told["other"]))
    return found


def _file(file: AttachmentView, is_elsewhere: bool) -> File:
    size_bytes = file.size_bytes if file.size_bytes is not None else file.stated_bytes
    return File(
        file.record,
        file.name.rpartition("/")[2][:PREVIEW_LIMIT_CHARACTERS],
        likely_kind(file.mime_type, file.name),
        size_bytes or 0,
        file.file_hash is not None,
        is_elsewhere,
    )


def _gist(message: MessageView) -> str:
    """A message in a few words."""
    if message.text:
        return " ".join(message.text[: PREVIEW_LIMIT_CHARACTERS * 2].split())
    if message.event:
        return "Something about the conversation"
    if message.attachments:
        number = len(message.attachments)
        return "An attachment" if number == 1 else f"{number} attachments"
    return "Unsent" if message.unsent_parts else ""


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 20
