"""Which objects come to a device."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.sync.keeping import Held, plan_keeping

held = st.lists(
    st.builds(
        Held,
        st.binary(min_size=4, max_size=4),
        st.integers(0, 50),
        st.integers(1, 1_000),
        st.booleans(),
    ),
    max_size=40,
    unique_by=lambda item: item.name,
)


@given(held)
def test_without_a_budget_all_comes(objects: list[Held]) -> None:
    assert plan_keeping(objects) == {item.name: item.size_bytes for item in objects}


@given(held, st.integers(0, 5_000))
def test_words_always_come_and_files_newest_first(objects: list[Held], budget: int) -> None:
    wanted = plan_keeping(objects, budget)
    files = [item for item in objects if not item.is_segment]
    assert {item.name for item in objects if item.is_segment} <= wanted.keys()
    assert sum(item.size_bytes for item in files if item.name in wanted) <= budget
    oldest_kept = min((item.added_seq for item in files if item.name in wanted), default=51)
    newest_left = max((item.added_seq for item in files if item.name not in wanted), default=-1)
    assert newest_left <= oldest_kept


def test_on_demand_brings_no_file() -> None:
    objects = [Held(b"word", 1, 10, True), Held(b"file", 2, 1, False)]
    assert plan_keeping(objects, 0) == {b"word": 10}
