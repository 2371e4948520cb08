"""Which jobs are due when."""

import datetime

import pytest

from sealwax.agent.schedule import (
    CATCH_UP_MS,
    COMPACTION_EVERY_MS,
    DAY_MS,
    HOUR_MS,
    IMPORT_EVERY_MS,
    LAST_RETRY_SECONDS,
    SYNC_EVERY_MS,
    VERIFY_EVERY_MS,
    JobKind,
    Situation,
    due_jobs,
    is_daily_wanted,
    retry_seconds,
)
from sealwax.base.condition import Condition

NOW_MS = int(datetime.datetime(2026, 5, 3, 14, 0, tzinfo=datetime.UTC).timestamp() * 1000)
ALL_DONE = dict.fromkeys(JobKind, NOW_MS)
BAD = (
    Condition(is_on_power=False, battery_percent=90.0),
    Condition(is_metered=True),
    Condition(is_idle=False),
)


def situation(**fields: object) -> Situation:
    known: dict[str, object] = {
        "now_ms": NOW_MS,
        "monotonic": 1_000.0,
        "condition": Condition(),
        "done_ms": ALL_DONE,
        "waits_until": {},
        "is_sync_on": True,
        "zone": datetime.UTC,
    }
    return Situation(**{**known, **fields})  # type: ignore[arg-type]


def done(kind: JobKind, ago_ms: int) -> dict[JobKind, int]:
    return {**ALL_DONE, kind: NOW_MS - ago_ms}


def test_nothing_is_due_when_all_was_just_done() -> None:
    assert due_jobs(situation()) == []


def test_all_is_due_in_its_order_in_a_new_home() -> None:
    due = due_jobs(situation(done_ms={}, lacks_thumbnails=True))
    assert due == [kind for kind in JobKind if kind != JobKind.RETENTION]


def test_an_import_follows_a_change_and_comes_by_itself() -> None:
    assert due_jobs(situation(is_source_changed=True)) == [JobKind.IMPORT]
    late = done(JobKind.IMPORT, IMPORT_EVERY_MS)
    assert due_jobs(situation(done_ms=late)) == [JobKind.IMPORT]
    assert due_jobs(situation(done_ms=late, has_sources=False)) == []


def test_sync_follows_news_of_both_sides_unless_off_or_paused() -> None:
    for news in ("is_imported_news", "is_told_of_news"):
        assert due_jobs(situation(**{news: True})) == [JobKind.SYNC]
        assert due_jobs(situation(**{news: True}, is_sync_on=False)) == []
        assert due_jobs(situation(**{news: True}, is_sync_paused=True)) == []
    assert due_jobs(situation(done_ms=done(JobKind.SYNC, SYNC_EVERY_MS))) == [JobKind.SYNC]


def test_a_snapshot_comes_daily_in_good_conditions_and_after_a_day_in_any() -> None:
    today = done(JobKind.SNAPSHOT, 13 * HOUR_MS)
    assert due_jobs(situation(done_ms=today)) == []
    yesterday = done(JobKind.SNAPSHOT, 15 * HOUR_MS)
    assert due_jobs(situation(done_ms=yesterday)) == [JobKind.SNAPSHOT]
    late = done(JobKind.SNAPSHOT, CATCH_UP_MS)
    for bad in BAD:
        assert due_jobs(situation(done_ms=yesterday, condition=bad)) == []
        assert due_jobs(situation(done_ms=late, condition=bad)) == [JobKind.SNAPSHOT]
    assert due_jobs(situation(done_ms=late, is_backup_on=False)) == []
    assert due_jobs(situation(done_ms=late, has_messages=False)) == []


def test_a_day_wants_one_snapshot_of_all_devices() -> None:
    zone = datetime.UTC
    assert is_daily_wanted(None, NOW_MS, zone)
    assert not is_daily_wanted(NOW_MS - 13 * HOUR_MS, NOW_MS, zone)
    assert is_daily_wanted(NOW_MS - 15 * HOUR_MS, NOW_MS, zone)
    # One of a clock that is ahead says nothing about this day.
    assert is_daily_wanted(NOW_MS + 1, NOW_MS, zone)


def test_days_are_those_of_the_zone() -> None:
    yesterday_in_utc = done(JobKind.SNAPSHOT, 15 * HOUR_MS)
    east = datetime.timezone(datetime.timedelta(hours=2))
    assert due_jobs(situation(done_ms=yesterday_in_utc, zone=east)) == []


def test_old_snapshots_are_looked_at_once_after_a_new_one() -> None:
    made = {**ALL_DONE, JobKind.SNAPSHOT: NOW_MS, JobKind.RETENTION: NOW_MS - 1}
    assert due_jobs(situation(done_ms=made)) == [JobKind.RETENTION]


@pytest.mark.parametrize(
    ("kind", "every_ms"),
    [(JobKind.COMPACTION, COMPACTION_EVERY_MS), (JobKind.VERIFY, VERIFY_EVERY_MS)],
)
def test_large_jobs_wait_for_good_conditions_but_not_for_ever(kind: JobKind, every_ms: int) -> None:
    assert due_jobs(situation(done_ms=done(kind, every_ms - 1))) == []
    assert due_jobs(situation(done_ms=done(kind, every_ms))) == [kind]
    for bad in BAD:
        assert due_jobs(situation(done_ms=done(kind, every_ms), condition=bad)) == []
        assert due_jobs(situation(done_ms=done(kind, 3 * every_ms), condition=bad)) == [kind]
        never = {other: ms for other, ms in ALL_DONE.items() if other != kind}
        assert due_jobs(situation(done_ms=never, condition=bad)) == []


def test_a_time_in_the_future_is_long_ago() -> None:
    """The clock was wrong once: then a job is done once too often rather than never."""
    wrong = dict.fromkeys(JobKind, NOW_MS + 400 * DAY_MS)
    not_by_time = (JobKind.RETENTION, JobKind.THUMBNAILS)
    assert due_jobs(situation(done_ms=wrong)) == [
        kind for kind in JobKind if kind not in not_by_time
    ]


def test_small_pictures_are_made_where_that_costs_nobody_anything() -> None:
    assert due_jobs(situation(lacks_thumbnails=True)) == [JobKind.THUMBNAILS]
    assert due_jobs(situation(lacks_thumbnails=True, is_sync_paused=True)) == []
    for condition in (
        Condition(is_on_power=False, battery_percent=90.0),
        Condition(is_metered=True),
    ):
        assert due_jobs(situation(lacks_thumbnails=True, condition=condition)) == []
    busy = situation(lacks_thumbnails=True, condition=Condition(is_idle=False))
    assert due_jobs(busy) == [JobKind.THUMBNAILS]


def test_what_failed_waits_longer_each_time() -> None:
    assert [retry_seconds(failures) for failures in (1, 2, 3)] == [30.0, 60.0, 120.0]
    assert retry_seconds(10_000) == LAST_RETRY_SECONDS
    waiting = situation(is_source_changed=True, waits_until={JobKind.IMPORT: 1_000.5})
    assert due_jobs(waiting) == []
    assert due_jobs(waiting._replace(monotonic=1_000.5)) == [JobKind.IMPORT]
