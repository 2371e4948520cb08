"""Small scenes of a simulated account: each is what random worlds had found once."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sealwax.agent.returning import Returning
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.library.holdings import PinRow
from sealwax.library.losses import Taken
from sealwax.model.change import entry
from sealwax.model.field import REACTION
from sealwax.model.record import Kind
from sealwax.snapshot.pins import create_snapshot
from sealwax.sources.base import Observation
from sealwax.stores.faulty import Fault, FaultyStore
from sealwax.sync.guard.plan import BEFORE, How
from sealwax.sync.removed_tail import RemovedDeviceWrote
from sealwax.sync.repair import Answer
from sealwax.sync.trouble import last_trouble
from sealwax.sync.unread import unread
from sealwax.trust.account import read_log
from sealwax.vault.commit_part import MERGED, Part
from sealwax.vault.writing import Writing, write_in_batches
from tests.homes import NOW_MS, ignore
from tests.lying_place import followed_by, one_bit_off, swapped
from tests.sync.simulation.account import let_in
from tests.sync.simulation.acts import (
    back_up,
    collect_unheld,
    import_later_facts,
    import_some,
    make_snapshot,
    merge_segments,
    sync,
    take,
)
from tests.sync.simulation.alarms import alarms
from tests.sync.simulation.checks import check_end, check_some, forged
from tests.sync.simulation.clocks import DAY_MS
from tests.sync.simulation.forgeries import junk
from tests.sync.simulation.forging import Standing
from tests.sync.simulation.home import Home, Image
from tests.sync.simulation.newcomer import check_newcomer
from tests.sync.simulation.place import Disk
from tests.sync.simulation.removed import remove_device
from tests.sync.simulation.size import LIVELY
from tests.sync.simulation.steady import steady
from tests.sync.simulation.words import chats, message, origin
from tests.sync.simulation.world import World

DEVICES = 4
MANY = 20
"""So many small imports make a compaction."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Four devices with right clocks on a good line; the last one may be removed."""
    with steady(), closing(World(tmp_path, 0, LIVELY, (0,) * DEVICES)) as world:
        yield world


def test_a_library_made_anew_while_the_line_breaks_keeps_what_waits(world: World) -> None:
    fresh, other, *_ = world.homes
    import_some(world, other)
    _snapshot_apart(world, other)
    fresh.switch(is_on=False)
    import_some(world, fresh)
    fresh.switch(is_on=True)
    with _failing(fresh, lambda call: call == "get_object"):
        assert fresh.sync().why
    check_some(world, fresh)
    assert fresh.device.sync.waiting().messages == len(fresh.known.said)
    sync(world, fresh)
    check_some(world, fresh)


def test_a_snapshot_does_not_move_to_where_something_could_not_be_read(world: World) -> None:
    """The history that it would move to looks the same only as long as that is so."""
    home, other, *_ = world.homes
    import_some(world, other)
    sync(world, home)
    home.switch(is_on=False)
    import_some(world, home)
    make_snapshot(world, home)
    import_some(world, other)
    world.lies.objects = lambda _, data: one_bit_off(data, 60) if data else data
    home.switch(is_on=True)
    home.sync()
    assert unread(home.library)
    world.lies.be_honest()
    sync(world, home)
    assert not unread(home.library)
    check_some(world, home)


def test_a_snapshot_that_stands_on_the_end_of_a_false_history_stays_as_it_was(
    world: World,
) -> None:
    home, other, *_ = world.homes
    import_some(world, other)
    world.lies.chains = {MESSAGES_ZONE: followed_by(b"no commit")}
    home.sync()
    assert home.library.holdings.void_commits()
    home.switch(is_on=False)
    make_snapshot(world, home)
    world.lies.be_honest()
    import_some(world, other)
    # With another list of devices, what did not count is looked at again.
    let_in(world.place, world.begun, "one more", world.time.now_ms, world.entropy)
    home.switch(is_on=True)
    sync(world, home)
    assert not home.library.holdings.void_commits()
    check_some(world, home)
    home.kill(is_library_lost=True)
    check_some(world, home)


def test_what_a_folder_showed_out_of_order_is_right_again_when_the_folder_is(world: World) -> None:
    home, other, *_ = world.homes
    for _ in range(4):
        import_some(world, other)
    world.lies.chains = {MESSAGES_ZONE: swapped(1, 2)}
    for _ in range(2):
        # The second time it compares what does not count with the folder, which still says so.
        home.sync()
    assert home.library.holdings.void_commits()
    world.lies.be_honest()
    sync(world, home)
    assert not home.library.holdings.void_commits()
    assert home.contents() == other.contents()


def test_what_waits_is_shown_after_a_device_was_put_out(world: World) -> None:
    home, *_ = world.homes
    home.switch(is_on=False)
    import_some(world, home)
    remove_device(world, home)
    check_some(world, home)


