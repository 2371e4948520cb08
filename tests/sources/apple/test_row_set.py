"""A set of row numbers is a set."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.sources.apple.chatdb.row_set import RowSet

ROWS = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 4_096)


@given(st.lists(ROWS))
def test_it_holds_what_was_added(rows: list[int]) -> None:
    found = RowSet()
    for row in rows:
        found.add(row)
    assert sorted(found) == sorted(set(rows))
