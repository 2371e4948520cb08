"""Which jobs are due: from what was done when, the condition of the computer, and the time. Pure.

Days and weeks are of the wall clock, waits after a failure of the monotonic one, which no one sets.
A time that lies in the future (the clock was wrong once) counts as long ago: a job is done once too
often rather than never.
"""

import datetime
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from sealwax.base.condition import Condition

MINUTE_MS = 60 * 1000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
IMPORT_EVERY_MS = 10 * MINUTE_MS
"""So often the sources are read even where no file of theirs seems to have changed."""
SYNC_EVERY_MS = 5 * MINUTE_MS
COMPACTION_EVERY_MS = 7 * DAY_MS
VERIFY_EVERY_MS = 30 * DAY_MS
CATCH_UP_MS = DAY_MS
"""A daily snapshot that is so late is made whatever the condition."""
LATE_TIMES = 3
"""A weekly or monthly job so many spans late waits for good conditions no more."""
FIRST_RETRY_SECONDS = 30.0
LAST_RETRY_SECONDS = 3600.0


class JobKind(StrEnum):
    """What the agent does by itself, in the order in which it does what is due together."""

    IMPORT = "import"
    SYNC = "sync"
    SNAPSHOT = "snapshot"
    PROOF = "proof"
    RETENTION = "retention"
    THUMBNAILS = "thumbnails"
    COMPACTION = "compaction"
    VERIFY = "verify"


class Situation(NamedTuple):
    """What the schedule depends on.

    `done_ms` has when a job of a kind last ended well, by the wall clock; for the snapshot of the
    day, when the newest one was made, whichever device made it. `waits_until` has the
    moment of the monotonic clock before which a kind that failed is not tried again.
    `is_imported_news` says that this device has something that no sync has seen.
    """

    now_ms: int
    monotonic: float
    condition: Condition
    done_ms: Mapping[JobKind, int]
    waits_until: Mapping[JobKind, float]
    has_sources: bool = True
    is_source_changed: bool = False
    is_sync_on: bool = False
    is_sync_paused: bool = False
    is_imported_news: bool = False
    is_told_of_news: bool = False
    is_backup_on: bool = True
    has_messages: bool = True
    lacks_thumbnails: bool = False
    zone: datetime.tzinfo | None = None


def due_jobs(situation: Situation) -> list[JobKind]:
    """What is to be done now, in its order."""
    rules = {
        JobKind.IMPORT: _is_import_due,
        JobKind.SYNC: _is_sync_due,
        JobKind.SNAPSHOT: _is_snapshot_due,
        JobKind.PROOF: _is_proof_due,
        JobKind.RETENTION: _is_retention_due,
        JobKind.THUMBNAILS: _is_thumbnails_due,
        JobKind.COMPACTION: _is_compaction_due,
        JobKind.VERIFY: _is_verify_due,
    }
    return [
        kind
        for kind, is_due in rules.items()
        if is_due(situation) and situation.waits_until.get(kind, 0.0) <= situation.monotonic
    ]


def is_daily_wanted(
    newest_ms: int | None, now_ms: int, zone: datetime.tzinfo | None = None
) -> bool:
    """Whether the day has no snapshot yet, of whichever device of the account: one of all is
    enough."""
    if newest_ms is None or newest_ms > now_ms:
        return True
    return _day(newest_ms, zone) != _day(now_ms, zone)


def retry_seconds(failures: int) -> float:
    """How long a job that failed so many times in a row waits: 30 s, then double, at most an
    hour."""
    assert failures > 0
    return min(FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 16), LAST_RETRY_SECONDS)


def _is_import_due(situation: Situation) -> bool:
    is_late = _elapsed_ms(situation, JobKind.IMPORT) >= IMPORT_EVERY_MS
    return situation.has_sources and (situation.is_source_changed or is_late)


def _is_sync_due(situation: Situation) -> bool:
    if not situation.is_sync_on or situation.is_sync_paused:
        return False
    is_late = _elapsed_ms(situation, JobKind.SYNC) >= SYNC_EVERY_MS
    return situation.is_imported_news or situation.is_told_of_news or is_late


def _is_snapshot_due(situation: Situation) -> bool:
    if not situation.is_backup_on or not situation.has_messages:
        return False
    newest_ms = situation.done_ms.get(JobKind.SNAPSHOT)
    if not is_daily_wanted(newest_ms, situation.now_ms, situation.zone):
        return False
    is_late = _elapsed_ms(situation, JobKind.SNAPSHOT) >= CATCH_UP_MS
    return is_late or _is_good(situation.condition)


def _is_proof_due(situation: Situation) -> bool:
    """Reading back takes as long as sending did."""
    is_wanted = situation.is_backup_on and situation.has_messages
    return is_wanted and _is_due(situation, JobKind.PROOF, DAY_MS)


def _is_retention_due(situation: Situation) -> bool:
    """Once after each daily snapshot: when nothing new is made, nothing old goes."""
    made_ms = situation.done_ms.get(JobKind.SNAPSHOT)
    return made_ms is not None and situation.done_ms.get(JobKind.RETENTION, -1) < made_ms


def _is_thumbnails_due(situation: Situation) -> bool:
    """Many photos at once are work for the processor and the line."""
    condition = situation.condition
    is_easy = condition.is_on_power and not condition.is_metered and not situation.is_sync_paused
    return situation.lacks_thumbnails and is_easy


def _is_compaction_due(situation: Situation) -> bool:
    return situation.has_messages and _is_due(situation, JobKind.COMPACTION, COMPACTION_EVERY_MS)


def _is_verify_due(situation: Situation) -> bool:
    return situation.has_messages and _is_due(situation, JobKind.VERIFY, VERIFY_EVERY_MS)


def _is_due(situation: Situation, kind: JobKind, every_ms: int) -> bool:
    """In good conditions when its time has come; in any when it is late. A job that was never done
    begins to be awaited, and is not late."""
    elapsed_ms = _elapsed_ms(situation, kind)
    if elapsed_ms < every_ms:
        return False
    is_late = kind in situation.done_ms and elapsed_ms >= LATE_TIMES * every_ms
    return is_late or _is_good(situation.condition)


def _is_good(condition: Condition) -> bool:
    return condition.is_on_power and condition.is_idle and not condition.is_metered


def _elapsed_ms(situation: Situation, kind: JobKind) -> int:
    """Since a job was last done; very long where it never was, or lies in the future."""
    done_ms = situation.done_ms.get(kind)
    if done_ms is None or done_ms > situation.now_ms:
        return 2**62
    return situation.now_ms - done_ms


def _day(time_ms: int, zone: datetime.tzinfo | None) -> datetime.date:
    return datetime.datetime.fromtimestamp(time_ms / 1000, zone).date()
