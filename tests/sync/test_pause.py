"""When sync waits, for how long it says so, and what ends it."""

import datetime

from sealwax.base.condition import Condition
from sealwax.sync.pause import (
    BATTERY,
    DISK,
    METERED,
    OFFLINE,
    Pause,
    PauseRules,
    pause_plan,
    pause_sentence,
)

RULES = PauseRules()
EVENING_MS = int(datetime.datetime(2026, 5, 3, 21, 40, tzinfo=datetime.UTC).timestamp() * 1000)
HOUR_MS = 60 * 60 * 1000
ON_BATTERY = Condition(is_on_power=False, battery_percent=20.0)


def said(pause: Pause | None) -> str:
    assert pause is not None
    return pause_sentence(pause, datetime.UTC)


def test_nothing_pauses_a_computer_at_the_mains_and_on_a_free_network() -> None:
    assert pause_plan(Condition(), RULES, EVENING_MS) is None
    charged = Condition(is_on_power=False, battery_percent=80.0)
    assert pause_plan(charged, RULES, EVENING_MS) is None


def test_a_pause_names_its_remedy_and_when_all_would_be_done() -> None:
    long = pause_plan(ON_BATTERY, RULES, EVENING_MS, left_ms=int(8.5 * HOUR_MS))
    assert said(long) == (
        "Paused on battery since 21:40: plug in and leave it overnight, done by about 06:10."
    )
    short = pause_plan(ON_BATTERY, RULES, EVENING_MS, left_ms=HOUR_MS // 2)
    assert said(short) == "Paused on battery since 21:40: plug in, done by about 22:10."
    metered = pause_plan(Condition(is_metered=True), RULES, EVENING_MS)
    assert said(metered) == (
        "Paused on a metered network since 21:40: use another network, or sync now all the same."
    )
    offline = pause_plan(Condition(is_online=False), RULES, EVENING_MS, left_ms=HOUR_MS)
    assert said(offline).startswith("Waiting for a network since 21:40: connect to one")
    full = pause_plan(Condition(free_bytes=1), RULES, EVENING_MS)
    assert said(full).startswith("Paused for want of disk space since 21:40: free some space")


def test_a_pause_goes_on_since_it_began_and_begins_anew_for_another_reason() -> None:
    first = pause_plan(ON_BATTERY, RULES, EVENING_MS)
    later = pause_plan(ON_BATTERY, RULES, EVENING_MS + HOUR_MS, first)
    assert later is not None
    assert (later.reason, later.since_ms) == (BATTERY, EVENING_MS)
    other = pause_plan(Condition(is_metered=True), RULES, EVENING_MS + HOUR_MS, later)
    assert other is not None
    assert (other.reason, other.since_ms) == (METERED, EVENING_MS + HOUR_MS)


def test_a_level_that_flickers_does_not_end_a_pause() -> None:
    before = pause_plan(ON_BATTERY, RULES, EVENING_MS)
    barely = ON_BATTERY._replace(battery_percent=31.0)
    assert pause_plan(barely, RULES, EVENING_MS) is None
    assert pause_plan(barely, RULES, EVENING_MS, before) is not None
    assert pause_plan(barely._replace(is_on_power=True), RULES, EVENING_MS, before) is None
    full = pause_plan(Condition(free_bytes=RULES.free_bytes - 1), RULES, EVENING_MS)
    assert pause_plan(Condition(free_bytes=RULES.free_bytes), RULES, EVENING_MS, full) is not None
    assert pause_plan(Condition(free_bytes=RULES.free_bytes), RULES, EVENING_MS) is None


def test_now_overrides_all_but_a_full_disk() -> None:
    everything = Condition(False, 5.0, is_metered=True, is_online=False)
    paused = pause_plan(everything, RULES, EVENING_MS)
    assert paused is not None
    assert paused.reason == OFFLINE
    assert pause_plan(everything, RULES, EVENING_MS, is_asked_now=True) is None
    full = pause_plan(everything._replace(free_bytes=0), RULES, EVENING_MS, is_asked_now=True)
    assert full is not None
    assert full.reason == DISK


def test_a_store_on_a_disk_needs_no_network() -> None:
    rules = RULES._replace(needs_network=False)
    without = Condition(is_online=False, is_metered=True)
    assert pause_plan(without, rules, EVENING_MS) is None
    assert (
        pause_plan(Condition(is_metered=True), RULES._replace(is_metered_allowed=True), 0) is None
    )
