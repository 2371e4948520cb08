"""When the space will be full."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.agent.forecast import DAYS_KEPT, Forecast, forecast, with_sample


def test_a_steady_growth_ends_on_a_day() -> None:
    used = {day: day * 10 for day in range(10)}
    assert forecast(used, 100) == Forecast(10, 10)
    assert forecast(used, 50) == Forecast(10, 5)
    assert forecast(used, 0) == Forecast(10, 0)


def test_days_that_are_missing_share_what_came() -> None:
    assert forecast({0: 0, 10: 100}, 100) == Forecast(10, 10)


def test_one_large_day_does_not_frighten() -> None:
    used = {0: 0, 1: 1, 2: 2, 3: 1_000_000, 4: 1_000_001, 5: 1_000_002}
    assert forecast(used, 2_000_000).day_bytes == 1


def test_few_days_and_shrinking_ones_tell_nothing() -> None:
    assert forecast({}, 100) == Forecast(0, None)
    assert forecast({0: 0, 1: 10}, 100) == Forecast(0, None)
    assert forecast({0: 90, 1: 80, 2: 70, 3: 60}, 100) == Forecast(0, None)


@given(st.dictionaries(st.integers(0, 30_000), st.integers(0, 10**15), max_size=40))
def test_any_samples_give_a_forecast(used: dict[int, int]) -> None:
    found = forecast(used, 10**12)
    assert found.day_bytes >= 0
    assert found.full_in_days is None or found.full_in_days >= 0


def test_the_newest_samples_are_kept() -> None:
    used: dict[int, int] = {}
    for day in range(100):
        used = with_sample(used, day, day)
    assert sorted(used) == list(range(100 - DAYS_KEPT, 100))
