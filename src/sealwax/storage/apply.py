"""Applying a deletion, or taking it back: stream the selected records, write in batches."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sealwax.library.library import Library
from sealwax.library.project import PRESENT, TRASH
from sealwax.library.query import Row
from sealwax.library.select import Moment, Selection
from sealwax.model.field import ATTACHMENT
from sealwax.model.record import Kind
from sealwax.storage.plan import Target, plan_delete, plan_undelete
from sealwax.vault.writing import Writer, write_in_batches


class Affected(NamedTuple):
    """How many messages and conversations a selection holds, and files among them."""

    messages: int
    conversations: int
    attachments: int


def affected(library: Library, selection: Selection, place: int) -> Affected:
    """How much a selection holds in the present or the trash."""
    messages, attachments = 0, 0
    conversations: set[int | None] = set()
    for row in library.read.messages(selection, Moment(library.head_moment(), (place,))):
        messages += 1
        conversations.add(row.conversation)
        attachments += len(row.state.keyed(ATTACHMENT))
    return Affected(messages, len(conversations), attachments)


def delete(library: Library, writer: Writer, selection: Selection, now_ms: int) -> int:
    """Puts the selected messages, and conversations selected whole, into the trash."""
    rows = _rows(library, selection, PRESENT)
    changes = plan_delete(_targets(rows), now_ms, writer.device)
    return write_in_batches(writer, changes, "delete")


def undelete(library: Library, writer: Writer, selection: Selection, now_ms: int) -> int:
    """Brings the selected messages, and conversations selected whole, back from the trash."""
    rows = _rows(library, selection, TRASH)
    changes = plan_undelete(_targets(rows), now_ms, writer.device)
    return write_in_batches(writer, changes, "undelete")


def _rows(library: Library, selection: Selection, place: int) -> Iterator[Row]:
    moment = Moment(library.head_moment(), (place,))
    yield from library.twins.each(library.read.messages(selection, moment))
    whole = selection == Selection(selection.conversations)
    for row in library.read.rows(Kind.CONVERSATION, moment):
        if whole and (row.record in selection.conversations or selection.is_everything):
            yield row


def _targets(rows: Iterable[Row]) -> Iterator[Target]:
    return (Target(row.uid, row.state) for row in rows)
