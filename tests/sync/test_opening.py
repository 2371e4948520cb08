"""Whoever opens the segments of a pull: they come out the same, damage and all, and in order."""

from contextlib import closing
from pathlib import Path

import pytest

from sealwax.base.companion import CompanionLost
from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.sealing import SealBroken
from sealwax.library.library import Library
from sealwax.library.prepared import Prepared
from sealwax.model.change import entry
from sealwax.model.field import ORIGIN, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.sources.base import Observation
from sealwax.stores.base import Missing, StoreError
from sealwax.stores.faulty import Fault, FaultyStore
from sealwax.stores.memory import MemoryStore
from sealwax.sync import opening, replica
from sealwax.sync.opening import OpenElsewhere, OpenHere
from tests.sync.devices import LIBRARY_KEY, Device, made_devices

SEGMENTS = 12


def _told(number: int, more: str = "") -> Observation:
    entries = (
        entry(ORIGIN, ["imessage", f"m{number}"]),
        entry(TIME_NS, number + 1),
        entry(TEXT, f"words of {number} {more}"),
    )
    return Observation(int(Kind.MESSAGE), f"m{number}", 1, entries)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """A device that has written a dozen commits of one segment each."""
    (made,) = made_devices(
        tmp_path, MemoryStore(), 1, TestOnlySeededEntropy("opening"), lambda _, inner: inner
    )
    for number in range(SEGMENTS):
        made.take([_told(number), _told(number + 1)], 1)
    return made


def _names(device: Device) -> list[bytes]:
    return [name for name, _, _ in device.library.holdings.live_segments()]


def test_a_companion_opens_what_this_process_would(device: Device) -> None:
    store, keys, zone = device.replica.store, device.replica.keys, device.replica.zone
    names = _names(device)
    assert isinstance(store, MemoryStore)
    names.insert(3, b"n" * 32)
    names.insert(5, store_junk(store))
    here = list(OpenHere(store, keys, zone).open(names))
    with closing(OpenElsewhere(store, keys, zone)) as opener:
        for _ in range(2):
            there = list(opener.open(names))
            assert [str(one) for one in there] == [str(one) for one in here]
            assert isinstance(there[3], Missing)
            assert isinstance(there[5], SealBroken)
            assert sum(isinstance(one, Prepared) for one in there) == SEGMENTS


def store_junk(store: MemoryStore) -> bytes:
    name = b"j" * 32
    store.put_objects([(name, b"no sealed object at all" * 40)])
    return name


def test_a_store_that_fails_is_told_and_nothing_hangs(device: Device) -> None:
    failing = FaultyStore(
        device.replica.store, lambda call: Fault.BEFORE if call == "get_object" else None
    )
    keys, zone = device.replica.keys, device.replica.zone
    with closing(OpenElsewhere(failing, keys, zone)) as opener, pytest.raises(StoreError):
        list(opener.open(_names(device)))


def test_one_may_stop_in_the_middle_though_much_is_on_its_way(device: Device) -> None:
    store, keys, zone = device.replica.store, device.replica.keys, device.replica.zone
    device.take([_told(number, "x" * 400) for number in range(100, 3_000)], 1)
    large = max(_names(device), key=lambda name: len(store.get_object(name)))
    with (
        closing(OpenElsewhere(store, keys, zone)) as opener,
        closing(opener.open([large] * 20)) as opened,
    ):
        assert isinstance(next(opened), Prepared)


def test_a_companion_that_is_gone_is_told(device: Device) -> None:
    store, keys, zone = device.replica.store, device.replica.keys, device.replica.zone
    opener = OpenElsewhere(store, keys, zone)
    opener.close()
    with pytest.raises((CompanionLost, ValueError)):
        list(opener.open(_names(device)))


@pytest.mark.parametrize("worth", [1, 1_000], ids=["companion", "here"])
@pytest.mark.parametrize("long", [1, 1_000], ids=["making", "plain"])
def test_a_library_made_anew_is_the_same(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: int, long: int
) -> None:
    monkeypatch.setattr(opening, "WORTH_A_COMPANION", worth)
    monkeypatch.setattr(replica, "LONG_PULL_OBJECTS", long)
    before = device.library
    device.replica.library = Library(
        tmp_path / "fresh.db", LIBRARY_KEY, device.replica.keys.roots, is_durable=False
    )
    device.replica.pull()
    assert device.library.check() == []
    assert device.library.digest() == before.digest()
    assert device.library.counts() == before.counts()
    assert device.replica.pull().commits == 0
