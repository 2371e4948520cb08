"""What nothing holds is deleted: not too early, and never unless the rest is enough."""

from pathlib import Path

import pytest

from sealwax.base.clock import SetClock
from sealwax.library.doubts import Unproved
from sealwax.snapshot.pins import create_snapshot, drop_snapshots, list_snapshots
from sealwax.stores.memory import MemoryStore
from sealwax.sync.compaction.apply import merge_small
from sealwax.sync.compaction.collect import GRACE_MS, RebuildDiffers, collect, collectable
from tests.homes import NOW_MS, ignore
from tests.sync.compaction.test_apply import DAYS, days, devices, is_sound, words_at
from tests.sync.devices import Device

LATER_MS = NOW_MS + GRACE_MS + 1


def _collect(device: Device, folder: Path, now_ms: int = LATER_MS) -> int:
    return collect(device.replica, folder, now_ms, ignore).objects


def _names(store: MemoryStore) -> set[bytes]:
    return {stored.name for stored in store.list_objects()}


def test_merged_inputs_go_after_their_time(tmp_path: Path) -> None:
    store, (device,) = devices(tmp_path)
    days(device)
    merge_small(device.replica)
    assert collectable(device.replica, NOW_MS + GRACE_MS - 1).sizes == {}
    assert _collect(device, tmp_path / "scratch", NOW_MS) == 0
    before = len(_names(store))
    now = words_at(device, device.library.head_seq())
    assert _collect(device, tmp_path / "scratch") == DAYS
    assert len(_names(store)) == before - DAYS
    assert words_at(device, device.library.head_seq()) == now
    assert is_sound(store, device)
    assert _collect(device, tmp_path / "scratch") == 0
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_a_snapshot_holds_stays_until_it_went_long_ago(tmp_path: Path) -> None:
    store, (device,) = devices(tmp_path)
    days(device, 0, 10)
    create_snapshot(device.library, device.replica, "kept", "test")
    days(device, 10, 10)
    merge_small(device.replica)
    assert _collect(device, tmp_path / "scratch") == 10
    assert is_sound(store, device)
    device.replica.clock = SetClock(LATER_MS)
    drop_snapshots(device.library, device.replica, list_snapshots(device.library), LATER_MS)
    # They are held by nothing now, but not for long enough.
    assert _collect(device, tmp_path / "scratch", LATER_MS + 1) == 0
    assert _collect(device, tmp_path / "scratch", LATER_MS + GRACE_MS + 1) == 10
    assert is_sound(store, device)


def test_nothing_goes_while_the_rest_is_not_enough(tmp_path: Path) -> None:
    store, (device,) = devices(tmp_path)
    days(device)
    merge_small(device.replica)
    merged = device.library.holdings.live_segments()[0][0]
    store.delete_objects([merged])
    before = _names(store)
    with pytest.raises(RebuildDiffers):
        _collect(device, tmp_path / "scratch")
    assert _names(store) == before


@pytest.mark.parametrize("forged_ms", [0, 1_590_000_000_000, 2**52])
def test_no_time_that_a_commit_tells_ends_the_time_of_grace(tmp_path: Path, forged_ms: int) -> None:
    _, (device, other) = devices(tmp_path, 2)
    days(device)
    other.replica.pull()
    other.replica.clock = SetClock(forged_ms)
    merge_small(other.replica)
    create_snapshot(other.library, other.replica, "", "test")
    device.replica.pull()
    for now_ms in (NOW_MS, NOW_MS + GRACE_MS - 1):
        assert collectable(device.replica, now_ms).sizes == {}
    assert len(collectable(device.replica, NOW_MS + GRACE_MS).sizes) == DAYS


def test_a_clock_that_was_years_behind_ends_no_time_of_grace_when_it_is_right(
    tmp_path: Path,
) -> None:
    _, (device,) = devices(tmp_path)
    device.replica.clock = SetClock(1_590_000_000_000)
    days(device)
    merge_small(device.replica)
    device.replica.clock = SetClock(NOW_MS)
    create_snapshot(device.library, device.replica, "", "test")
    assert collectable(device.replica, NOW_MS).sizes == {}
    assert len(collectable(device.replica, NOW_MS + GRACE_MS).sizes) == DAYS


def test_a_library_that_is_made_anew_makes_no_time_of_grace_shorter(tmp_path: Path) -> None:
    _, (device,) = devices(tmp_path)
    days(device)
    merge_small(device.replica)
    device.library.clear()
    device.replica.clock = SetClock(NOW_MS + GRACE_MS // 2)
    device.replica.pull()
    assert collectable(device.replica, NOW_MS + GRACE_MS - 1).sizes == {}
    assert len(collectable(device.replica, NOW_MS + GRACE_MS).sizes) == DAYS


def test_what_another_history_was_seen_to_hold_says_nothing_of_this_one(tmp_path: Path) -> None:
    _, (device,) = devices(tmp_path)
    days(device)
    merge_small(device.replica)
    head = device.replica.head()
    device.library.guarded.seen.forget_heads(head.zone)
    device.library.guarded.seen.note_head(head._replace(hash=b"o" * 32), NOW_MS)
    assert collectable(device.replica, NOW_MS + 2 * GRACE_MS).sizes == {}


def test_what_was_dropped_without_a_proof_stays(tmp_path: Path) -> None:
    _, (device,) = devices(tmp_path)
    days(device)
    merge_small(device.replica)
    head = device.replica.head()
    guarded = device.library.guarded
    with guarded.transaction():
        guarded.doubts.doubt([Unproved(head.seq, head.hash, b"t" * 16, "compact")])
    assert collectable(device.replica, NOW_MS + 2 * GRACE_MS).sizes == {}
    with guarded.transaction():
        guarded.doubts.settle([head.seq])
    assert len(collectable(device.replica, NOW_MS + 2 * GRACE_MS).sizes) == DAYS
