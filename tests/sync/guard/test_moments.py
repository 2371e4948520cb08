"""The moment before a loss is one that this device has, and what it holds is there for all."""

from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.project import TRASH
from sealwax.sync.guard.plan import BEFORE
from sealwax.vault.commit_part import Part
from tests.sync.guard.household import CHATS, PER_CHAT, House, message

HONEST, OTHER, EVIL = 0, 1, 2
COUNT = CHATS * PER_CHAT
ALL = {f"words of message {number}" for number in range(COUNT)}


def _lose(house: House) -> None:
    house.evil().delete(house.rows(HONEST, 0, 1, 2))


def _compact_all(house: House) -> set[bytes]:
    """Everything is written once more, and what held it before is gone from the place."""
    evil = house.evil()
    history = evil.pulled()
    names = [name for name, _, _ in history.library.holdings.live_segments()]
    changes = [change for name in names for change in history.read_segment(name)]
    evil.append(CommitKind.COMPACT, changes, dropped=names)
    house.place.delete_objects(names)
    return set(names)


def test_it_is_the_head_that_the_device_had(house: House) -> None:
    """What came after that, up to the loss, may be compacted and gone when it is pulled."""
    seen_seq = house.library(HONEST).head_seq()
    house.take(OTHER, [message(number) for number in range(COUNT, COUNT + 12)])
    house.sync(OTHER)
    _lose(house)
    _compact_all(house)
    house.sync(HONEST)
    (pin,) = [one for one in house.pins(HONEST) if one.reason == BEFORE]
    assert pin.pinned_seq == seen_seq
    assert house.texts(HONEST, pin.moment) == ALL
    assert len(house.texts(HONEST) | house.texts(HONEST, place=TRASH)) == COUNT + 12


def test_what_it_holds_is_put_back_for_all(house: House) -> None:
    _lose(house)
    gone = _compact_all(house)
    assert not house.place.has_objects(gone)
    house.sync(HONEST)
    (pin,) = [one for one in house.pins(HONEST) if one.reason == BEFORE]
    assert pin.zone == MESSAGES_ZONE
    listed = house.library(HONEST).holdings.listed()
    held = {name for name, _, dropped_seq, _, _ in listed if dropped_seq is not None}
    assert held and held <= gone
    assert house.place.has_objects(held) == held


def test_where_it_cannot_be_put_back_this_device_keeps_it_alone(house: House) -> None:
    device = house.homes[HONEST].device
    assert device.mirror is not None
    (lacking, *_), *_ = device.history.library.holdings.live_segments()
    _lose(house)
    _compact_all(house)
    device.mirror.near.delete_objects([lacking])
    house.sync(HONEST)
    (pin,) = [one for one in house.pins(HONEST) if one.reason == BEFORE]
    assert pin.zone == device.outbox.zone
    assert house.texts(HONEST, pin.moment) == ALL
    # Once it is there again, the others get the snapshot too.
    evil_near = house.homes[EVIL].device.mirror
    assert evil_near is not None
    house.place.put_objects([(lacking, evil_near.near.get_object(lacking))])
    house.sync(HONEST)
    (pin,) = [one for one in house.pins(HONEST) if one.reason == BEFORE]
    assert pin.zone == MESSAGES_ZONE


def test_a_snapshot_after_something_was_replaced_is_no_moment_before(house: House) -> None:
    """One device drops all, pins what is left, and purges."""
    evil = house.evil()
    evil.append(CommitKind.PURGE, dropped=evil.segments())
    evil.append(CommitKind.PIN, part=Part(reason="before a purge"))
    evil.purge(house.rows(HONEST, 0, 1, 2), 0)
    house.sync(HONEST)
    house.homes[HONEST].kill(is_library_lost=True)
    assert house.reachable(HONEST) == ALL
    house.answer(HONEST, is_accepted=False)
    assert house.texts(HONEST) == ALL


def test_a_question_about_what_was_said_since_ends_where_another_device_undoes_it(
    house: House,
) -> None:
    """The moment that its losses name is one at which nothing of it was said yet."""
    evil = house.evil()
    evil.append(CommitKind.PURGE, dropped=evil.segments())
    house.take(HONEST, [message(number) for number in range(COUNT, COUNT + 12)])
    evil.pulled()
    said = [one for one in evil.records() if one not in house.rows(OTHER)]
    house.take(OTHER, [message(COUNT + 12)])
    evil.purge(said, 0)
    house.sync(HONEST, OTHER)
    assert [asked.purged for asked in house.asked(OTHER)] == [len(said)]
    house.answer(HONEST, is_accepted=False)
    # A library that is made anew shows all moments that are pinned.
    house.homes[OTHER].kill(is_library_lost=True)
    house.sync(OTHER)
    assert house.asked(OTHER) == []


def test_each_moment_before_stays_while_what_it_shows_is_lost(house: House) -> None:
    """One device drops all, and purges what was said since: no moment has both."""
    evil = house.evil()
    evil.append(CommitKind.PURGE, dropped=evil.segments())
    house.take(HONEST, [message(number) for number in range(COUNT, COUNT + 12)])
    said = {f"words of message {number}" for number in range(COUNT, COUNT + 12)}
    evil.pulled()
    evil.purge([one for one in evil.records() if one not in house.rows(OTHER)], 0)
    house.sync(HONEST)
    assert [asked.purged for asked in house.asked(HONEST)] == [len(said)]
    pins = [pin for pin in house.library(HONEST).holdings.all_pins() if pin.reason == BEFORE]
    assert len(pins) == 2
    for pin in pins:
        evil.unpin(pin.commit_seq)
        house.sync(HONEST)
        house.homes[HONEST].kill(is_library_lost=True)
        assert house.reachable(HONEST) >= said
    house.answer(HONEST, is_accepted=False)
    assert house.texts(HONEST) == ALL | said
    house.sync(HONEST)
    assert house.asked(HONEST) == []
