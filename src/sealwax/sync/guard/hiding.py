"""Hiding without deleting: what a person saw, and would see no more, or with other words. Pure.

Who may write can unsend every message, edit it, tell words from before its first ones, or place it
in a conversation that is nowhere. Nothing is lost by that, for a message keeps its history. But
what nobody sees is lost to a person all the same, so it is weighed like a deletion. People edit
and unsend, too: a little goes through.
"""

from collections.abc import Collection

from sealwax.library.project import PRESENT, project
from sealwax.library.view import MessageView, message_view
from sealwax.model.change import Change
from sealwax.model.field import ATTACHMENT, EDIT, EVENT, PARTS, PLACED, SUBJECT, TEXT, UNSENT
from sealwax.model.loss import words_gone
from sealwax.model.record import Kind
from sealwax.model.state import State
from sealwax.sync.guard.plan import How

CHANGED_LIMIT = 20
"""So many messages may get other words within a day without a question, whatever share that is."""
CHANGED_SHARE = 10
"""More, and more than one in so many, are asked about."""
HIDING = (How.HIDDEN, How.CHANGED)
_SHOWN = frozenset(
    field.name for field in (ATTACHMENT, EDIT, EVENT, PARTS, PLACED, SUBJECT, TEXT, UNSENT)
)


def may_hide(change: Change) -> bool:
    """Whether a change says anything that decides what is shown of a message."""
    if change.kind != Kind.MESSAGE or change.life is None:
        return False
    return any(item.name in _SHOWN for item in change.entries)


def hidden(before: State, after: State) -> How | None:
    """What becomes of a message that was shown: nothing of it is left, or other words; None where a
    person sees of it what was there before, or more."""
    if project(before).place != PRESENT or project(after).place != PRESENT:
        return None
    then, now = message_view(0, None, before), message_view(0, None, after)
    if _has_anything(then) and not _has_anything(now):
        return How.HIDDEN
    if _told(then) != _told(now) or set(then.attachments) - set(now.attachments):
        return How.CHANGED
    return None


def is_lost_still(how: How, then: State, now: State) -> bool:
    """Whether a record lacks, or does not show, what it did at the moment before."""
    if how not in HIDING:
        return words_gone(then, now)
    if project(now).place != PRESENT:
        return True
    return hidden(then, now) is not None or bool(moved_to(then, now))


def moved_to(before: State, after: State) -> tuple[str, ...]:
    """The conversations in which alone a message would be, if it was in another one before."""
    then, now = project(before).conversations, project(after).conversations
    return () if set(then) & set(now) else now


def is_changed_too_much(changed: Collection[bytes], all_records: int) -> bool:
    """Whether a person is asked about messages that get other words."""
    return len(changed) > CHANGED_LIMIT and len(changed) * CHANGED_SHARE > all_records


def _has_anything(view: MessageView) -> bool:
    return bool(view.text or view.subject or view.event or view.attachments)


def _told(view: MessageView) -> tuple[object, ...]:
    return view.text, view.subject, view.event
