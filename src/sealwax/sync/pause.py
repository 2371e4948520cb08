"""Whether sync waits for better conditions, and what a person can do about it. Pure.

A pause costs nothing but time: an upload goes on at its last piece. "Now" overrides every pause but
that of a full disk.
"""

import datetime
from typing import NamedTuple

from sealwax.base.condition import Condition

BATTERY, METERED, DISK, OFFLINE = "battery", "metered", "disk", "offline"
BATTERY_BACK_PERCENT = 5.0
"""A battery must be so much above the level before a pause ends, or it would flicker."""
DISK_BACK_BYTES = 256 * 1024 * 1024
LONG_MS = 2 * 60 * 60 * 1000
"""What takes longer than this is for the night."""


class PauseRules(NamedTuple):
    """When sync waits: below a level of the battery, on a metered network unless it may be used,
    with less than so much room on the disk, and without a network where the store needs one."""

    battery_percent: float = 30.0
    is_metered_allowed: bool = False
    free_bytes: int = 1024 * 1024 * 1024
    needs_network: bool = True


class Pause(NamedTuple):
    """Why and since when sync waits. `remedy` says what ends it; `until_ms` is about when all would
    be done if that happened now, or None where nobody can know."""

    reason: str
    since_ms: int
    remedy: str
    until_ms: int | None = None


def pause_plan(
    condition: Condition,
    rules: PauseRules,
    now_ms: int,
    before: Pause | None = None,
    left_ms: int | None = None,
    is_asked_now: bool = False,
) -> Pause | None:
    """The pause that the condition calls for, or None. `before` is the pause until now, `left_ms`
    about how long the work that waits takes; `is_asked_now` when a person said "now"."""
    reason = _reason(condition, rules, before.reason if before else "")
    if reason is None or (is_asked_now and reason != DISK):
        return None
    since_ms = before.since_ms if before and before.reason == reason else now_ms
    until_ms = None if left_ms is None or reason == OFFLINE else now_ms + left_ms
    return Pause(reason, since_ms, _remedy(reason, left_ms), until_ms)


def pause_sentence(pause: Pause, zone: datetime.tzinfo | None = None) -> str:
    """ "Paused on battery since 21:40: plug in and leave it overnight, done by about 06:10." Times
    are of the given zone, else of this computer's."""
    done = f", done by about {_clock(pause.until_ms, zone)}" if pause.until_ms else ""
    return f"{_TITLES[pause.reason]} since {_clock(pause.since_ms, zone)}: {pause.remedy}{done}."


_TITLES = {
    BATTERY: "Paused on battery",
    METERED: "Paused on a metered network",
    DISK: "Paused for want of disk space",
    OFFLINE: "Waiting for a network",
}
_REMEDIES = {
    BATTERY: "plug in",
    METERED: "use another network, or sync now all the same",
    DISK: "free some space on the disk with the home",
    OFFLINE: "connect to one; everything here is kept meanwhile",
}


def _reason(condition: Condition, rules: PauseRules, was: str) -> str | None:
    if _is_disk_low(condition, rules, was == DISK):
        return DISK
    if rules.needs_network and not condition.is_online:
        return OFFLINE
    if _is_battery_low(condition, rules, was == BATTERY):
        return BATTERY
    if rules.needs_network and condition.is_metered and not rules.is_metered_allowed:
        return METERED
    return None


def _is_disk_low(condition: Condition, rules: PauseRules, was: bool) -> bool:
    wanted = rules.free_bytes + (DISK_BACK_BYTES if was else 0)
    return condition.free_bytes is not None and condition.free_bytes < wanted


def _is_battery_low(condition: Condition, rules: PauseRules, was: bool) -> bool:
    if condition.is_on_power or condition.battery_percent is None:
        return False
    level = rules.battery_percent + (BATTERY_BACK_PERCENT if was else 0)
    return condition.battery_percent < level


def _remedy(reason: str, left_ms: int | None) -> str:
    if reason == BATTERY and left_ms is not None and left_ms > LONG_MS:
        return "plug in and leave it overnight"
    return _REMEDIES[reason]


def _clock(time_ms: int, zone: datetime.tzinfo | None) -> str:
    return datetime.datetime.fromtimestamp(time_ms / 1000, zone).strftime("%H:%M")
