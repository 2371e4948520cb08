"""A history as people read it: conversation by conversation, message by message, in pages."""

from collections.abc import Iterator
from typing import NamedTuple

from sealwax.exports.base import Wanted
from sealwax.library.conversation import ConversationView
from sealwax.library.project import PRESENT
from sealwax.library.view import AttachmentView, MessageView

PAGE_MESSAGES = 500
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)), "\ufffd")


class Page(NamedTuple):
    """Some messages of a conversation, oldest first, with their attachments by canonical id."""

    messages: list[MessageView]
    attachments: dict[str, AttachmentView]


class Thread(NamedTuple):
    """A conversation and its number in this export, from 1."""

    number: int
    conversation: ConversationView
    names: dict[str, str]


def threads(wanted: Wanted) -> Iterator[Thread]:
    """The conversations that have something to show, newest first."""
    moment = wanted.moment._replace(places=(PRESENT,))
    chosen = wanted.selection.conversations
    names = wanted.library.read.names(moment)
    number = 0
    for conversation in wanted.library.read.conversations(moment):
        if conversation.messages and (not chosen or conversation.record in chosen):
            number += 1
            yield Thread(number, conversation, names)


def pages(wanted: Wanted, thread: Thread, size: int = PAGE_MESSAGES) -> Iterator[Page]:
    """The selected messages of a conversation; every page but the last is full."""
    moment = wanted.moment._replace(places=(PRESENT,))
    read = wanted.library.read
    only = _selected(wanted)
    kept: list[MessageView] = []
    after = (-(2**63), 0, 0)
    while found := read.page(thread.conversation.record, moment, size, after=after):
        after = found[-1].key
        kept += [view for view in found if only is None or view.record in only]
        while len(kept) >= size:
            yield _page(wanted, kept[:size])
            kept = kept[size:]
    if kept:
        yield _page(wanted, kept)


def _page(wanted: Wanted, messages: list[MessageView]) -> Page:
    origins = [origin for message in messages for origin in message.attachments]
    return Page(messages, wanted.library.read.attachments(origins, wanted.moment))


def _selected(wanted: Wanted) -> set[int] | None:
    """The records of the selected messages; None when all of a conversation is wanted."""
    selection = wanted.selection
    if selection._replace(conversations=()).is_everything:
        return None
    moment = wanted.moment._replace(places=(PRESENT,))
    return {row.record for row in wanted.library.read.messages(selection, moment)}


def who(thread: Thread, view: MessageView) -> str:
    """Who wrote a message, for people."""
    if view.from_me:
        return "Me"
    return thread.names.get(view.sender or "", view.sender or "Unknown")


def harmless(text: str) -> str:
    """A text without control characters, which a program that shows it may obey; line ends and
    tabs stay. JSON lines alone keep them, escaped."""
    return text.translate(_CONTROL)
