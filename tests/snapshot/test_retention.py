"""Which snapshots a plan lets go of: by calendar, by example and by law."""

import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from sealwax.snapshot.pins import Snapshot
from sealwax.snapshot.retention import (
    BY_HAND,
    DAILY,
    GRACE_MS,
    Retention,
    RetentionPlan,
    plan_retention,
)
from sealwax.vault.commit_part import Counts

DAY_MS = 24 * 60 * 60 * 1000
UTC = datetime.UTC
NOON_MS = int(datetime.datetime(2026, 6, 30, 12, tzinfo=UTC).timestamp() * 1000)


def shot(
    number: int, made_ms: int, name: str = "", reason: str = DAILY, lock_until_ms: int = 0
) -> Snapshot:
    return Snapshot(
        number, "messages", name, reason, made_ms, number, lock_until_ms, 0, Counts(), 0
    )


def daily(days: int, end_ms: int = NOON_MS) -> list[Snapshot]:
    """One snapshot a day at noon, the last one at `end_ms`."""
    return [shot(day, end_ms - (days - 1 - day) * DAY_MS) for day in range(days)]


def dates(plan: RetentionPlan, why: str) -> list[str]:
    """The days of what stays for a reason."""
    return [
        datetime.datetime.fromtimestamp(kept.snapshot.made_ms / 1000, UTC).date().isoformat()
        for kept in plan.kept
        if kept.why == why
    ]


def test_three_years_leave_seven_days_five_weeks_twelve_months_and_years() -> None:
    plan = plan_retention(daily(3 * 365), NOON_MS, UTC)
    assert dates(plan, "daily") == [f"2026-06-{day}" for day in range(24, 31)]
    # The newest weeks are those of the 30th and the 28th, whose days stay as such already.
    assert dates(plan, "weekly") == ["2026-06-07", "2026-06-14", "2026-06-21"]
    assert dates(plan, "monthly") == [
        *(f"2025-{month:02}-{day}" for month, day in ((7, 31), (8, 31), (9, 30))),
        *(f"2025-{month}-{day}" for month, day in ((10, 31), (11, 30), (12, 31))),
        *(f"2026-{month:02}-{day}" for month, day in ((1, 31), (2, 28), (3, 31))),
        *(f"2026-{month:02}-{day}" for month, day in ((4, 30), (5, 31))),
    ]
    assert dates(plan, "yearly") == ["2023-12-31", "2024-12-31"]
    assert len(plan.kept) + len(plan.dropped) == 3 * 365


def test_days_are_those_of_the_zone() -> None:
    late = int(datetime.datetime(2026, 6, 10, 23, 30, tzinfo=UTC).timestamp() * 1000)
    two = [shot(1, late), shot(2, late + 60 * 60 * 1000)]
    only_days = Retention(days=7, weeks=0, months=0)
    assert len(plan_retention(two, NOON_MS, UTC, only_days).kept) == 2
    berlin = plan_retention(two, NOON_MS, ZoneInfo("Europe/Berlin"), only_days)
    assert [kept.snapshot.number for kept in berlin.kept] == [2]


def test_a_month_without_snapshots_and_a_wrong_clock_lose_none() -> None:
    days = daily(7)
    for now_ms in (NOON_MS, NOON_MS + 40 * DAY_MS, NOON_MS + 4_000 * DAY_MS, 0):
        assert plan_retention(days, now_ms, UTC).dropped == ()


def test_what_a_person_made_or_locked_stays_and_takes_nobodys_place() -> None:
    morning, noon = NOON_MS - 3 * 60 * 60 * 1000, NOON_MS
    old = NOON_MS - 400 * DAY_MS
    given_ones = [
        shot(1, old, name="wedding"),
        shot(2, old + 1, reason=BY_HAND),
        shot(3, old + 2, lock_until_ms=NOON_MS + 1),
        shot(4, old + 3),
        shot(5, old + 4, lock_until_ms=NOON_MS),
        shot(6, morning),
        shot(7, noon, name="today"),
    ]
    plan = plan_retention(given_ones, NOON_MS, UTC)
    assert {kept.snapshot.number: kept.why for kept in plan.kept} == {
        1: "named",
        2: "named",
        3: "locked",
        5: "daily",
        6: "daily",
        7: "named",
    }
    assert [snapshot.number for snapshot in plan.dropped] == [4]


