"""When the space that was paid for will be full, by what the days before this one took. Pure."""

from collections.abc import Mapping
from itertools import pairwise
from statistics import median
from typing import NamedTuple

DAYS_NEEDED = 3
"""Fewer days tell nothing."""
DAYS_KEPT = 60
HORIZON_DAYS = 3_650


class Forecast(NamedTuple):
    """A median day in bytes, and in how many days the space is full; None: not in ten years."""

    day_bytes: int
    full_in_days: int | None


def forecast(used_bytes: Mapping[int, int], left_bytes: int) -> Forecast:
    """`used_bytes` has what was used at the end of days, by the number of the day; `left_bytes` is
    what is left now. Days that are missing had an equal part of the difference each."""
    days = sorted(used_bytes)
    grown: list[float] = []
    for earlier, later in pairwise(days):
        part = (used_bytes[later] - used_bytes[earlier]) / (later - earlier)
        grown += [part] * min(later - earlier, DAYS_KEPT)
    if len(grown) < DAYS_NEEDED:
        return Forecast(0, None)
    day_bytes = max(int(median(grown)), 0)
    if left_bytes <= 0:
        return Forecast(day_bytes, 0)
    if day_bytes == 0 or left_bytes // day_bytes > HORIZON_DAYS:
        return Forecast(day_bytes, None)
    return Forecast(day_bytes, left_bytes // day_bytes)


def with_sample(used_bytes: Mapping[int, int], day: int, now_bytes: int) -> dict[int, int]:
    """The samples with that of a day, the newest of them."""
    known = {**used_bytes, day: now_bytes}
    return {number: known[number] for number in sorted(known)[-DAYS_KEPT:]}
