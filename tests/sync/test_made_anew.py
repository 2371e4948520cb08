"""A library that is made anew while the line breaks: what waits on this device stays in sight."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway
from sealwax.stores.faulty import Fault, FaultyStore
from sealwax.stores.mirror import MirrorStore
from sealwax.sync import outbox
from tests.sync.guard.household import CHATS, PER_CHAT, House, message

FIRST, OTHER = 0, 1
COUNT = CHATS * PER_CHAT
WAITING = range(1_000, 1_003)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, honest=2, evil=0)
    house.fill()
    yield house
    house.close()


def _waits(house: House) -> None:
    """Some messages wait on the first device, and a snapshot of them too."""
    device = house.homes[FIRST].device
    device.journal.is_sharing = False
    house.take(FIRST, [message(number) for number in WAITING])
    house.snapshot(FIRST, "mine")


def _shows_all(house: House) -> None:
    assert len(house.texts(FIRST)) == COUNT + len(WAITING)
    assert house.homes[FIRST].device.sync.waiting().messages == len(WAITING)
    (pin,) = [one for one in house.pins(FIRST) if one.name == "mine"]
    assert len(house.texts(FIRST, pin.moment)) == COUNT + len(WAITING)


def _break(mirror: MirrorStore, after: int) -> None:
    """The line breaks before a call."""
    left = after

    def decide(_: str) -> Fault | None:
        nonlocal left
        left -= 1
        return Fault.BEFORE if left < 0 else None

    mirror.far = FaultyStore(mirror.far, decide)


@pytest.mark.parametrize("after", range(6))
def test_where_the_line_breaks_nothing_is_out_of_sight(house: House, after: int) -> None:
    _waits(house)
    device = house.homes[FIRST].device
    mirror = device.mirror
    assert mirror is not None
    # A large disk was changed for a small one: the place alone has the words.
    words = device.history.library.holdings.live_segments()
    mirror.near.delete_objects([name for name, _, _ in words])
    line = mirror.far
    _break(mirror, after)
    with suppress(FarAway):
        device.sync.others.show()
    _shows_all(house)
    mirror.far = line
    device.sync.others.show()
    _shows_all(house)


def test_a_sync_begins_with_what_the_own_zone_has(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it came about that the library lacks it."""
    _waits(house)
    device = house.homes[FIRST].device
    house.take(OTHER, [message(2_000)])
    house.sync(OTHER)

    def cut_off(*_: object) -> None:
        device.history.pull()
        raise FarAway(StoreError("The line broke.", ""))

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "replay", cut_off)
        with pytest.raises(FarAway):
            device.sync.others.show()
    device.journal.is_sharing = True
    assert house.sync(FIRST).is_verified
    assert len(house.texts(FIRST)) == COUNT + len(WAITING) + 1
    (pin,) = [one for one in house.pins(FIRST) if one.name == "mine"]
    assert len(house.texts(FIRST, pin.moment)) == COUNT + len(WAITING)
    house.sync(OTHER)
    assert house.texts(OTHER) == house.texts(FIRST)