def test_words_that_came_after_the_moment_before_are_not_taken_away_by_undoing(
    world: World,
) -> None:
    """Where the moment before a change is let go of, an earlier one may know of the message only
    what somebody said about it."""
    home, *_ = world.homes
    name, library, journal = origin(1), home.library, home.device.journal
    reaction = Observation(
        int(Kind.MESSAGE), name, NOW_MS, (entry(REACTION, ["loved", None, "t1"], "0:1"),)
    )
    take(world, home, [*chats(), reaction])
    create_snapshot(library, journal, "", BEFORE)
    take(world, home, [message(1)])
    record = home.record_of(name)
    taken = Taken(record, How.CHANGED, 0, bytes(16), 99, 1, False, True, int(Kind.MESSAGE), "")
    returning = Returning(library, home.clock.now_ms(), home.device.history.device)
    write_in_batches(journal, returning.changes([taken]), "undo-held")
    assert name in home.origins()


def test_a_snapshot_with_what_a_removed_device_wrote_stays_when_that_is_taken_back(
    world: World,
) -> None:
    aware, unaware, *_ = world.homes
    _forget_removal(world, aware)
    sync(world, unaware)
    make_snapshot(world, unaware)
    assert forged(unaware)
    _resolve(aware)
    sync(world, unaware)
    assert not forged(unaware)
    check_some(world, unaware)


def test_a_snapshot_on_a_history_that_disowned_something_shows_nothing_of_it(world: World) -> None:
    aware, unaware, other, _ = world.homes
    forgotten = _forget_removal(world, aware)
    _resolve(aware)
    import_some(world, other)
    sync(world, other)
    # This one stands on the history with the merge; its place goes back to one without it.
    aware.switch(is_on=False)
    import_some(world, aware)
    make_snapshot(world, aware)
    world.place.put_back(forgotten)
    import_some(world, unaware)
    aware.switch(is_on=True)
    aware.sync()
    _resolve(aware)
    check_some(world, aware)


def test_a_snapshot_from_before_a_removal_shows_what_the_device_had_said_until_then(
    world: World,
) -> None:
    """The tail that is disowned reaches back beyond the removal where histories had parted."""
    aware, unaware, _, gone = world.homes
    early = world.place.copy_disk()
    import_some(world, gone)
    sync(world, unaware)
    unaware.switch(is_on=False)
    make_snapshot(world, unaware)
    late = world.place.copy_disk()
    world.place.put_back(early)
    import_some(world, aware)
    remove_device(world, aware)
    world.place.put_back(late)
    aware.sync()
    _resolve(aware)
    unaware.switch(is_on=True)
    sync(world, unaware)
    check_some(world, unaware)


def test_what_a_merge_disowned_is_asked_about_again_where_the_place_has_lost_the_merge(
    world: World,
) -> None:
    aware, unaware, *_ = world.homes
    forgotten = _forget_removal(world, aware)
    _resolve(aware)
    assert not forged(aware)
    world.place.put_back(forgotten)
    import_some(world, unaware)
    aware.sync()
    assert _is_asked(aware)
    assert not forged(aware)
    _resolve(aware)
    sync(world, unaware)
    assert not forged(aware)
    assert not forged(unaware)


@pytest.mark.parametrize("is_lost_again", [False, True])
def test_what_snapshots_of_an_own_zone_stand_on_is_put_back(
    world: World, is_lost_again: bool
) -> None:
    """Nobody else knew of them while the device was away, so the others let it be deleted. A backup
    puts it back where the place lost it since."""
    away, other, *_ = world.homes
    for _ in range(MANY):
        import_later_facts(world, other)
    sync(world, away)
    away.switch(is_on=False)
    import_some(world, away)
    make_snapshot(world, away)
    import_later_facts(world, away)
    import_some(world, other)
    merge_segments(world, other)
    world.time.advance(31 * DAY_MS)
    sync(world, other)
    collect_unheld(world, other)
    before = world.place.copy_disk()
    away.switch(is_on=True)
    sync(world, away)
    assert _own_pins(away)
    if is_lost_again:
        world.place.put_back(before)
    for home in world.homes:
        sync(world, home)
        back_up(world, home)
    check_newcomer(world)


def test_a_snapshot_that_stands_on_what_is_gone_does_not_stop_its_device(world: World) -> None:
    """What it stood on is on no disk any more: the snapshot is not whole, and all else goes on."""
    home, other, *_ = world.homes
    for _ in range(MANY):
        import_later_facts(world, other)
    sync(world, home)
    home.switch(is_on=False)
    import_some(world, home)
    make_snapshot(world, home)
    import_some(world, other)
    merge_segments(world, other)
    gone = other.library.holdings.dropped_since(home.library.head_seq())
    assert gone
    for store in (world.place.disk, home.near):
        store.delete_objects(gone)
    home.kill(is_library_lost=True)
    home.switch(is_on=True)
    assert home.sync().why == ""
    assert home.known.said <= home.origins()


