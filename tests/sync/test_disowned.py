"""What a merge disowns, on devices that have not heard of the removal, and in snapshots that stand
on what is disowned."""

from pathlib import Path

import pytest

from sealwax.base.clock import SetClock
from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.disowning import MergeFacts
from sealwax.ledger.names import MESSAGES_ZONE, device_zone
from sealwax.ledger.objects import encode_facts
from sealwax.library.holdings import PinRow
from sealwax.library.select import Moment
from sealwax.model.record import Kind
from sealwax.snapshot.pins import create_snapshot
from sealwax.stores.memory import MemoryStore
from sealwax.sync.replay import replay
from sealwax.sync.replica import Replica
from sealwax.trust.devices import DeviceBook
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing
from tests.homes import NOW_MS
from tests.sync.devices import Device, made_devices
from tests.sync.test_simulation import message

ENTROPY = TestOnlySeededEntropy("disowned")


class Household:
    """Four devices: the last one is removed."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        made = made_devices(folder, self.store, 4, ENTROPY, lambda _, inner: inner)
        self.one, self.two, self.new, self.gone = made

    def remove(self) -> None:
        replica = self.one.replica
        book = DeviceBook(
            replica.store, replica.log, replica.keys, replica._author, SetClock(NOW_MS), ENTROPY
        )
        book.revoke(self.gone.replica.device)

    def disown(self, start_seq: int) -> None:
        public = encode_facts(MergeFacts(0, bytes(32), start_seq))
        self.one.replica.write(Writing((), Part(), CommitKind.MERGE, public=public))

    def aside(self, start_seq: int) -> None:
        """The shared history is put aside, and one begins that has its commits before a seq."""
        common = [data for _, data in self.store.read_commits(MESSAGES_ZONE, 0)][:start_seq]
        self.store.set_aside_zone(MESSAGES_ZONE)
        self.store.append_commits(MESSAGES_ZONE, 0, common)
        self.one.replica.heads.forget(MESSAGES_ZONE)
        self.one.library.clear()


@pytest.fixture
def house(tmp_path: Path) -> Household:
    return Household(tmp_path)


def _take(device: Device, first: int, count: int) -> int:
    """Imports messages; gives the seq of the first commit of that."""
    device.replica.pull()
    seq = device.replica.head().seq + 1
    device.take([message(n, 1, NOW_MS + n) for n in range(first, first + count)], NOW_MS + first)
    return seq


def _own(device: Device) -> Replica:
    one = device.replica
    return Replica(
        one.store, one.library, one.log, one.keys, one._author, one.heads, SetClock(NOW_MS),
        ENTROPY, device_zone(one.device),
    )  # fmt: skip


def _pin_of_its_own(device: Device) -> None:
    """A snapshot in the own zone, of the shared history as it is now."""
    device.replica.pull()
    head = device.replica.head()
    part = Part(heads={MESSAGES_ZONE: (head.seq, head.hash)}, alone=True)
    _own(device).write(Writing((), part, CommitKind.PIN))


def _shown_anew(device: Device) -> int:
    """How many messages the device's own snapshot shows in a library that is made anew."""
    own = _own(device)
    device.library.clear()
    device.replica.pull()
    device.library.clear()
    replay(own, device.replica)
    (pin,) = [pin for pin in device.library.holdings.pins() if pin.zone == own.zone]
    return _messages_at(device, pin)


def _messages_at(device: Device, pin: PinRow) -> int:
    return sum(1 for _ in device.library.read.rows(Kind.MESSAGE, Moment(pin.moment)))


def test_a_snapshot_that_holds_what_is_disowned_stops_no_pull(house: Household) -> None:
    _take(house.one, 0, 2)
    start_seq = _take(house.gone, 2, 3)
    house.two.replica.pull()
    create_snapshot(house.two.library, house.two.replica, "kept", "")
    house.remove()
    house.disown(start_seq)
    for device in (house.new, house.two):
        device.replica.pull()
        assert device.library.counts().messages == 2
        (pin,) = device.library.holdings.pins()
        assert _messages_at(device, pin) == 2


def test_a_snapshot_of_a_history_put_aside_shows_nothing_that_it_had_disowned(
    house: Household,
) -> None:
    _take(house.one, 0, 2)
    start_seq = _take(house.gone, 2, 3)
    house.remove()
    house.disown(start_seq)
    _take(house.one, 5, 1)
    _pin_of_its_own(house.one)
    house.aside(start_seq)
    _take(house.one, 6, 1)
    assert _shown_anew(house.one) == 3


def test_nor_what_both_histories_have_and_the_present_one_has_not_disowned(
    house: Household,
) -> None:
    _take(house.one, 0, 2)
    start_seq = _take(house.gone, 2, 3)
    merge_seq = _take(house.one, 5, 1)
    house.remove()
    house.disown(start_seq)
    _pin_of_its_own(house.one)
    house.aside(merge_seq)
    _take(house.one, 6, 1)
    assert _shown_anew(house.one) == 3


def test_what_was_disowned_since_is_in_a_snapshot_of_a_history_put_aside(house: Household) -> None:
    _take(house.one, 0, 2)
    start_seq = _take(house.gone, 2, 3)
    own_seq = _take(house.one, 5, 1)
    _pin_of_its_own(house.one)
    house.aside(own_seq)
    house.remove()
    house.disown(start_seq)
    assert _shown_anew(house.one) == 6
    assert house.one.library.counts().messages == 2


def test_what_a_device_compacted_that_knew_nothing_does_not_bring_it_back(
    house: Household,
) -> None:
    _take(house.one, 0, 2)
    start_seq = _take(house.gone, 2, 3)
    house.two.replica.pull()
    names = tuple(name for name, *_ in house.two.library.holdings.live_segments())
    changes = tuple(one for name in names for one in house.two.replica.read_segment(name))
    compacting = Writing(changes, Part(), CommitKind.COMPACT, dropped=names)
    house.two.replica.write(compacting)
    house.remove()
    house.disown(start_seq)
    digests = set()
    for device in (house.two, house.new):
        device.replica.pull()
        assert device.library.counts().messages == 2
        # Nobody tried to take anything away.
        assert device.library.holdings.refused_drops() == []
        assert device.library.holdings.damage() == []
        digests.add(device.library.digest())
    assert len(digests) == 1
