"""Which pieces of files changes name, and giving them other names. Pure.

A piece that was dropped is never added again: content that comes back is sealed anew, under another
name. So what names such a piece, a restore from a snapshot or an import of a file that somebody
purged meanwhile, is told the new name before it is written.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from sealwax.model.change import Change, Entry
from sealwax.model.field import CONTENT

_CONTENT = CONTENT.name


def named_pieces(changes: Iterable[Change]) -> set[bytes]:
    """The pieces that the changes name."""
    return {
        name
        for change in changes
        for told in change.entries
        if told.name == _CONTENT
        for name in _pieces(told)
    }


def names_any(change: Change, pieces: Set[bytes]) -> bool:
    """Whether a change names one of these pieces."""
    return any(name in pieces for told in change.entries for name in _pieces(told))


def renamed(changes: Iterable[Change], names: Mapping[bytes, bytes]) -> tuple[Change, ...]:
    """The changes with other names for some pieces."""
    return tuple(
        change._replace(entries=tuple(_told(told, names) for told in change.entries))
        if names_any(change, names.keys())
        else change
        for change in changes
    )


def _pieces(told: Entry) -> Iterable[bytes]:
    """The pieces that a fact names; a value of another form, from the future, names none."""
    if told.name != _CONTENT or not isinstance(told.value, list) or len(told.value) < 3:
        return ()
    return [name for name, _ in told.value[2]]


def _told(told: Entry, names: Mapping[bytes, bytes]) -> Entry:
    if told.name != _CONTENT:
        return told
    file_hash, size_bytes, pieces = told.value
    listed: list[list[Any]] = [[names.get(name, name), size] for name, size in pieces]
    return told._replace(value=[file_hash, size_bytes, listed])
