"""What another device replaces is proved by reading; what it left out is put back, and told."""

from collections.abc import Callable

import pytest

from sealwax.ledger.commit import CommitKind
from sealwax.library.library import Library
from sealwax.stores.memory import MemoryStore
from sealwax.sync.compaction.apply import drop_purged_words, merge_small
from sealwax.sync.compaction.collect import collectable
from sealwax.sync.guard.proof import TOLD_LESS
from sealwax.sync.reset.apply import planned_reset, reset
from sealwax.vault.digest import digest_bytes
from tests.homes import DAY_MS, NOW_MS, ignore
from tests.sync.guard.household import CHATS, PER_CHAT, House, message

HONEST, OTHER = 0, 1
ALL = {f"words of message {number}" for number in range(CHATS * PER_CHAT)}
Digest = Callable[[Library], bytes | None]


def _alarms(house: House, number: int) -> list[tuple[str, bytes]]:
    return [(one.what, one.device) for one in house.library(number).guarded.doubts.alarms()]


def _true_of_nothing(_: Library) -> bytes:
    return digest_bytes(0)


def _as_before(library: Library) -> bytes:
    return digest_bytes(library.digest())


DIGESTS: list[Digest] = [_as_before, _true_of_nothing, lambda _: None, lambda _: b"x" * 32]


def _is_whole_again(house: House) -> None:
    """All devices have everything, and so has one that begins."""
    house.sync(HONEST, OTHER)
    for number in (HONEST, OTHER):
        assert house.sync(number).is_verified
        assert house.texts(number) == ALL
        assert not house.library(number).guarded.doubts.unproved()
    house.homes[OTHER].kill(is_library_lost=True)
    assert house.texts(OTHER) == ALL


@pytest.mark.parametrize("kind", [CommitKind.PURGE, CommitKind.RESET])
@pytest.mark.parametrize("digest", DIGESTS)
def test_all_that_is_dropped_comes_back(house: House, kind: CommitKind, digest: Digest) -> None:
    evil = house.evil()
    evil.digest = digest
    evil.append(kind, dropped=evil.segments())
    done = house.sync(HONEST)
    assert done.is_verified, done
    assert house.texts(HONEST) == ALL
    assert _alarms(house, HONEST) == [(TOLD_LESS, evil.id)]
    _is_whole_again(house)


@pytest.mark.parametrize("digest", DIGESTS)
def test_a_change_or_a_false_compaction_drops_nothing(house: House, digest: Digest) -> None:
    evil = house.evil()
    evil.digest = digest
    evil.append(CommitKind.CHANGE, dropped=evil.segments())
    evil.append(CommitKind.COMPACT, dropped=evil.segments())
    house.sync(HONEST)
    assert house.texts(HONEST) == ALL
    assert len(house.library(HONEST).holdings.refused_drops()) == 2
    assert house.library(HONEST).holdings.live_segments()


def test_a_compaction_that_lies_about_its_own_segments_is_found_out(house: House) -> None:
    evil = house.evil()
    names = evil.segments()
    known = evil.library.holdings.known(names)
    total = sum(int.from_bytes(one.change_digest or b"", "big") for one in known.values())
    little = evil.pulled().read_segment(names[0])[:1]
    evil.append(
        CommitKind.COMPACT,
        little,
        dropped=names,
        change_digest=digest_bytes(total % 2**256),
    )
    assert not set(names) & {name for name, _, _ in evil.library.holdings.live_segments()}
    house.sync(HONEST)
    assert _alarms(house, HONEST) == [(TOLD_LESS, evil.id)]
    _is_whole_again(house)


def test_a_segment_that_does_not_open_tells_nothing(house: House) -> None:
    evil = house.evil()
    names = evil.segments()
    changes = [change for name in names for change in evil.pulled().read_segment(name)]
    evil.append(CommitKind.PURGE, changes, dropped=names)
    fresh = set(evil.segments())
    for name in fresh:
        house.place._objects[name] = b"junk"
    house.sync(HONEST)
    assert _alarms(house, HONEST) == [(TOLD_LESS, evil.id)]
    assert house.texts(HONEST) == ALL


@pytest.mark.parametrize("kind", [CommitKind.PURGE, CommitKind.RESET])
def test_it_is_found_though_the_library_is_lost_before_it_was_proved(
    house: House, kind: CommitKind
) -> None:
    evil = house.evil()
    evil.digest = _true_of_nothing
    evil.append(kind, dropped=evil.segments())
    house.homes[HONEST].device.sync.pull()
    house.homes[HONEST].kill(is_library_lost=True)
    assert house.texts(HONEST) == set()
    house.sync(HONEST)
    assert house.texts(HONEST) == ALL
    assert house.sync(HONEST).is_verified


def test_a_reset_that_leaves_a_little_out_is_found_out(house: House) -> None:
    evil = house.evil()
    names = evil.segments()
    changes = [change for name in names for change in evil.pulled().read_segment(name)]
    evil.append(CommitKind.RESET, changes[:-3])
    evil.append(CommitKind.RESET, dropped=names)
    house.sync(HONEST)
    assert _alarms(house, HONEST) == [(TOLD_LESS, evil.id)]
    _is_whole_again(house)


def _compacted(house: House) -> None:
    merge_small(house.homes[HONEST].device.history)


def _reset(house: House) -> None:
    history = house.homes[HONEST].device.history
    reset(history, planned_reset(history, ignore), ignore)


def _without_purged_words(house: House) -> None:
    house.delete(HONEST, 0)
    house.advance(DAY_MS)
    house.sync(HONEST, OTHER)
    records = house.rows(HONEST, 0, place=2)
    house.evil(HONEST).purge(records, 1)
    house.sync(HONEST)
    house.advance(31 * DAY_MS)
    house.sync(HONEST)
    now_ms = house.clocks[HONEST].now_ms()
    assert drop_purged_words(house.homes[HONEST].device.history, now_ms).segments


@pytest.mark.parametrize("act", [_compacted, _reset, _without_purged_words])
def test_what_is_replaced_honestly_raises_no_alarm(
    house: House, act: Callable[[House], None]
) -> None:
    for number in range(20):
        house.take(HONEST, [message(number + 10_000)])
    house.sync(HONEST, OTHER)
    act(house)
    seq = house.homes[HONEST].device.history.head().seq
    done = house.sync(OTHER)
    assert done.is_verified, done
    assert _alarms(house, OTHER) == []
    assert not house.library(OTHER).guarded.doubts.unproved()
    assert house.library(OTHER).head_seq() <= seq + 1


def test_what_a_device_never_had_it_says_nothing_of(house: House) -> None:
    evil = house.evil()
    evil.append(CommitKind.PURGE, dropped=evil.segments())
    # It begins after that: nothing that was before it is its to judge.
    house.homes[OTHER].close()
    house.homes[OTHER].near = MemoryStore()
    for path in house.homes[OTHER].folder.glob("*"):
        path.unlink()
    house.homes[OTHER].near = MemoryStore()
    house.homes[OTHER].open_again()
    house.sync(OTHER)
    assert _alarms(house, OTHER) == []


def test_what_is_in_doubt_is_not_collected(house: House) -> None:
    evil = house.evil()
    evil.append(CommitKind.PURGE, dropped=evil.segments())
    device = house.homes[HONEST].device
    device.sync.pull()
    assert device.history.library.guarded.doubts.unproved()
    assert collectable(device.history, NOW_MS + 400 * DAY_MS).sizes == {}
