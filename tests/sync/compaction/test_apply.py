"""Compaction changes no message, no snapshot and no digest, whoever does it and when."""

from pathlib import Path

import msgspec
import pytest

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.dropping import NOT_THE_SAME_CHANGES
from sealwax.library.resting import note_resting
from sealwax.library.select import Moment, Selection
from sealwax.model.change import Change, entry
from sealwax.model.field import LIFE, PURGED, TEXT
from sealwax.snapshot.pins import create_snapshot
from sealwax.snapshot.verify import Verifier
from sealwax.stores.memory import MemoryStore
from sealwax.sync.compaction.apply import (
    PURGE_REST_MS,
    PURGES_EVERY_MS,
    drop_purged_words,
    merge_small,
    planned_merges,
)
from sealwax.sync.replica import DroppedMeanwhile
from sealwax.vault.commit_part import MERGED, Part
from sealwax.vault.compose import Draft
from sealwax.vault.digest import digest_bytes
from sealwax.vault.objects import seal_segment
from sealwax.vault.writing import Writing
from tests.homes import NOW_MS, ignore
from tests.sync.devices import Device, appended, made_devices
from tests.sync.test_simulation import message

DAYS = 20


def days(device: Device, first: int = 0, count: int = DAYS) -> None:
    """A small import on each of so many days."""
    for day in range(first, first + count):
        device.take([message(day * 5 + at, 1, NOW_MS + day) for at in range(5)], NOW_MS + day)


def devices(folder: Path, count: int = 1) -> tuple[MemoryStore, list[Device]]:
    store = MemoryStore()
    entropy = TestOnlySeededEntropy("compaction")
    return store, made_devices(folder, store, count, entropy, lambda _, inner: inner)


def is_sound(store: MemoryStore, device: Device) -> bool:
    replica = device.replica
    found = Verifier(
        store, replica.log, replica.keys, device.library, ignore, replica.clock.now_ms()
    ).run()
    return found.damage == () and device.library.check() == []


def words_at(device: Device, seq: int) -> set[str]:
    rows = device.library.read.messages(Selection(), Moment(seq))
    return {row.state.get(TEXT) for row in rows}


def test_twenty_days_become_one_object_and_nothing_else_changes(tmp_path: Path) -> None:
    store, (device, other) = devices(tmp_path, 2)
    days(device, 0, 10)
    create_snapshot(device.library, device.replica, "ten days", "test")
    days(device, 10, 10)
    pinned = device.library.holdings.pins()[0].pinned_seq
    digest, then, now = (
        device.library.digest(),
        words_at(device, pinned),
        words_at(device, device.library.head_seq()),
    )
    assert (len(then), len(now)) == (50, 100)
    done = merge_small(device.replica)
    assert done.segments == DAYS
    assert done.after_bytes < done.before_bytes
    assert len(device.library.holdings.live_segments()) == 1
    assert device.library.digest() == digest
    assert planned_merges(device.replica) == ()
    # A device that was away reads the merged object instead of the twenty.
    other.replica.pull()
    for one in (device, other):
        assert one.library.digest() == digest
        assert words_at(one, pinned) == then
        assert words_at(one, one.library.head_seq()) == now
        assert is_sound(store, one)


def test_two_devices_compact_at_once_and_nothing_is_doubled(tmp_path: Path) -> None:
    store, (first, second) = devices(tmp_path, 2)
    days(first)
    second.replica.pull()
    assert merge_small(first.replica).segments == DAYS
    # The second one has not seen that yet; at its parent the inputs are gone.
    done = merge_small(second.replica)
    assert done.segments == 0
    assert len(second.library.holdings.live_segments()) == 1
    assert is_sound(store, second)


def test_a_replaced_segment_must_be_live(tmp_path: Path) -> None:
    _, (device,) = devices(tmp_path)
    days(device)
    gone = device.library.holdings.live_segments()[0][0]
    merge_small(device.replica)
    writing = Writing((), Part(reason=MERGED), CommitKind.COMPACT, dropped=(gone,))
    with pytest.raises(DroppedMeanwhile):
        device.replica.write(writing)


