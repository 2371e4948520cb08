"""What is different between two moments: by conversation, and message by message."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from sealwax.library.library import Library
from sealwax.library.select import Moment, Selection
from sealwax.library.view import MessageView, message_view

_PAGE = 500


class ConversationDiff(NamedTuple):
    """One conversation's messages that are only in the later moment, only in the earlier one, or in
    both but different."""

    conversation: int | None
    added: int
    removed: int
    changed: int


class MessageDiff(NamedTuple):
    """One message as the earlier moment shows it and as the later one does; None where it is not
    there, which the trash counts as."""

    before: MessageView | None
    after: MessageView | None


def diff(library: Library, from_seq: float, to_seq: float) -> list[ConversationDiff]:
    """The conversations whose messages differ between two moments, most different first."""
    added: Counter[int | None] = Counter()
    removed: Counter[int | None] = Counter()
    changed: Counter[int | None] = Counter()
    for _, conversation, was_there, is_there in library.read.message_differences(from_seq, to_seq):
        if was_there and is_there:
            changed[conversation] += 1
        elif is_there:
            added[conversation] += 1
        elif was_there:
            removed[conversation] += 1
    found = [
        ConversationDiff(key, added[key], removed[key], changed[key])
        for key in {*added, *removed, *changed}
    ]
    return sorted(found, key=lambda item: -(item.added + item.removed + item.changed))


def diff_messages(
    library: Library, from_seq: float, to_seq: float, conversation: int
) -> Iterator[MessageDiff]:
    """The messages of one conversation that differ between two moments, oldest first."""
    found = library.read.message_differences(from_seq, to_seq)
    records = iter(
        [
            record
            for record, inside, was_there, is_there in found
            if inside == conversation and (was_there or is_there)
        ]
    )
    while page := tuple(islice(records, _PAGE)):
        before, after = (_shown(library, page, seq) for seq in (from_seq, to_seq))
        yield from (MessageDiff(before.get(record), after.get(record)) for record in page)


def _shown(library: Library, records: tuple[int, ...], seq: float) -> dict[int, MessageView]:
    rows = library.read.messages(Selection(messages=records), Moment(seq))
    return {row.record: message_view(row.record, row.conversation, row.state) for row in rows}