def test_what_was_replaced_twice_raises_no_alarm(world: World) -> None:
    """A device that was away meets the second compaction together with the first one, whose segment
    nothing holds any more."""
    away, other, *_ = world.homes
    import_some(world, other)
    sync(world, away)
    for _ in range(2):
        _compact_all(other)
    (once,) = other.library.holdings.dropped_since(other.library.head_seq() - 1)
    for store in (world.place.disk, other.near):
        store.delete_objects([once])
    sync(world, away)
    assert alarms(away) == []


def test_what_waited_and_was_shared_since_is_shown_by_a_home_that_was_put_back(
    world: World,
) -> None:
    home, *_ = world.homes
    home.switch(is_on=False)
    import_some(world, home)
    back_up(world, home)
    image = home.take_image()
    home.switch(is_on=True)
    sync(world, home)
    _put_back(home, image)
    assert not home.is_on
    back_up(world, home)
    check_some(world, home)


def test_a_place_that_lost_the_end_of_a_zone_that_was_left_behind_stops_nothing(
    world: World,
) -> None:
    home, other, *_ = world.homes
    import_some(world, other)
    sync(world, home)
    home.switch(is_on=False)
    import_some(world, home)
    back_up(world, home)
    early, image = world.place.copy_disk(), home.take_image()
    import_later_facts(world, home)
    back_up(world, home)
    _put_back(home, image)
    import_later_facts(world, home)
    back_up(world, home)
    # It goes on in a fresh zone now, and has all of the one before it near.
    world.place.put_back(early)
    home.switch(is_on=True)
    assert home.sync().is_verified
    check_some(world, home)


def test_a_place_that_lost_the_end_of_the_log_is_mended_where_something_was_void(
    world: World,
) -> None:
    aware, *_ = world.homes
    import_some(world, aware)
    before = world.place.copy_disk()
    remove_device(world, aware)
    sync(world, aware)
    assert world.removed is not None
    removed = world.removed
    removed.forger.append(
        world.place.disk, MESSAGES_ZONE, junk(world, aware.library), removed.standing
    )
    sync(world, aware)
    assert aware.library.holdings.void_commits()
    world.place.put_back(before)
    sync(world, aware)
    assert last_trouble(aware.library.holdings) is None
    assert world.place.head_seq(ACCOUNT_ZONE) == aware.near.head_seq(ACCOUNT_ZONE)


def test_a_quiet_account_ends_equal(world: World) -> None:
    """The checks themselves hold where nothing happens."""
    import_some(world, world.homes[0])
    for home in world.homes:
        sync(world, home)
    check_end(world)
    check_newcomer(world)


def _forget_removal(world: World, by: Home) -> Disk:
    """The last device is removed, the place forgets it, and the device writes once more; gives the
    disk with what it wrote."""
    import_some(world, by)
    for home in world.homes:
        sync(world, home)
    remove_device(world, by)
    sync(world, by)
    removed = world.removed
    assert removed is not None
    world.place.put_back(removed.disk)
    log = read_log(world.place.disk, removed.account)
    standing = Standing(log.head, log.newest.epoch)
    removed.forger.append(world.place.disk, MESSAGES_ZONE, junk(world, by.library), standing)
    return world.place.copy_disk()


def _resolve(home: Home) -> None:
    """Goes on without what the removed device wrote."""
    done = home.device.sync.resolve(Answer.WITHOUT, ignore)
    assert done.is_verified, done


def _is_asked(home: Home) -> bool:
    trouble = last_trouble(home.library.holdings)
    return trouble is not None and trouble.code == RemovedDeviceWrote.code


def _snapshot_apart(world: World, home: Home) -> None:
    """A snapshot in the device's own zone, which is at the place; something waits beneath it."""
    home.switch(is_on=False)
    import_later_facts(world, home)
    make_snapshot(world, home)
    back_up(world, home)


def _compact_all(home: Home) -> None:
    """All that there is becomes one segment."""
    history = home.device.history
    names = tuple(name for name, *_ in home.library.holdings.live_segments())
    changes = tuple(change for name in names for change in history.read_segment(name))
    history.write(Writing(changes, Part(reason=MERGED), CommitKind.COMPACT, dropped=names))


def _put_back(home: Home, image: Image) -> None:
    home.close()
    home.put_back(image)
    home.open_again()


def _own_pins(home: Home) -> list[PinRow]:
    return [pin for pin in home.library.holdings.pins() if pin.zone == home.device.outbox.zone]


@contextmanager
def _failing(home: Home, is_failing: Callable[[str], bool]) -> Iterator[None]:
    """Within, those calls to the place fail that are named."""
    mirror = home.device.mirror
    assert mirror is not None
    far = mirror.far
    mirror.far = FaultyStore(far, lambda call: Fault.BEFORE if is_failing(call) else None)
    try:
        yield
    finally:
        mirror.far = far