def test_an_input_that_does_not_read_is_left_alone(tmp_path: Path) -> None:
    store, (device,) = devices(tmp_path)
    days(device)
    name = device.library.holdings.live_segments()[3][0]
    store.delete_objects([name])
    assert merge_small(device.replica).segments == DAYS - 1
    assert name in {live for live, _, _ in device.library.holdings.live_segments()}


def test_a_merge_that_lost_something_takes_nothing_away(tmp_path: Path) -> None:
    store, (device,) = devices(tmp_path)
    days(device)
    replica = device.replica
    names = tuple(name for name, _, _ in device.library.holdings.live_segments())
    changes = [change for name in names for change in replica.read_segment(name)]
    key = replica.keys.zone_key(replica.zone, 0)
    less = seal_segment(key, replica.keys.roots, changes[1:], TestOnlySeededEntropy("less"))
    store.put_objects([(less.name, less.data)])
    told = ((less.name, len(less.data), digest_bytes(less.change_digest)),)
    part = Part(reason=MERGED)
    seq = appended(device, Draft(CommitKind.COMPACT, b"o" * 16, part, told, dropped=names))
    before = device.library.digest()
    replica.pull()
    assert device.library.digest() == before
    live = {name for name, _, _ in device.library.holdings.live_segments()}
    assert live == {*names, less.name}
    (refused,) = device.library.holdings.refused_drops()
    assert refused == (replica.zone, seq, replica.device, NOT_THE_SAME_CHANGES, DAYS)
    verifier = Verifier(
        store, replica.log, replica.keys, device.library, ignore, replica.clock.now_ms()
    )
    found = verifier.run()
    assert found.is_sound
    assert found.refused == (
        f"device 0 tried to take {DAYS} sealed objects out of the history, but what it writes"
        " instead does not hold the same changes; all of it stays.",
    )


def _purge(device: Device, number: int, time_ms: int) -> None:
    (row,) = [
        row
        for row in device.library.read.messages(Selection(), device.library.now())
        if row.state.get(TEXT) == f"words of message {number}"
    ]
    entries = (entry(LIFE, 1), entry(PURGED, 1))
    change = Change(2, row.uid, None, time_ms, device.replica.device, entries)
    device.replica.write(Writing((change,), Part(reason="purge", confirmed=True)))


def _all_words(device: Device) -> bytes:
    """Every change that the head holds, as one text."""
    live = device.library.holdings.live_segments()
    changes = [change for name, _, _ in live for change in device.replica.read_segment(name)]
    return msgspec.json.encode(changes)


def test_words_purged_long_ago_leave_the_head_and_stay_in_snapshots(tmp_path: Path) -> None:
    store, (device,) = devices(tmp_path)
    days(device, 0, 4)
    create_snapshot(device.library, device.replica, "before", "test")
    pinned = device.library.holdings.pins()[0].pinned_seq
    # The purge tells of a time years ago: what counts is since when this device has seen it.
    _purge(device, 7, NOW_MS - 10 * PURGE_REST_MS)
    digest = device.library.digest()
    note_resting(device.library, NOW_MS)
    assert drop_purged_words(device.replica, NOW_MS + PURGE_REST_MS - 1).segments == 0
    assert b"words of message 7" in _all_words(device)
    later_ms = NOW_MS + PURGE_REST_MS + PURGES_EVERY_MS
    assert drop_purged_words(device.replica, later_ms).segments == 1
    assert b"words of message 7" not in _all_words(device)
    assert b"words of message 8" in _all_words(device)
    assert device.library.digest() == digest
    assert "words of message 7" in words_at(device, pinned)
    assert is_sound(store, device)
    # Once a week is enough.
    _purge(device, 8, NOW_MS)
    note_resting(device.library, later_ms)
    assert drop_purged_words(device.replica, later_ms + 1).segments == 0
    last_ms = later_ms + PURGE_REST_MS
    assert drop_purged_words(device.replica, last_ms).segments == 1
    _purge(device, 9, NOW_MS)
    note_resting(device.library, last_ms)
    assert drop_purged_words(device.replica, last_ms + PURGES_EVERY_MS - 1).segments == 0
