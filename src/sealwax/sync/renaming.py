"""Which pieces of files changes name, and giving them other names. Pure.

A file names the pieces that it is made of, and the small picture of it, which is a piece too.

A piece that was dropped is never added again: content that comes back is sealed anew, under another
name. So what names such a piece, a restore from a snapshot or an import of a file that somebody
purged meanwhile, is told the new name before it is written.
"""

from collections.abc import Iterable, Mapping, Set

from sealwax.model.change import Change, Entry
from sealwax.model.field import CONTENT, THUMBNAIL
from sealwax.model.pieces import pieces_of_value, with_pieces

_NAMING = frozenset((CONTENT.name, THUMBNAIL.name))


def named_pieces(changes: Iterable[Change]) -> set[bytes]:
    """The pieces that the changes name."""
    return {
        name
        for change in changes
        for told in change.entries
        if told[0] in _NAMING
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
    return pieces_of_value(told.name, told.value) if told.name in _NAMING else ()


def _told(told: Entry, names: Mapping[bytes, bytes]) -> Entry:
    if told.name not in _NAMING:
        return told
    return told._replace(value=with_pieces(told.name, told.value, names))
