"""What is different between two moments, by conversation."""

from collections import Counter
from typing import NamedTuple

from sealwax.library.library import Library


class ConversationDiff(NamedTuple):
    """One conversation's messages that are only in the later moment, only in the earlier one, or in
    both but different."""

    conversation: int | None
    added: int
    removed: int
    changed: int


def diff(library: Library, from_seq: float, to_seq: float) -> list[ConversationDiff]:
    """The conversations whose messages differ between two moments, most different first."""
    added: Counter[int | None] = Counter()
    removed: Counter[int | None] = Counter()
    changed: Counter[int | None] = Counter()
    for conversation, was_there, is_there in library.read.message_differences(from_seq, to_seq):
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
