"""A month in the life of three computers and two phones, with real agents and a real server under
a clock of the test: what is where, and what the doctor says on each day."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sealwax.agent.schedule import DAY_MS, HOUR_MS
from sealwax.agent.selecting import Select
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.sync.guard.plan import BEFORE
from tests.agent.month import MONDAY_MS, Device, Household, Phone, household
from tests.homes import ignore

DAYS = 30
HOURS = (7, 8, 14, 23)
HOURS_OF_MESSAGES = (8, 14)
AWAKE_AT = {"laptop": HOURS, "desk": (8, 14, 23), "den": (23,)}
PLAN_BYTES = 10_000_000
FILM_BYTES = 5_000_000
PHOTO_BYTES = 20_000
JOINS_ON = 12
EVERYWHERE = ""


class _Trouble(NamedTuple):
    """Something that goes wrong at eight of a day and is mended at eight of another, on one device
    or everywhere: the finding that has to be there, those that may be there besides, whether the
    device cannot sync meanwhile, and the finding that has to be on the other devices."""

    key: str
    where: str
    begins: int
    ends: int
    begin: Callable[["_Month"], object]
    end: Callable[["_Month"], object]
    besides: frozenset[str] = frozenset()
    is_cut_off: bool = True
    elsewhere: str = ""

    def is_at(self, device: Device) -> bool:
        return self.where in (EVERYWHERE, device.name)

    def lasts(self, day: int, hour: int, ends_at: int) -> bool:
        return (self.begins, 8) <= (day, hour) < (self.ends, ends_at)

    def wanted(self, device: Device) -> str:
        """What a device has to tell of it; nothing where it does not concern it."""
        return self.key if self.is_at(device) else self.elsewhere


class _Month:
    """Everything that the script moves."""

    def __init__(self, house: Household, folder: Path) -> None:
        self.house = house
        self.phone = Phone(folder / "phone", MONDAY_MS - DAY_MS)
        self.tablet = Phone(folder / "tablet", MONDAY_MS - DAY_MS)
        self.laptop = house.add("laptop", self.phone)
        self.desk = house.add("desk", self.tablet)
        self.told: set[tuple[str, str]] = set()
        self.asked: list[tuple[str, int]] = []

    def film(self, name: str) -> None:
        data = name.encode() * (FILM_BYTES // len(name))
        self.phone.say(name, self.house.time.ms, data)

    def make_room(self) -> None:
        """A person takes the older film out of the present, and lets the snapshots go that have
        it."""
        agent = self.laptop.agent
        agent.storage.purge(Select(larger_than="1MB", until="2026-06-14"), only_files=True)
        has_film = [shot for shot in agent.snapshots() if shot.made_ms >= MONDAY_MS + 12 * DAY_MS]
        agent.drop_snapshots(str(shot.number) for shot in has_film)
        del self.phone.files["film one.bin"]


def _laptop(**fields: object) -> Callable[[_Month], object]:
    return lambda month: month.laptop.conditions.change(**fields)


def _desk(**fields: object) -> Callable[[_Month], object]:
    return lambda month: month.desk.conditions.change(**fields)


def _switch(what: str, is_on: bool) -> Callable[[_Month], object]:
    return lambda month: month.laptop.switch(what, is_on)


def _clock(offset_ms: int) -> Callable[[_Month], object]:
    return lambda month: setattr(month.laptop.clock, "offset_ms", offset_ms)


LATE = frozenset({"not-on-store"})
TROUBLES = (
    _Trouble("paused", "laptop", 3, 6, _laptop(is_online=False), _laptop(is_online=True)),
    _Trouble(
        "server-trouble",
        EVERYWHERE,
        8,
        11,
        lambda month: month.house.take_down(),
        lambda month: month.house.bring_up(),
        LATE,
    ),
    _Trouble(
        "storage-full",
        "laptop",
        13,
        17,
        lambda month: month.film("film two"),
        _Month.make_room,
        LATE,
        is_cut_off=False,
    ),
    _Trouble(
        "source-unreadable",
        "laptop",
        18,
        20,
        lambda month: month.phone.unplug(),
        lambda month: month.phone.plug_in(),
        is_cut_off=False,
    ),
    _Trouble(
        "disk-low",
        "desk",
        19,
        21,
        _desk(free_bytes=10**8),
        _desk(free_bytes=10**12),
        frozenset({"paused"}),
    ),
    _Trouble(
        "paused",
        "laptop",
        21,
        22,
        _laptop(is_on_power=False, battery_percent=12.0),
        _laptop(is_on_power=True, battery_percent=90.0),
    ),
    _Trouble("clock-wrong", "laptop", 23, 24, _clock(3 * HOUR_MS), _clock(0), is_cut_off=False),
    _Trouble(
        "sync-off",
        "laptop",
        25,
        26,
        _switch("sync", False),
        _switch("sync", True),
        elsewhere="device-sync-off",
    ),
    _Trouble(
        "backup-off",
        "laptop",
        27,
        28,
        _switch("backup", False),
        _switch("backup", True),
        is_cut_off=False,
        elsewhere="device-backup-off",
    ),
)
LID_SHUT_ON = (6, 7)
STARTS_ANEW_ON = (5, 9, 15, 26)


def _day(month: _Month, day: int) -> None:
    """Asleep until seven; then each device does what is due and is asked, some times a day."""
    house = month.house
    month.laptop.is_lid_open = day not in LID_SHUT_ON
    house.pass_hours(HOURS[0], is_night=True)
    if day in STARTS_ANEW_ON:
        month.laptop.switch_off()
        month.laptop.switch_on()
    if day == JOINS_ON:
        house.add("den")
    for hour, then in zip(HOURS, (*HOURS[1:], 24), strict=True):
        if hour == 8:
            _change_fortune(month, day)
        if hour in HOURS_OF_MESSAGES:
            photo = bytes([day, hour]) * (PHOTO_BYTES // 2) if hour == 14 else b""
            month.phone.say(f"day {day} hour {hour}", house.time.ms, photo)
            month.tablet.say(f"day {day} hour {hour}", house.time.ms)
        for device in house.devices:
            if device.is_lid_open and hour in AWAKE_AT[device.name]:
                cut_off = any(
                    trouble.is_cut_off and trouble.is_at(device) and trouble.lasts(day, hour, 8)
                    for trouble in TROUBLES
                )
                house.settle(device, not cut_off)
                _answer(month, device, day)
                _check(month, device, day, hour)
        house.pass_hours(then - hour)


def _change_fortune(month: _Month, day: int) -> None:
    for trouble in TROUBLES:
        if trouble.ends == day:
            trouble.end(month)
        if trouble.begins == day:
            trouble.begin(month)
    if day == JOINS_ON:
        month.film("film one")


def _answer(month: _Month, device: Device, day: int) -> None:
    """What a person took away on one device for the room it takes is asked about on one other."""
    if device.agent.held.questions():
        month.asked.append((device.name, day))
        device.agent.answer_held(is_accepted=True)


def _check(month: _Month, device: Device, day: int, hour: int) -> None:
    """Each trouble is told at the latest when the day on which it began ends, and no other is; the
    hours between its end and the next import, sync or snapshot are its own."""
    found = device.says()
    lasting = [trouble for trouble in TROUBLES if trouble.lasts(day, hour, 14)]
    wanted = {trouble.wanted(device) for trouble in lasting} - {""}
    allowed = wanted.union(*(trouble.besides for trouble in lasting if trouble.is_at(device)))
    assert found <= allowed, (day, hour, device.name, found - allowed)
    if hour == HOURS[-1]:
        assert wanted <= found, (day, hour, device.name, wanted - found)
        month.told |= {(device.name, key) for key in found}


def test_a_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A server that is down is asked again after no time of the real clock.
    monkeypatch.setattr("sealwax.stores.server_connection.WAITS_SECONDS", (0.0,))
    # No power is cut here, and a disk is slow.
    monkeypatch.setattr("os.fsync", ignore)
    with household(tmp_path, PLAN_BYTES) as house:
        month = _Month(house, tmp_path)
        for day in range(DAYS):
            _day(month, day)
        _check_messages(month)
        _check_files(month)
        _check_snapshots(month)
        assert month.asked == [("desk", 17)]
        for trouble in TROUBLES:
            told = {where for where, key in month.told if key == trouble.key}
            assert told >= ({trouble.where} if trouble.where else {"laptop", "desk"})
        for device in house.devices:
            assert device.running.examine().findings == ()
            assert device.agent.verify(ignore).is_sound


def _check_messages(month: _Month) -> None:
    """Every message is on every device."""
    sent = month.phone.texts | month.tablet.texts
    assert len(sent) == 2 * (3 + DAYS * len(HOURS_OF_MESSAGES)) + 2
    for device in month.house.devices:
        assert sorted(device.texts()) == sorted(sent), device.name


def _check_files(month: _Month) -> None:
    """So is every file, but the film that somebody took away."""
    for device in month.house.devices:
        held = {
            item.attachment.name: b"".join(device.agent.attachment_bytes(item.attachment))
            for item in device.agent.media(Select())
            if item.attachment.chunks
        }
        assert held == month.phone.files, device.name


def _check_snapshots(month: _Month) -> None:
    """Every snapshot holds what its device had when it made it, no more and no less, and reads the
    same on every device that has it; there is one of each of the last days."""
    for device in month.house.devices:
        snapshots = device.agent.snapshots()
        for snapshot in snapshots:
            if snapshot.reason == BEFORE:
                # It shows the moment before something was taken away, earlier than it was made.
                continue
            shot = month.house.shots[snapshot.made_ms]
            assert shot.made_ms == snapshot.made_ms
            assert set(device.texts(str(snapshot.number))) == shot.texts, (device.name, snapshot)
        days = {(snapshot.made_ms - MONDAY_MS) // DAY_MS for snapshot in snapshots}
        assert days >= set(range(DAYS - 7, DAYS)), device.name
        shared = [snapshot for snapshot in snapshots if snapshot.zone == MESSAGES_ZONE]
        # Those of each device that made some are judged apart.
        assert 7 <= len(shared) <= 2 * (7 + 5 + 2), device.name
