"""Which pieces values name, those that strange devices wrote among them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwax.model.change import Change, entry
from sealwax.model.field import CONTENT, MIME_TYPE, THUMBNAIL
from sealwax.model.pieces import (
    file_pieces_of,
    pieces_of,
    pieces_of_value,
    thumbnail_of,
    with_pieces,
)
from sealwax.model.record import Kind
from sealwax.model.state import from_change

ONE, TWO, SMALL = b"1" * 32, b"2" * 32, b"s" * 32
FILE = [b"h" * 32, 10, [[ONE, 6], [TWO, 4]]]
PICTURE = [1, [SMALL, 3]]
SCALARS = st.one_of(st.none(), st.integers(0, 9), st.binary(max_size=3), st.text(max_size=3))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4), max_leaves=12)


def _state(*told: Any) -> Any:
    return from_change(Change(int(Kind.ATTACHMENT), b"r" * 16, 0, 1, b"d" * 16, told))


def test_a_file_needs_its_pieces_and_its_small_picture() -> None:
    state = _state(entry(CONTENT, FILE), entry(THUMBNAIL, PICTURE), entry(MIME_TYPE, "image/png"))
    assert file_pieces_of(state) == {ONE, TWO}
    assert pieces_of(state) == {ONE, TWO, SMALL}
    assert thumbnail_of(state) == (SMALL, 3)
    assert thumbnail_of(_state(entry(CONTENT, FILE))) is None


def test_pieces_get_other_names() -> None:
    names = {ONE: b"n" * 32, SMALL: b"m" * 32}
    assert with_pieces("content", FILE, names) == [b"h" * 32, 10, [[b"n" * 32, 6], [TWO, 4]]]
    assert with_pieces("thumbnail", PICTURE, names) == [1, [b"m" * 32, 3]]
    assert with_pieces("mime_type", "image/png", names) == "image/png"


def test_what_a_later_version_adds_stays() -> None:
    """A piece that a value names in a form that is only longer is a piece in use."""
    value = [b"h" * 32, 10, [[ONE, 6, "more"]], "more"]
    assert pieces_of_value("content", value) == [ONE]
    renamed = with_pieces("content", value, {ONE: TWO})
    assert renamed == [b"h" * 32, 10, [[TWO, 6, "more"]], "more"]


@pytest.mark.parametrize("name", ["content", "thumbnail", "other"])
@given(value=VALUES)
def test_a_value_of_any_form_is_no_mistake(name: str, value: Any) -> None:
    named = pieces_of_value(name, value)
    assert with_pieces(name, value, {}) == value
    renamed = with_pieces(name, value, {piece: piece + b"!" for piece in named})
    assert pieces_of_value(name, renamed) == [piece + b"!" for piece in named]


@given(value=VALUES)
def test_a_small_picture_of_any_form_is_shown_or_not(value: Any) -> None:
    found = thumbnail_of(_state(entry(THUMBNAIL, [1, value])))
    assert found is None or (isinstance(found[0], bytes) and isinstance(found[1], int))
