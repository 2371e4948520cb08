"""What a device that was put out goes on writing is void everywhere, whoever closes the zones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.base.clock import SetClock
from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.device_keys import new_member_keys
from sealwax.crypto.sealing import SealBroken, read_header
from sealwax.ledger.chain import beginning
from sealwax.ledger.commit import CommitKind, parse_commit
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, commit_hash, device_zone
from sealwax.stores.base import Store
from sealwax.stores.memory import MemoryStore
from sealwax.sync.closing import close_zones, is_closed
from sealwax.sync.replay import told_ones
from sealwax.sync.replica import Replica
from sealwax.trust.account import NotTrusted, extend_log
from sealwax.trust.devices import DeviceBook, DeviceGone, DeviceLast, DevicesFull, DeviceThere
from sealwax.trust.roster import RECOVERY_KEY, roster
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft, Place, compose
from sealwax.vault.writing import Writing
from tests.homes import NOW_MS
from tests.sync.devices import Device, made_devices

ENTROPY = TestOnlySeededEntropy("closing")


def _three(tmp_path: Path) -> tuple[MemoryStore, list[Device]]:
    store = MemoryStore()
    devices = made_devices(tmp_path, store, 3, ENTROPY, lambda _, shared: shared)
    for device in devices:
        device.replica.pull()
        device.replica.write(Writing((), Part(reason="here")))
    for device in devices:
        device.replica.pull()
    return store, devices


def _book(device: Device, store: Store | None = None) -> DeviceBook:
    replica = device.replica
    return DeviceBook(
        store or replica.store,
        replica.log,
        replica.keys,
        replica._author,
        SetClock(NOW_MS),
        ENTROPY,
    )


def _close(device: Device) -> tuple[str, ...]:
    replica = device.replica
    own = _own(device)
    return close_zones(replica, own, replica.store)


def _own(device: Device) -> Replica:
    one = device.replica
    return Replica(
        one.store, one.library, one.log, one.keys, one._author, one.heads, SetClock(NOW_MS),
        ENTROPY, device_zone(one.device),
    )  # fmt: skip


def _stubborn(device: Device, store: Store, zone: str = MESSAGES_ZONE) -> int:
    """A commit of a device that is out, as it would have been before; gives its seq."""
    replica = device.replica
    head = replica.head() if zone == MESSAGES_ZONE else _own(device).head()
    place = Place(head, replica.log.head, replica.log.newest.epoch, NOW_MS)
    seq = store.head_seq(zone) + 1
    hash_before = head.hash
    if seq > head.seq + 1:
        from sealwax.ledger.names import commit_hash

        hash_before = commit_hash(store.get_commit(zone, seq - 1))
    place = place._replace(head=head._replace(seq=seq - 1, hash=hash_before))
    draft = Draft(CommitKind.CHANGE, ENTROPY.bytes(16), Part(reason="stubborn"))
    store.append_commit(zone, seq, compose(draft, place, replica.keys, replica._author, ENTROPY))
    return seq


def test_what_a_device_that_is_out_writes_is_void_for_all(tmp_path: Path) -> None:
    store, (one, two, gone) = _three(tmp_path)
    _book(one).revoke(gone.replica.device)
    assert set(_close(one)) >= {MESSAGES_ZONE, device_zone(gone.replica.device)}
    seq = _stubborn(gone, store)
    late = _stubborn(gone, store, device_zone(gone.replica.device))
    for device in (one, two):
        assert device.replica.pull().void == 1
        assert [void[1] for void in device.library.holdings.void_commits()] == [seq]
    assert late == 1
    # All go on, and agree.
    two.replica.write(Writing((), Part(reason="after")))
    one.replica.pull()
    assert one.replica.head() == two.replica.head()
    assert _close(two) == ()
    assert _close(one) == ()


def test_every_zone_of_a_device_that_is_out_is_closed_and_the_next_one(tmp_path: Path) -> None:
    store, (one, two, gone) = _three(tmp_path)
    device = gone.replica.device
    zones = [device_zone(device, generation) for generation in range(4)]
    for zone in zones[:2]:
        _appended(gone, store, zone)
    _book(one).revoke(device)
    assert set(_close(one)) == {MESSAGES_ZONE, *zones[:3]}
    late = {zone: _appended(gone, store, zone) for zone in zones[:3]}
    for zone, seq in late.items():
        judged = list(told_ones(one.replica, zone, _commits(store, zone)))
        assert [told.judged.head.seq for told in judged if told.judged.commit is None] == [seq]
    # One that it begins beyond them is not read by anybody: it is open.
    _appended(gone, store, zones[3])
    two.replica.pull()
    beyond = [told.judged for told in told_ones(two.replica, zones[3], _commits(store, zones[3]))]
    assert beyond[0].commit is not None
    assert not is_closed(two.replica.log, beyond)
    assert is_closed(two.replica.log, (told.judged for told in judged))


def test_a_second_removal_closes_no_more_than_what_it_opened(tmp_path: Path) -> None:
    store, (one, two, gone) = _three(tmp_path)
    _book(one).revoke(gone.replica.device)
    _close(one)
    _book(one).revoke(two.replica.device)
    assert set(_close(one)) == {
        MESSAGES_ZONE, device_zone(gone.replica.device), device_zone(two.replica.device),
    }  # fmt: skip
    zones = {MESSAGES_ZONE, ACCOUNT_ZONE}
    assert set(store.list_zones()) - zones == {
        device_zone(device.replica.device) for device in (gone, two)
    }


def _commits(store: Store, zone: str) -> Iterator[bytes]:
    return (data for _, data in store.read_commits(zone, 0))


def _appended(device: Device, store: Store, zone: str) -> int:
    """A commit of a device as it sees the account; gives its seq."""
    replica, head = device.replica, beginning(device.replica.log.account, zone)
    for data in _commits(store, zone):
        head = head._replace(seq=head.seq + 1, hash=commit_hash(data))
    draft = Draft(CommitKind.CHANGE, ENTROPY.bytes(16), Part(reason="stubborn"))
    place = Place(head, replica.log.head, replica.log.newest.epoch, NOW_MS)
    data = compose(draft, place, replica.keys, replica._author, ENTROPY)
    store.append_commit(zone, head.seq + 1, data)
    return head.seq + 1


def test_a_device_that_is_out_opens_nothing_new(tmp_path: Path) -> None:
    store, (one, two, gone) = _three(tmp_path)
    _book(one).revoke(gone.replica.device)
    _close(one)
    written = one.replica.write(Writing((), Part(reason="secret")))
    header = parse_commit(store.get_commit(MESSAGES_ZONE, written.seq)).header
    assert read_header(header.sealed).epoch == 1
    # A device that stays learns the new key by itself, while it runs.
    two.replica.pull()
    two.replica.write(Writing((), Part(reason="goes on")))
    extend_log(gone.replica.log, store)
    with pytest.raises(NotTrusted):
        gone.replica.pull()
    with pytest.raises(SealBroken):
        gone.replica.keys.account_key(1)


def test_whoever_notices_closes_what_a_crash_left_open(tmp_path: Path) -> None:
    """The device that revokes dies before it has closed the zones."""
    _, (one, two, gone) = _three(tmp_path)
    _book(one).revoke(gone.replica.device)
    two.replica.pull()
    assert MESSAGES_ZONE in _close(two)
    one.replica.pull()
    assert _close(one) == ()


def test_a_commit_that_comes_with_its_position_is_judged_with_it(tmp_path: Path) -> None:
    """Another device revokes and closes between this one's look at the log and at the history."""
    _, (one, two, gone) = _three(tmp_path)
    pull_account = two.replica.pull_account
    raced = []

    def racing() -> None:
        pull_account()
        if not raced:
            raced.append(True)
            _book(one).revoke(gone.replica.device)
            _close(one)

    two.replica.pull_account = racing  # type: ignore[method-assign]
    assert two.replica.pull().void == 0
    assert two.replica.head() == one.replica.head()


