"""Chats of one database that are one conversation: by the marks that they share. Pure.

Messages keeps a chat for each service, gives a group a new id when its members change phones, and
has a chat for each address of a person. It says itself which of them belong together.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

Mark: TypeAlias = tuple[str, str]
"""What sort of mark, and its value: an identifier, a group id, a person."""
MARKS_LIMIT = 64
"""A mark that more conversations share than this says nothing: a default, not an id."""


class Thread(Protocol):
    """What is asked of a chat."""

    @property
    def canonical_id(self) -> str: ...

    @property
    def is_group(self) -> bool: ...


def same_threads(
    chats: Mapping[int, Thread], marks: Mapping[int, Sequence[Mark]]
) -> dict[int, list[str]]:
    """By the row of the first chat of each conversation that shares a mark with others: the
    canonical ids of those others. A group and a talk of two are never one."""
    first: dict[str, int] = {}
    sharing: dict[tuple[bool, Mark], dict[str, None]] = {}
    for row, chat in chats.items():
        first.setdefault(chat.canonical_id, row)
        for mark in marks.get(row, ()):
            sharing.setdefault((chat.is_group, mark), {})[chat.canonical_id] = None
    found: dict[int, dict[str, None]] = {}
    for names in sharing.values():
        one, *others = names
        if len(names) <= MARKS_LIMIT:
            found.setdefault(first[one], {}).update(dict.fromkeys(others))
    return {row: list(others) for row, others in found.items() if others}
