"""Values that strange devices write: anything that msgpack can say, in any known field."""

from typing import Any

from hypothesis import strategies as st

from sealwax.model.change import Entry
from sealwax.model.field import FIELDS, Field
from sealwax.model.merge import Merge

INTEGERS = st.one_of(
    st.integers(-3, 3), st.sampled_from([2**31, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)])
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    INTEGERS,
    st.text(max_size=6),
    st.binary(max_size=6),
    st.sampled_from([b"h" * 32, "direct:+15550100", "text", "loved", "²", "0:me", "\x1b[2J", ""]),
)
KEYS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["", "0", "²", "9" * 30, "0:0:aa", "0:²:aa", "0:me", "recoverable:1", "direct:+15550100"]
    ),
)


def deep(levels: int) -> Any:
    """A list in a list in a list, and so on."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


VALUES = st.one_of(
    SCALARS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(
                st.sampled_from(["kind", "title", "index", "text", "runs", "other", "x"]), inner
            ),
        ),
        max_leaves=10,
    ),
    st.sampled_from([60, 40]).map(deep),
)


def values_of(merge: int) -> st.SearchStrategy[Any]:
    """Values that a segment may have for a merge class."""
    if merge in (Merge.LEAST, Merge.GREATEST):
        return INTEGERS
    if merge == Merge.DECODED:
        return st.tuples(INTEGERS, VALUES).map(list)
    return VALUES


def entries_of(field: Field) -> st.SearchStrategy[Entry]:
    """A known field, in its own class or in another, with or without a key."""
    merges = st.sampled_from([int(field.merge)] * 4 + [int(Merge.LAST), int(Merge.ONCE), 99])
    return merges.flatmap(
        lambda merge: st.builds(Entry, st.just(field.name), st.just(merge), KEYS, values_of(merge))
    )


ENTRIES = st.sampled_from(list(FIELDS.values())).flatmap(entries_of)