def test_a_safeguard_stays_as_long_as_the_trash_and_while_an_answer_is_awaited() -> None:
    before = shot(1, NOON_MS, reason="before deletions from the source")
    after = shot(2, NOON_MS + 60_000)
    both = [before, after]

    def dropped(now_ms: int, is_awaited: bool = False) -> list[int]:
        plan = plan_retention(both, now_ms, UTC, is_answer_awaited=is_awaited)
        return [snapshot.number for snapshot in plan.dropped]

    assert dropped(NOON_MS + GRACE_MS - 1) == []
    assert dropped(NOON_MS + GRACE_MS) == [1]
    assert dropped(NOON_MS + GRACE_MS, is_awaited=True) == []


def test_a_time_that_no_calendar_has_is_kept() -> None:
    odd = shot(1, 10**18)
    plan = plan_retention([odd, *daily(3)], NOON_MS, UTC)
    assert odd in {kept.snapshot for kept in plan.kept}


snapshots = st.lists(
    st.builds(
        shot,
        number=st.integers(0, 10**6),
        made_ms=st.integers(0, 6 * 365).map(lambda day: day * DAY_MS)
        | st.integers(0, 2_000_000_000_000),
        name=st.sampled_from(("", "", "", "", "named")),
        reason=st.sampled_from((DAILY, DAILY, DAILY, BY_HAND, "before a restore")),
        lock_until_ms=st.sampled_from((0, 0, 0, NOON_MS + 1)),
    ),
    max_size=60,
    unique_by=lambda snapshot: snapshot.number,
)
zones = st.sampled_from((UTC, ZoneInfo("America/Los_Angeles"), ZoneInfo("Pacific/Kiritimati")))
rules = st.builds(Retention, st.integers(0, 9), st.integers(0, 6), st.integers(0, 13))


@given(snapshots, zones, rules, st.integers(0, 2 * NOON_MS))
def test_laws(given_ones: list[Snapshot], zone: ZoneInfo, rule: Retention, now_ms: int) -> None:
    plan = plan_retention(given_ones, now_ms, zone, rule)
    kept = [item.snapshot for item in plan.kept]
    assert sorted([*kept, *plan.dropped]) == sorted(given_ones)
    newest = max((item.made_ms for item in given_ones), default=None)
    assert newest is None or newest in {item.made_ms for item in kept}
    for snapshot in plan.dropped:
        assert not snapshot.name
        assert snapshot.reason != BY_HAND
        assert snapshot.lock_until_ms <= now_ms
    assert plan_retention(kept, now_ms, zone, rule).dropped == ()


@given(snapshots, zones, rules, st.integers(0, 2 * NOON_MS), st.integers(0, 500 * DAY_MS))
def test_what_goes_never_comes_back_with_newer_ones(
    given_ones: list[Snapshot], zone: ZoneInfo, rule: Retention, now_ms: int, later_ms: int
) -> None:
    gone = {item.number for item in plan_retention(given_ones, now_ms, zone, rule).dropped}
    newest = max((item.made_ms for item in given_ones), default=0)
    more = [*given_ones, shot(10**7, newest + later_ms)]
    again = plan_retention(more, now_ms, zone, rule)
    assert gone <= {item.number for item in again.dropped}


def test_a_snapshot_whose_time_lies_ahead_does_not_push_out_that_of_today() -> None:
    ahead = shot(2, NOON_MS + 3 * 60 * 60 * 1000)
    today = shot(3, NOON_MS)
    plan = plan_retention([*daily(2), ahead, today], NOON_MS, UTC)
    assert {ahead, today} <= {kept.snapshot for kept in plan.kept}
    later = plan_retention([*daily(2), ahead, today], NOON_MS + DAY_MS, UTC)
    assert today in later.dropped


def test_what_one_device_has_for_itself_does_not_push_out_what_all_share() -> None:
    shared = daily(40)
    own = [shot._replace(number=shot.number + 1000, zone="device/00") for shot in daily(40)]
    plan = plan_retention([*shared, *own], NOON_MS, UTC)
    alone = plan_retention(shared, NOON_MS, UTC)
    assert set(alone.kept) <= set(plan.kept)
    assert [shot.made_ms for shot in plan.dropped] == sorted(shot.made_ms for shot in plan.dropped)
