"""The pieces of files that values of an attachment name: those of `content`, that of `thumbnail`.

A piece is a chunk of the vault. Whoever drops pieces, or gives them another name, asks here which
ones a value needs. Values come from other devices too: one of another form, from the future, names
none.
"""

from collections.abc import Mapping
from typing import Any

from sealwax.model.field import CONTENT, THUMBNAIL, Field
from sealwax.model.state import State

_PLACE_IN_CONTENT = 2


def pieces_of_value(name: str, value: Any) -> list[bytes]:
    """The pieces that a value of a field names."""
    return [piece[0] for piece in _listed(name, value) if _is_piece(piece)]


def pieces_of(state: State) -> set[bytes]:
    """The pieces that any value of a state names, also one that is not shown."""
    return file_pieces_of(state) | _named(state, THUMBNAIL)


def file_pieces_of(state: State) -> set[bytes]:
    """Those of them that the file is made of."""
    return _named(state, CONTENT)


def thumbnail_of(state: State) -> tuple[bytes, int] | None:
    """The piece that the small picture of an attachment is, and its size; None without one."""
    for piece in _listed(THUMBNAIL.name, state.get(THUMBNAIL)):
        if _is_piece(piece) and type(piece[1]) is int:
            return piece[0], piece[1]
    return None


def with_pieces(name: str, value: Any, names: Mapping[bytes, bytes]) -> Any:
    """A value with other names for some pieces."""
    if not pieces_of_value(name, value):
        return value
    anew = [_renamed(piece, names) for piece in _listed(name, value)]
    if name == THUMBNAIL.name:
        return [value[0], *anew, *value[2:]]
    return [*value[:2], anew, *value[3:]]


def _named(state: State, field: Field) -> set[bytes]:
    return {
        piece
        for stamp in state.slots.get((field.name, int(field.merge), ""), ())
        for piece in pieces_of_value(field.name, stamp.value)
    }


def _renamed(piece: Any, names: Mapping[bytes, bytes]) -> Any:
    return [names.get(piece[0], piece[0]), *piece[1:]] if _is_piece(piece) else piece


def _listed(name: str, value: Any) -> list[Any]:
    """Where a value has its pieces: [name, size] each."""
    if not isinstance(value, list | tuple):
        return []
    if name == THUMBNAIL.name:
        return list(value[1:2])
    is_content = name == CONTENT.name and len(value) > _PLACE_IN_CONTENT
    listed = value[_PLACE_IN_CONTENT] if is_content else []
    return list(listed) if isinstance(listed, list | tuple) else []


def _is_piece(piece: Any) -> bool:
    return isinstance(piece, list | tuple) and len(piece) > 1 and isinstance(piece[0], bytes)
