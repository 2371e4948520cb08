"""What nothing holds is deleted: not too early, and never unless the rest is enough."""

from pathlib import Path

import pytest

from sealwax.base.clock import SetClock
from sealwax.base.entropy import SystemEntropy
from sealwax.snapshot.pins import create_snapshot, drop_snapshots, list_snapshots
from sealwax.stores.memory import MemoryStore
from sealwax.sync.compaction.apply import merge_small
from sealwax.sync.compaction.collect import GRACE_MS, RebuildDiffers, collect, collectable
from tests.homes import NOW_MS, ignore
from tests.sync.compaction.test_apply import DAYS, days, devices, is_sound, words_at
from tests.sync.devices import Device

LATER_MS = NOW_MS + GRACE_MS + 1


def _collect(device: Device, folder: Path, now_ms: int = LATER_MS) -> int:
    return collect(device.replica, folder, now_ms, SystemEntropy(), ignore).objects


def _names(store: MemoryStore) -> set[bytes]:
    return {stored.name for stored in store.list_objects()}


def test_merged_inputs_go_after_their_time(tmp_path: Path) -> None:
    store, (device,) = devices(tmp_path)
    days(device)
    merge_small(device.replica)
    assert collectable(device.replica, NOW_MS + GRACE_MS).sizes == {}
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
