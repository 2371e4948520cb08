"""A reset changes no message, no snapshot and no digest; what was damaged is whole after it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.ledger.commit import CommitKind, parse_commit
from sealwax.library.library import Library
from sealwax.library.select import Selection
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import CONTENT, PURGED, TEXT
from sealwax.model.record import Kind
from sealwax.snapshot.pins import create_snapshot
from sealwax.snapshot.verify import Verifier
from sealwax.storage.apply import delete
from sealwax.stores.base import StoreError
from sealwax.stores.memory import MemoryStore
from sealwax.sync import replica as replica_module
from sealwax.sync.compaction.apply import merge_small
from sealwax.sync.growth import bytes_since
from sealwax.sync.reset import apply as applying
from sealwax.sync.reset import plan as planning
from sealwax.sync.reset.apply import LibraryNotWhole, planned_reset, reset
from sealwax.sync.reset.plan import ResetPlan
from sealwax.trust.heads import RememberedHeads
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing
from tests.homes import NOW_MS, ignore
from tests.sync.compaction.test_apply import days
from tests.sync.devices import Device, made_devices


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small history is a row of commits."""
    monkeypatch.setattr(planning, "RESET_CHANGES", 30)
    monkeypatch.setattr(applying, "DROPPED_TOGETHER", 8)


def _made(folder: Path, count: int = 2) -> tuple[MemoryStore, list[Device]]:
    store = MemoryStore()
    entropy = TestOnlySeededEntropy("reset")
    return store, made_devices(folder, store, count, entropy, lambda _, inner: inner)


def _lived(device: Device) -> None:
    """Twenty days, snapshots, trash, a purge, a variant, a field and a kind from the future."""
    days(device, 0, 10)
    create_snapshot(device.library, device.replica, "ten days", "test")
    days(device, 10, 10)
    rows = list(device.library.read.messages(Selection(), device.library.now()))
    some = Selection(messages=tuple(row.record for row in rows[:9]))
    delete(device.library, device.replica, some, NOW_MS)
    uid, author = rows[20].uid, device.replica.device
    odd = (
        Change(2, rows[0].uid, None, NOW_MS, author, (entry(PURGED, 1),)),
        Change(2, uid, 0, 5, author, (entry(TEXT, "a variant"), Entry("new", 99, "k", [1]))),
        Change(200, bytes([200]) * 16, 0, 5, author, (Entry("new", 2, "", {"a": 1}),)),
        Change(201, bytes([201]) * 16, None, 5, author, ()),
    )
    device.replica.write(Writing(odd, Part()))
    create_snapshot(device.library, device.replica, "twenty days", "test")


def _pins(device: Device) -> list[tuple[int, int]]:
    digest_at = device.library.applier.digest_at
    return [(pin.commit_seq, digest_at(pin.moment)) for pin in device.library.holdings.pins()]


def _rebuilt(device: Device, folder: Path) -> Device:
    """The same device with a library made anew."""
    folder.mkdir()
    library = Library(folder / "library.db", b"k" * 32, device.replica.keys.roots, False)
    twin = device.replica.twin(library, RememberedHeads(folder))
    twin.pull()
    return Device(twin, folder)


def _reset(device: Device) -> ResetPlan:
    plan = planned_reset(device.replica, ignore)
    reset(device.replica, plan, ignore)
    return plan


def _is_sound(store: MemoryStore, device: Device) -> bool:
    replica = device.replica
    found = Verifier(
        store, replica.log, replica.keys, device.library, ignore, replica.clock.now_ms()
    ).run()
    return found.damage == () and device.library.check() == []


def _damage(store: MemoryStore, name: bytes) -> None:
    store._objects[name] = b"not what it was"


def test_a_reset_changes_nothing_that_anybody_sees(tmp_path: Path) -> None:
    store, (device, other) = _made(tmp_path)
    _lived(device)
    other.replica.pull()
    before = set(device.library.holdings.live_segments())
    digest, pins, seq = device.library.digest(), _pins(device), device.library.head_seq()
    counts = device.library.counts()
    plan = _reset(device)
    assert plan.segments == len(before) > 8
    assert (plan.healed, plan.regained, plan.kept) == (0, 0, 0)
    assert not before & set(device.library.holdings.live_segments())
    other.replica.pull()
    for one in (device, other, _rebuilt(device, tmp_path / "anew")):
        assert one.library.digest() == digest
        assert _pins(one) == pins
        assert one.library.counts() == counts
        assert one.library.head_seq() > seq
        assert one.library.holdings.damage() == []
        assert _is_sound(store, one)


