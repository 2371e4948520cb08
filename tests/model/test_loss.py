"""What counts as taken away, by whatever way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import HELD, LIFE, NAME, PURGED, SENDER, TEXT
from sealwax.model.loss import is_there, losses, takes_away
from sealwax.model.record import Kind
from sealwax.model.state import (
    State,
    content_under,
    empty,
    from_change,
    join,
    join_change,
    join_changes,
)
from tests.model.odd import ENTRIES

RECORD, OTHER = b"r" * 16, b"o" * 16
MESSAGE = int(Kind.MESSAGE)
WORDS = Change(
    MESSAGE, RECORD, 0, 5, b"a" * 16, (entry(TEXT, "words"), entry(NAME, "n"), entry(SENDER, "s"))
)
STATE = from_change(WORDS)


def _controls(*told: Entry) -> Change:
    return Change(MESSAGE, RECORD, None, 9, b"b" * 16, told)


def _content(life: int, *told: Entry, kind: int = MESSAGE) -> Change:
    return Change(kind, RECORD, life, 9, b"b" * 16, told)


@pytest.mark.parametrize(
    "changes",
    [
        [_controls(entry(LIFE, 1))],
        [_controls(entry(LIFE, 1), entry(HELD, True, "1"))],
        [_controls(entry(PURGED, 0))],
        [_controls(entry(PURGED, 2**63))],
        [_controls(entry(LIFE, 2), entry(PURGED, 1))],
        # A purge behind a few words of one's own.
        [_content(2, entry(TEXT, "other")), _controls(entry(LIFE, 2), entry(PURGED, 1))],
        [_content(2, entry(TEXT, "words")), _controls(entry(LIFE, 2), entry(PURGED, 1))],
        [_content(0, kind=0)],
        [_content(0, entry(NAME, "n"), kind=int(Kind.CONVERSATION))],
    ],
)
def test_it_is_taken_away(changes: list[Change]) -> None:
    assert list(losses({RECORD: STATE}, changes)) == [RECORD]


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [WORDS],
        [_content(0, entry(TEXT, "other"), entry(NAME, "m"))],
        [_controls(entry(LIFE, 0))],
        [_controls(entry(LIFE, 4))],
        [_controls(entry(PURGED, -1))],
        # What a restore writes, and the purge of what was before it.
        [_controls(entry(LIFE, 2), entry(PURGED, 1)), *content_under(2, RECORD, [STATE])],
        # Another name was newer than the one that was purged.
        [
            *content_under(2, RECORD, [STATE]),
            _content(2, entry(NAME, "m")),
            _controls(entry(LIFE, 2), entry(PURGED, 1)),
        ],
        # Deleted and brought back.
        [_controls(entry(LIFE, 1)), _controls(entry(LIFE, 2))],
        [Change(MESSAGE, OTHER, None, 9, b"b" * 16, (entry(LIFE, 1),))],
    ],
)
def test_nothing_is_taken_away(changes: list[Change]) -> None:
    assert losses({RECORD: STATE}, changes) == {}


def test_what_is_not_there_cannot_be_taken_away() -> None:
    trashed = join_change(STATE, _controls(entry(LIFE, 1)))
    assert losses({RECORD: trashed}, [_controls(entry(PURGED, 1))]) == {}
    assert losses({RECORD: empty(MESSAGE)}, [_controls(entry(LIFE, 1))]) == {}
    assert losses({}, [_controls(entry(LIFE, 1))]) == {}


CHANGES = st.lists(
    st.builds(
        Change,
        st.just(MESSAGE),
        st.just(RECORD),
        st.sampled_from([None, 0, 1, 2]),
        st.integers(-9, 9),
        st.just(b"c" * 16),
        st.lists(ENTRIES, max_size=3).map(tuple),
    ),
    max_size=5,
)


@given(CHANGES, CHANGES)
def test_what_takes_nothing_away_leaves_all_that_was_said(
    first: list[Change], then: list[Change]
) -> None:
    before = join_changes(STATE, first)
    after = join_changes(before, then)
    assert takes_away(before, after) == (RECORD in losses({RECORD: before}, then))
    if is_there(before) and not takes_away(before, after):
        assert is_there(after)
        assert set(_words(before)) <= set(_words(after))


def _words(state: State) -> list[str]:
    return state.values(TEXT)


def test_taking_the_same_away_twice_is_one_loss() -> None:
    gone = _controls(entry(LIFE, 1))
    assert list(losses({RECORD: STATE}, [gone, gone])) == [RECORD]
    assert not takes_away(join(STATE, from_change(gone)), join(STATE, from_change(gone)))
