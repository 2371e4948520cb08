"""The short ways of a first import give what the long ways give."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.library.project import project, project_change
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import (
    CONVERSATION,
    EDIT,
    ERASED,
    FROM_ME,
    LIFE,
    ORIGIN,
    PURGED,
    READ_NS,
    SUBJECT,
    TEXT,
    TIME_NS,
)
from sealwax.model.record import Kind
from sealwax.model.state import encode, encode_change, from_change

ENTRIES = st.one_of(
    st.just(entry(ORIGIN, ["imessage", "id"])),
    st.sampled_from(["direct:a", "direct:b"]).map(lambda key: entry(CONVERSATION, True, key)),
    st.integers(-5, 5).map(lambda value: entry(TIME_NS, value)),
    st.text(max_size=5).map(lambda value: entry(TEXT, value)),
    st.booleans().map(lambda value: entry(FROM_ME, value)),
    st.integers(0, 9).map(lambda value: entry(READ_NS, value)),
    st.just(entry(SUBJECT, "about")),
    st.just(entry(EDIT, [1, "earlier"], "0:0:aa")),
    st.just(entry(ERASED, True)),
    st.integers(0, 3).map(lambda value: entry(LIFE, value)),
    st.integers(0, 3).map(lambda value: entry(PURGED, value)),
    st.just(Entry("from the future", 99, "k", {"a": 1})),
)
CHANGES = st.builds(
    Change,
    st.sampled_from([int(kind) for kind in Kind]),
    st.just(b"r" * 16),
    st.sampled_from([None, 0, 2, 3]),
    st.integers(-9, 9),
    st.just(b"d" * 16),
    st.lists(ENTRIES, max_size=8).map(tuple),
)


def _is_written_by_us(change: Change) -> bool:
    """Control values stand in changes without a life, content in changes with one."""
    controls = {ERASED.name, LIFE.name, PURGED.name}
    are_control = [item.name in controls for item in change.entries]
    return not any(are_control) if change.life is not None else all(are_control)


@given(CHANGES)
def test_the_short_way_to_a_state_is_the_long_way(change: Change) -> None:
    quick = encode_change(change)
    if quick is not None:
        assert quick == encode(from_change(change))


@given(CHANGES.filter(_is_written_by_us))
def test_the_short_way_to_a_projection_is_the_long_way(change: Change) -> None:
    quick = project_change(change)
    if quick is not None and encode_change(change) is not None:
        assert quick == project(from_change(change))


def test_plain_words_take_the_short_way() -> None:
    entries = (entry(ORIGIN, ["imessage", "id"]), entry(TIME_NS, 1), entry(TEXT, "hello"))
    change = Change(int(Kind.MESSAGE), b"r" * 16, 0, 1, b"d" * 16, entries)
    assert encode_change(change) == encode(from_change(change))
    assert project_change(change) == project(from_change(change))
