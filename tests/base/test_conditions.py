"""The condition of the computer that the tests run on, and odd answers of the world."""

from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from sealwax.base import system_conditions
from sealwax.base.clock import SetClock
from sealwax.base.condition import Condition, SetConditions
from sealwax.base.system_conditions import (
    METERED_GOOD_FOR_SECONDS,
    SystemConditions,
    says_metered,
)


class _Battery(NamedTuple):
    percent: float
    power_plugged: bool | None


def _with_battery(monkeypatch: pytest.MonkeyPatch, battery: object) -> None:
    def sensors_battery() -> object:
        if isinstance(battery, Exception):
            raise battery
        return battery

    monkeypatch.setattr(psutil, "sensors_battery", sensors_battery, raising=False)


def test_this_computer_is_in_some_condition(tmp_path: Path) -> None:
    found = SystemConditions(tmp_path, SetClock(0)).now()
    assert found.free_bytes is not None
    assert found.free_bytes > 0
    assert found.suspended_seconds >= 0
    assert found.battery_percent is None or 0 <= found.battery_percent <= 100


def test_a_home_that_is_gone_has_an_unknown_disk(tmp_path: Path) -> None:
    assert SystemConditions(tmp_path / "gone", SetClock(0)).now().free_bytes is None


@pytest.mark.parametrize(
    ("battery", "expected"),
    [
        (None, (True, None)),
        (_Battery(41.5, False), (False, 41.5)),
        (_Battery(41.5, True), (True, 41.5)),
        (_Battery(41.5, None), (True, 41.5)),
        (OSError("no such file"), (True, None)),
    ],
)
def test_power(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, battery: object, expected: tuple[bool, object]
) -> None:
    _with_battery(monkeypatch, battery)
    found = SystemConditions(tmp_path, SetClock(0)).now()
    assert (found.is_on_power, found.battery_percent) == expected


def test_what_network_manager_says() -> None:
    assert says_metered("GENERAL.METERED:no\n\nGENERAL.METERED:yes\n")
    assert says_metered("GENERAL.METERED:yes (guessed)\n")
    assert not says_metered("GENERAL.METERED:no (guessed)\nGENERAL.METERED:unknown\n")
    assert not says_metered("")


def test_network_manager_is_asked_twice_a_minute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[bool] = []

    def ask() -> bool:
        asked.append(True)
        return len(asked) > 1

    monkeypatch.setattr(system_conditions, "_ask_network_manager", ask)
    clock = SetClock(0)
    conditions = SystemConditions(tmp_path, clock)
    assert not conditions.now().is_metered
    assert not conditions.now().is_metered
    assert len(asked) == 1
    clock.advance(int(METERED_GOOD_FOR_SECONDS * 1000))
    assert conditions.now().is_metered


def test_a_set_condition_is_what_was_set() -> None:
    conditions = SetConditions()
    assert conditions.now() == Condition()
    conditions.change(is_metered=True, battery_percent=3.0)
    assert conditions.now() == Condition(is_metered=True, battery_percent=3.0)
