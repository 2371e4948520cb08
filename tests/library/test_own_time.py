"""Time that passed, by a clock that may jump: never more than it was."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.library.own_time import DAY_MS, FAR_MS, NOT_KNOWN, Reckoned, reckon

NOW_MS = 1_795_000_000_000


def test_a_clock_that_goes_on_is_believed() -> None:
    assert reckon(NOW_MS, NOW_MS + DAY_MS) == Reckoned(NOW_MS + DAY_MS, NOW_MS + DAY_MS, False)
    assert reckon(0, NOW_MS) == Reckoned(NOW_MS, NOW_MS, False)


def test_a_clock_that_went_back_a_little_says_nothing_until_it_has_caught_up() -> None:
    assert reckon(NOW_MS, NOW_MS - DAY_MS) == Reckoned(NOT_KNOWN, NOW_MS, False)
    assert reckon(NOW_MS, NOW_MS) == Reckoned(NOW_MS, NOW_MS, False)


def test_a_clock_of_2020_and_one_that_jumps_begin_anew() -> None:
    of_2020_ms = 1_590_000_000_000
    assert reckon(NOW_MS, of_2020_ms) == Reckoned(of_2020_ms, of_2020_ms, True)
    assert reckon(of_2020_ms, NOW_MS) == Reckoned(NOW_MS, NOW_MS, True)


@given(
    st.integers(1, 2**50),
    st.lists(st.integers(-(2**46), 2**46) | st.integers(0, FAR_MS), max_size=20),
)
def test_no_look_makes_what_was_seen_older_than_two_months_at_once(
    start_ms: int, steps: list[int]
) -> None:
    """Whatever the clock does between two looks, what was seen at one ages by FAR_MS at most."""
    newest_ms, seen_ms, now_ms = 0, None, start_ms
    for step in [0, *steps]:
        now_ms = max(1, now_ms + step)
        at_ms, newest_ms_then, is_anew = reckon(newest_ms, now_ms)
        age_ms = newest_ms - seen_ms if seen_ms else 0
        if is_anew or seen_ms is None or (seen_ms == NOT_KNOWN and at_ms != NOT_KNOWN):
            seen_ms = at_ms
        newest_ms = newest_ms_then
        grown_ms = (newest_ms - seen_ms if seen_ms else 0) - age_ms
        assert grown_ms <= FAR_MS
