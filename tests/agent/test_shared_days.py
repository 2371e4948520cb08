"""Several agents of one account make one snapshot of the day together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.schedule import JobKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.snapshot.retention import DAILY
from tests.agent.month import Device, Household, Phone, household

PLAN_BYTES = 10_000_000
DAYS = 5


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    with household(tmp_path, PLAN_BYTES) as made:
        made.add("laptop", Phone(tmp_path / "phone", made.time.ms - 1))
        made.add("desk")
        for device in made.devices:
            device.settle()
        yield made


def _numbers(device: Device, is_shared: bool = True) -> list[int]:
    """The daily snapshots that a device knows: shared ones, or those of it alone. Of two of one day
    the calendar would let the earlier one go, so what stands is who made it."""
    return [
        shot.number
        for shot in device.agent.snapshots()
        if shot.reason == DAILY and (shot.zone == MESSAGES_ZONE) == is_shared
    ]


def test_at_midnight_both_want_to_make_it_and_one_does(house: Household) -> None:
    laptop, desk = house.devices
    for day in range(DAYS):
        house.pass_hours(24)
        # Each decides before it hears of the other one.
        due = [device.running.look() for device in house.devices]
        assert all(JobKind.SNAPSHOT in kinds for kinds in due)
        laptop.settle()
        made = _numbers(laptop)
        assert len(made) == day + 2
        desk.settle()
        assert _numbers(desk) == made


def test_who_was_away_makes_none_after_the_others(house: Household) -> None:
    laptop, desk = house.devices
    for _ in range(DAYS):
        house.pass_hours(24)
        laptop.settle()
    # It wakes, and its day and its sync are due together.
    assert {JobKind.SYNC, JobKind.SNAPSHOT} <= set(desk.running.look())
    desk.settle()
    assert _numbers(desk) == _numbers(laptop)
    assert len(_numbers(desk)) == DAYS + 1
    assert "old-snapshot" not in desk.says()


def test_a_person_gets_one_more(house: Household) -> None:
    laptop, _ = house.devices
    (before,) = _numbers(laptop)
    laptop.running.start(JobKind.SNAPSHOT)
    laptop.settle()
    assert len(_numbers(laptop)) == 2
    assert before in _numbers(laptop)


def test_who_cannot_reach_the_others_makes_its_own(house: Household) -> None:
    laptop, desk = house.devices
    house.take_down()
    house.pass_hours(24)
    for device in house.devices:
        device.settle()
        assert len(_numbers(device, is_shared=False)) == 1
    house.bring_up()
    house.pass_hours(24)
    for device in (laptop, desk, laptop):
        device.settle()
    assert _numbers(laptop) == _numbers(desk)
    # The first, one of the day on which they were apart, and one of the day after.
    assert len(_numbers(laptop)) == 3