def test_two_devices_revoke_at_once(tmp_path: Path) -> None:
    store, (one, two, gone) = _three(tmp_path)
    device = gone.replica.device

    class Racing:
        """A store in which the other device is always faster, once."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def append_commit(self, zone: str, seq: int, data: bytes) -> None:
            if store.head_seq(zone) < seq and not raced:
                raced.append(True)
                _book(two).revoke(device)
            store.append_commit(zone, seq, data)

    raced: list[bool] = []
    with pytest.raises(DeviceGone):
        _book(one, Racing()).revoke(device)  # type: ignore[arg-type]
    assert one.replica.log.newest.epoch == 1
    assert one.replica.keys.newest_epoch == 1


def test_an_answer_that_was_lost_is_no_second_revocation(tmp_path: Path) -> None:
    store, (one, _, gone) = _three(tmp_path)

    class Losing:
        """A store whose first answer is that somebody was faster: it was this device itself."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def append_commit(self, zone: str, seq: int, data: bytes) -> None:
            from sealwax.stores.base import CommitExists

            store.append_commit(zone, seq, data)
            raise CommitExists("It is there already.")

    _book(one, Losing()).revoke(gone.replica.device)  # type: ignore[arg-type]
    assert store.head_seq(ACCOUNT_ZONE) == 3
    assert one.replica.log.newest.epoch == 1


def test_the_last_device_stays(tmp_path: Path) -> None:
    _, (one, two, gone) = _three(tmp_path)
    book = _book(one)
    book.revoke(gone.replica.device)
    book.revoke(two.replica.device)
    with pytest.raises(DeviceGone):
        book.revoke(two.replica.device)
    with pytest.raises(DeviceLast):
        book.revoke(one.replica.device)


def test_an_account_has_only_so_many_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, (one, two, _) = _three(tmp_path)
    with pytest.raises(DeviceThere):
        _book(one).add(two.replica._author.member(), "again")
    monkeypatch.setattr("sealwax.trust.devices.MEMBERS_LIMIT", 4)
    with pytest.raises(DevicesFull):
        _book(one).add(new_member_keys(ENTROPY).member(), "one too many")


def test_the_roster_tells_who_came_and_went(tmp_path: Path) -> None:
    _, (one, two, gone) = _three(tmp_path)
    book = _book(one)
    book.rename(two.replica.device, "the laptop")
    book.revoke(gone.replica.device)
    found = roster(one.replica.log, one.replica.keys, one.replica.device, {two.replica.device: 5})
    first, second, third = found
    assert (first.name, first.added_by, first.is_this) == ("device 0", None, True)
    assert (second.name, second.added_by, second.seen_ms) == ("the laptop", RECOVERY_KEY, 5)
    assert (third.revoked_ms, third.revoked_by) == (NOW_MS, "device 0")
    with pytest.raises(DeviceGone):
        book.rename(gone.replica.device, "nobody")