def test_all_commits_of_a_reset_say_that_they_are_one_and_the_last_drop(tmp_path: Path) -> None:
    store, (device, _) = _made(tmp_path)
    _lived(device)
    seq = device.library.head_seq()
    plan = _reset(device)
    headers = [parse_commit(data).header for _, data in store.read_commits("messages", seq + 1)]
    assert {header.kind for header in headers} == {CommitKind.RESET}
    added = [bool(header.added) for header in headers]
    assert added == sorted(added, reverse=True)
    assert added.count(True) > 1
    assert added.count(False) == -(-plan.segments // 8)
    assert not any(header.dropped for header in headers if header.added)


def test_what_nobody_can_read_any_more_is_healed_by_who_has_it(tmp_path: Path) -> None:
    store, (device, late) = _made(tmp_path)
    days(device)
    digest = device.library.digest()
    _damage(store, device.library.holdings.live_segments()[3][0])
    late.replica.pull()
    assert late.library.digest() != digest
    assert len(late.library.holdings.damage()) == 1
    plan = _reset(device)
    assert plan.healed == 1
    late.replica.pull()
    anew = _rebuilt(device, tmp_path / "anew")
    for one in (device, late, anew):
        assert one.library.digest() == digest
    assert anew.library.holdings.damage() == []
    replica = anew.replica
    found = Verifier(
        store, replica.log, replica.keys, anew.library, ignore, replica.clock.now_ms()
    ).run()
    assert [item.cost for item in found.damage] == ["Nothing refers to it: nothing is lost."]


def test_what_a_device_never_read_stays_for_who_has_it(tmp_path: Path) -> None:
    store, (device, late) = _made(tmp_path)
    days(device)
    digest = device.library.digest()
    damaged = device.library.holdings.live_segments()[3][0]
    _damage(store, damaged)
    plan = _reset(late)
    assert (plan.healed, plan.kept) == (0, 1)
    assert damaged in {name for name, _, _ in late.library.holdings.live_segments()}
    # It was not dropped: the device that has it still heals it.
    device.replica.pull()
    assert device.library.digest() == digest
    assert _reset(device).healed == 1
    late.replica.pull()
    assert late.library.digest() == digest


def test_what_can_be_read_again_is_taken_in_first(tmp_path: Path) -> None:
    store, (device, late) = _made(tmp_path)
    days(device)
    name = device.library.holdings.live_segments()[3][0]
    good = store.get_object(name)
    _damage(store, name)
    late.replica.pull()
    store._objects[name] = good
    plan = _reset(late)
    assert (plan.regained, plan.kept) == (1, 0)
    assert late.library.digest() == device.library.digest()
    device.replica.pull()
    assert device.library.digest() == late.library.digest()


def test_what_another_writes_meanwhile_stays(tmp_path: Path) -> None:
    store, (device, other) = _made(tmp_path)
    _lived(device)
    other.replica.pull()
    told: list[int] = []

    def report(_: object) -> None:
        if not told:
            days(other, 20, 1)
            told.append(1)

    plan = planned_reset(device.replica, ignore)
    reset(device.replica, plan, report)
    other.replica.pull()
    assert device.library.counts().messages == other.library.counts().messages
    assert device.library.digest() == other.library.digest()
    assert _rebuilt(device, tmp_path / "anew").library.digest() == device.library.digest()
    assert _is_sound(store, device)


def test_a_compaction_meanwhile_loses_nothing(tmp_path: Path) -> None:
    store, (device, other) = _made(tmp_path)
    _lived(device)
    other.replica.pull()
    digest = device.library.digest()
    plan = planned_reset(device.replica, ignore)
    assert merge_small(other.replica).segments > 1
    reset(device.replica, plan, ignore)
    anew = _rebuilt(device, tmp_path / "anew")
    assert anew.library.digest() == device.library.digest() == digest
    assert _is_sound(store, anew)


@pytest.mark.parametrize("step", [0, 1, 3, 5])
def test_cut_off_anywhere_the_state_is_the_same(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, (device, other) = _made(tmp_path)
    _lived(device)
    digest, pins = device.library.digest(), _pins(device)
    with monkeypatch.context() as patched, pytest.raises(StoreError):
        patched.setattr(device.replica, "write", _failing(device.replica.write, step))
        _reset(device)
    other.replica.pull()
    for one in (device, other, _rebuilt(device, tmp_path / "anew")):
        assert one.library.digest() == digest
        assert _pins(one) == pins
    # The next one replaces what the first one wrote too.
    _reset(other)
    device.replica.pull()
    for one in (device, other, _rebuilt(device, tmp_path / "again")):
        assert one.library.digest() == digest
        assert _pins(one) == pins
    assert _is_sound(store, device)


def _failing(write: Callable[..., object], after: int) -> Callable[..., object]:
    done = [0]

    def failing(*arguments: object) -> object:
        if done[0] == after:
            raise StoreError("away")
        done[0] += 1
        return write(*arguments)

    return failing


def test_a_library_that_is_not_whole_says_nothing_anew(tmp_path: Path) -> None:
    _, (device, _) = _made(tmp_path)
    days(device)
    seq = device.library.head_seq()
    connection = device.library.database.connection
    connection.execute("UPDATE fact SET value = zeroblob(32) WHERE name = 'digest'")
    with pytest.raises(LibraryNotWhole):
        planned_reset(device.replica, ignore)
    assert device.library.head_seq() == seq


def test_what_is_said_anew_is_no_news(tmp_path: Path) -> None:
    _, (device, _) = _made(tmp_path)
    _lived(device)
    device.replica.clock.advance(1_000)  # type: ignore[attr-defined]
    _reset(device)
    assert bytes_since(device.replica, NOW_MS + 1) == 0


def test_it_leaves_the_reserve_of_a_full_account_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, (device, _) = _made(tmp_path)
    days(device, 0, 2)
    plan = planned_reset(device.replica, ignore)

    def essential(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(replica_module, "essential", essential)
    reset(device.replica, plan, ignore)
    with pytest.raises(AssertionError):
        days(device, 2, 1)


def test_a_piece_that_was_dropped_keeps_its_name(tmp_path: Path) -> None:
    """A state that names it is said as it is."""
    _, (device, _) = _made(tmp_path)
    days(device, 0, 2)
    path = tmp_path / "photo"
    path.write_bytes(b"the bytes of a photo")
    (stored,) = device.replica.put_files([path])
    assert not isinstance(stored, OSError)
    told = entry(CONTENT, stored.content)
    change = Change(int(Kind.ATTACHMENT), b"\4" * 16, 0, 5, device.replica.device, (told,))
    device.replica.write(Writing((change,), Part(), chunks=stored.chunks))
    gone = tuple(name for name, _ in stored.chunks)
    device.replica.write(Writing((), Part(), dropped=gone))
    digest = device.library.digest()
    _reset(device)
    assert device.library.digest() == digest
