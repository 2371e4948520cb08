"""Which objects come to a device."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.sync.keeping import Held, plan_keeping
from sealwax.vault.objects import SMALL_SEALED_BYTES

SMALL = SMALL_SEALED_BYTES
SIZES = st.one_of(st.integers(1, SMALL), st.integers(SMALL + 1, SMALL + 5_000))

held = st.lists(
    st.builds(
        Held,
        st.binary(min_size=4, max_size=4),
        st.integers(0, 50),
        SIZES,
        st.booleans(),
    ),
    max_size=40,
    unique_by=lambda item: item.name,
)


@given(held)
def test_without_a_budget_all_comes(objects: list[Held]) -> None:
    assert plan_keeping(objects) == {item.name: item.size_bytes for item in objects}


@given(held, st.integers(0, 5 * SMALL))
def test_words_and_small_pictures_always_come_and_files_newest_first(
    objects: list[Held], budget: int
) -> None:
    wanted = plan_keeping(objects, budget)
    assert {item.name for item in objects if item.is_segment} <= wanted.keys()
    assert {item.name for item in objects if item.size_bytes <= SMALL} <= wanted.keys()
    files = [item for item in objects if not item.is_segment and item.size_bytes > SMALL]
    assert sum(item.size_bytes for item in files if item.name in wanted) <= budget
    oldest_kept = min((item.added_seq for item in files if item.name in wanted), default=51)
    newest_left = max((item.added_seq for item in files if item.name not in wanted), default=-1)
    assert newest_left <= oldest_kept


@given(held)
def test_words_come_first_then_small_pictures(objects: list[Held]) -> None:
    known = {item.name: item for item in objects}
    order = [known[name] for name in plan_keeping(objects)]
    ranks = [0 if item.is_segment else 1 if item.size_bytes <= SMALL else 2 for item in order]
    assert ranks == sorted(ranks)


def test_on_demand_brings_no_file_but_small_pictures() -> None:
    objects = [
        Held(b"word", 1, 10, True),
        Held(b"file", 2, SMALL + 1, False),
        Held(b"view", 3, SMALL, False),
    ]
    assert plan_keeping(objects, 0) == {b"word": 10, b"view": SMALL}
