"""Which snapshots go: 7 daily, 5 weekly, 12 monthly and then yearly ones stay. Pure.

The newest snapshot of a day stands for the day, likewise for weeks, months and years. What counts
are the newest days, weeks and months *that have a snapshot*, not those before today: a computer
that was off for a month, or whose clock is wrong, loses none. Three kinds are never let go of:
those that a person made or named, those that are locked, and the newest of all. Snapshots made
before a deletion or a restore stay for 30 days at least, as long as the trash does: 30 days after
this device first saw them, whatever time they tell.

A snapshot's time is the claim of the device that made it. So those of each device are judged apart:
no device can make those of another one superfluous.
"""

import datetime
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sealwax.snapshot.pins import Snapshot

BY_HAND = "by hand"
DAILY = "daily"
GRACE_MS = 30 * 24 * 60 * 60 * 1000


class Retention(NamedTuple):
    """How many days, weeks and months keep a snapshot; every year keeps one."""

    days: int = 7
    weeks: int = 5
    months: int = 12


class Kept(NamedTuple):
    """A snapshot that stays, and why: "named", "locked", "newest", "recent", "daily", "weekly",
    "monthly", "yearly"."""

    snapshot: Snapshot
    why: str


class RetentionPlan(NamedTuple):
    """What stays and what goes, oldest first."""

    kept: tuple[Kept, ...]
    dropped: tuple[Snapshot, ...]


def plan_retention(
    snapshots: Iterable[Snapshot],
    now_ms: int,
    zone: datetime.tzinfo | None = None,
    rules: Retention | None = None,
    is_answer_awaited: bool = False,
) -> RetentionPlan:
    """Days begin at midnight of the zone, else of this computer's; weeks on Mondays. While held
    deletions wait for an answer, what was made before them stays. Snapshots that all devices share
    and those of this device alone are judged apart: others do not see the latter."""
    by_chain: dict[tuple[str, bytes], list[Snapshot]] = {}
    for snapshot in sorted(snapshots, key=_age):
        by_chain.setdefault((snapshot.zone, snapshot.made_by), []).append(snapshot)
    plans = [
        _plan_chain(ordered, now_ms, zone, rules or Retention(), is_answer_awaited)
        for ordered in by_chain.values()
    ]
    kept = sorted((kept for plan in plans for kept in plan.kept), key=lambda kept: _age(kept[0]))
    dropped = sorted((shot for plan in plans for shot in plan.dropped), key=_age)
    return RetentionPlan(tuple(kept), tuple(dropped))


def _age(snapshot: Snapshot) -> tuple[int, int]:
    return snapshot.made_ms, snapshot.number


def _plan_chain(
    ordered: list[Snapshot],
    now_ms: int,
    zone: datetime.tzinfo | None,
    rules: Retention,
    is_answer_awaited: bool,
) -> RetentionPlan:
    reasons: dict[int, str] = {}
    ordinary: list[tuple[Snapshot, datetime.datetime]] = []
    for snapshot in ordered:
        why = _always(snapshot, now_ms, is_answer_awaited)
        moment = _moment(snapshot.made_ms, zone)
        if why is None and moment is not None:
            ordinary.append((snapshot, moment))
        else:
            reasons[snapshot.number] = why or "recent"
    for number, why in _by_calendar(ordinary, rules).items():
        reasons.setdefault(number, why)
    if ordered:
        reasons.setdefault(ordered[-1].number, "newest")
    kept = [Kept(shot, reasons[shot.number]) for shot in ordered if shot.number in reasons]
    dropped = [shot for shot in ordered if shot.number not in reasons]
    return RetentionPlan(tuple(kept), tuple(dropped))


def _always(snapshot: Snapshot, now_ms: int, is_answer_awaited: bool) -> str | None:
    """Why a snapshot stays whatever the calendar says. One whose time lies ahead (a clock was wrong
    somewhere) is judged when that time has come: it must not push out those of today."""
    if snapshot.name or snapshot.reason == BY_HAND:
        return "named"
    if snapshot.lock_until_ms > now_ms:
        return "locked"
    is_safeguard = snapshot.reason != DAILY
    is_recent = is_answer_awaited or max(snapshot.made_ms, snapshot.seen_ms) > now_ms - GRACE_MS
    is_ahead = snapshot.made_ms > now_ms
    return "recent" if (is_safeguard and is_recent) or is_ahead else None


def _by_calendar(
    ordinary: list[tuple[Snapshot, datetime.datetime]], rules: Retention
) -> dict[int, str]:
    spans: tuple[tuple[str, int | None, Callable[[datetime.datetime], object]], ...] = (
        ("daily", rules.days, lambda moment: moment.date()),
        ("weekly", rules.weeks, lambda moment: moment.isocalendar()[:2]),
        ("monthly", rules.months, lambda moment: (moment.year, moment.month)),
        ("yearly", None, lambda moment: moment.year),
    )
    reasons: dict[int, str] = {}
    for why, limit, span_of in spans:
        newest: dict[object, int] = {}
        for snapshot, moment in reversed(ordinary):
            newest.setdefault(span_of(moment), snapshot.number)
        for number in list(newest.values())[:limit]:
            reasons.setdefault(number, why)
    return reasons


def _moment(made_ms: int, zone: datetime.tzinfo | None) -> datetime.datetime | None:
    """None for what no calendar has: such a snapshot is not judged by one."""
    try:
        return datetime.datetime.fromtimestamp(made_ms / 1000, zone)
    except (OverflowError, OSError, ValueError):
        return None
