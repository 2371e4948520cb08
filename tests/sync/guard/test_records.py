"""What another device deletes or purges is held beyond the limits, until two devices say so."""

from sealwax.library.project import TRASH
from sealwax.model.change import Change, entry
from sealwax.model.field import HELD, LIFE, PURGED, TEXT
from sealwax.model.record import Kind
from sealwax.sync.guard.plan import BEFORE
from tests.homes import DAY_MS
from tests.sync.guard.household import CHATS, PER_CHAT, House

HONEST, OTHER, EVIL = 0, 1, 2
ALL = {f"words of message {number}" for number in range(CHATS * PER_CHAT)}


def test_many_deletions_are_held_whatever_they_say_of_being_held_or_confirmed(
    house: House,
) -> None:
    evil = house.evil()
    for number, marks in enumerate(((), (entry(HELD, True, "1"),), (entry(HELD, False, "1"),))):
        evil.delete(house.rows(HONEST, number), 1, *marks)
    assert house.sync(HONEST).held == 3 * PER_CHAT
    (asked,) = house.asked(HONEST)
    assert (asked.device, asked.deleted, asked.conversations) == ("device 2", 3 * PER_CHAT, 3)
    assert asked.is_confirmed
    assert [pin.reason for pin in house.pins(HONEST)] == [BEFORE]
    assert house.texts(HONEST, house.pins(HONEST)[0].moment) == ALL
    # What the evil device answers counts for nothing, nor does it when it says it again.
    evil.answer(house.rows(HONEST, 0, 1, 2, place=TRASH))
    evil.delete(house.rows(HONEST, 0, 1, 2, place=TRASH))
    assert house.sync(HONEST).held == 0
    assert house.held(HONEST).waiting() == 3 * PER_CHAT
    assert house.answer(HONEST, is_accepted=False) == 3 * PER_CHAT
    assert house.texts(HONEST) == ALL
    assert house.asked(HONEST) == []
    house.sync(HONEST, OTHER)
    assert house.texts(OTHER) == ALL


def test_what_it_deletes_and_then_purges_comes_back_to_the_present(house: House) -> None:
    """A snapshot from in between, which shows it in the trash, is the moment before more."""
    evil, records = house.evil(), house.rows(HONEST)
    evil.delete(house.rows(HONEST, 0, 1, 2))
    house.sync(HONEST)
    house.snapshot(HONEST, "in between")
    evil.purge(records, 1)
    house.sync(HONEST)
    assert sum(asked.records for asked in house.asked(HONEST)) == len(records)
    house.answer(HONEST, is_accepted=False)
    assert house.texts(HONEST) == ALL
    house.sync(HONEST)
    assert house.asked(HONEST) == []


def test_a_purge_is_held_and_its_words_come_back(house: House) -> None:
    house.evil().purge(house.rows(HONEST, 0, 1, 2), 0)
    assert house.sync(HONEST).held == 3 * PER_CHAT
    (asked,) = house.asked(HONEST)
    assert (asked.purged, asked.deleted) == (3 * PER_CHAT, 0)
    assert len(house.texts(HONEST)) == 9 * PER_CHAT
    assert house.texts(HONEST, house.pins(HONEST)[0].moment) == ALL
    assert house.answer(HONEST, is_accepted=False) == 3 * PER_CHAT
    assert house.texts(HONEST) == ALL
    assert house.asked(HONEST) == []
    house.sync(HONEST, OTHER)
    assert house.texts(OTHER) == ALL


def test_letting_a_purge_stand_lets_go_of_the_moment_before(house: House) -> None:
    house.evil().purge(house.rows(HONEST, 0, 1, 2), 0)
    house.sync(HONEST)
    assert len(house.pins(HONEST)) == 1
    assert house.answer(HONEST, is_accepted=True) == 3 * PER_CHAT
    assert house.pins(HONEST) == []
    # The other honest device sees both at once: two devices say so, so it asks nothing.
    assert house.sync(OTHER).held == 0
    assert house.asked(OTHER) == house.asked(HONEST) == []


def test_other_words_under_a_new_life_hide_no_purge(house: House) -> None:
    evil, records = house.evil(), house.rows(HONEST, 0, 1, 2)
    evil.purge(records, 1)
    forged = [
        Change(int(Kind.MESSAGE), one, life, 9, evil.id, told)
        for one in records
        for life, told in ((None, (entry(LIFE, 2),)), (2, (entry(TEXT, "rubbish"),)))
    ]
    evil.append(changes=forged)
    assert house.sync(HONEST).held == 3 * PER_CHAT
    assert house.sync(HONEST).held == 0
    assert house.held(HONEST).waiting() == 3 * PER_CHAT
    house.answer(HONEST, is_accepted=False)
    assert house.texts(HONEST) >= ALL


def test_a_little_goes_through_and_what_it_purges_stays_in_a_snapshot(house: House) -> None:
    evil = house.evil()
    evil.delete(house.rows(HONEST, 0))
    assert house.sync(HONEST).held == 0
    assert house.pins(HONEST) == []
    assert len(house.texts(HONEST, place=TRASH)) == PER_CHAT
    # Emptying the trash so early is not what the trash is for.
    evil.purge(house.rows(HONEST, 0, place=TRASH), 1)
    assert house.sync(HONEST).held == 0
    assert house.reachable(HONEST) == ALL
    # Letting go of that snapshot is never a little.
    (pin,) = house.pins(HONEST)
    evil.unpin(pin.commit_seq)
    assert house.sync(HONEST).held == 1
    assert house.reachable(HONEST) == ALL
    assert house.asked(HONEST)[0].snapshots == ("",)
    assert house.answer(HONEST, is_accepted=True) == 1
    assert house.pins(HONEST) == []


def test_what_lay_in_the_trash_for_weeks_is_emptied_without_a_question(house: House) -> None:
    house.delete(HONEST, 0)
    house.sync(HONEST, OTHER)
    house.advance(16 * DAY_MS)
    house.sync(OTHER)
    house.evil().purge(house.rows(OTHER, 0, place=TRASH), 1)
    assert house.sync(OTHER).held == 0
    assert house.pins(OTHER) == []
    assert len(house.texts(OTHER, place=TRASH)) == 0


def test_little_by_little_is_too_much_within_a_day_by_the_own_clock(house: House) -> None:
    evil = house.evil()
    times = iter((0, 2**52, 1_000))
    evil.time_ms = lambda: next(times, 5)
    held = []
    for number in range(3):
        evil.delete(house.rows(HONEST, number))
        held.append(house.sync(HONEST).held)
    assert held == [0, 2 * PER_CHAT, PER_CHAT]
    assert house.held(HONEST).waiting() == 3 * PER_CHAT


def test_little_by_little_on_different_days_goes_through(house: House) -> None:
    evil = house.evil()
    for number in range(3):
        evil.delete(house.rows(HONEST, number))
        assert house.sync(HONEST).held == 0
        house.advance(DAY_MS + 1)


def test_a_person_with_two_devices_is_asked_once_and_never_again(house: House) -> None:
    house.delete(HONEST, 0, 1, 2, 3, 4)
    house.sync(HONEST)
    assert house.sync(OTHER).held == 5 * PER_CHAT
    (asked,) = house.asked(OTHER)
    assert (asked.device, asked.is_confirmed, asked.conversations) == ("device 0", True, 5)
    assert house.sync(OTHER).held == 0
    house.sync(HONEST)
    # Where they were deleted nothing waits for an answer: it waits elsewhere.
    assert house.asked(HONEST) == []
    assert house.held(HONEST).asked_elsewhere() == 5 * PER_CHAT
    assert house.answer(OTHER, is_accepted=True) == 5 * PER_CHAT
    # A third device hears of both, and asks nothing; nor does it if it had asked before.
    for _ in range(2):
        for number in (OTHER, HONEST, EVIL):
            assert house.sync(number).held == 0
            assert house.asked(number) == []
    assert house.held(HONEST).asked_elsewhere() == 0
    assert len(house.texts(OTHER, place=TRASH)) == 5 * PER_CHAT


def test_a_third_device_that_asks_already_takes_the_answer(house: House) -> None:
    house.delete(HONEST, 0, 1, 2, 3, 4)
    house.sync(HONEST)
    for number in (OTHER, EVIL):
        assert house.sync(number).held == 5 * PER_CHAT
    house.answer(OTHER, is_accepted=True)
    house.sync(OTHER, EVIL)
    assert house.asked(EVIL) == []
    house.advance(31 * DAY_MS)
    assert house.sync(EVIL).held == 0


def test_what_a_person_takes_back_is_asked_nowhere_any_more(house: House) -> None:
    house.delete(HONEST, 0, 1, 2)
    house.sync(HONEST, OTHER, EVIL)
    assert house.answer(EVIL, is_accepted=False) == 3 * PER_CHAT
    house.sync(EVIL, OTHER, HONEST)
    for number in (HONEST, OTHER, EVIL):
        assert house.asked(number) == []
        assert house.texts(number) == ALL


def test_what_is_deleted_on_two_devices_is_meant(house: House) -> None:
    # Neither has heard of the other.
    house.delete(HONEST, 0, 1, 2)
    house.homes[OTHER].device.journal.is_sharing = False
    house.delete(OTHER, 0, 1, 2)
    house.homes[OTHER].device.journal.is_sharing = True
    house.sync(HONEST)
    assert house.sync(OTHER).held == 0
    assert house.sync(EVIL).held == 0
    assert house.sync(HONEST).held == 0


def test_what_is_asked_survives_a_library_that_is_made_anew(house: House) -> None:
    house.evil().purge(house.rows(HONEST, 0, 1, 2), 0)
    house.sync(HONEST)
    house.homes[HONEST].kill(is_library_lost=True)
    assert house.sync(HONEST).held == 0
    assert house.held(HONEST).waiting() == 3 * PER_CHAT
    assert house.reachable(HONEST) == ALL
    house.answer(HONEST, is_accepted=False)
    assert house.texts(HONEST) == ALL


def test_a_device_that_is_cut_off_from_the_rest_keeps_the_moment_for_itself(house: House) -> None:
    device = house.homes[HONEST].device
    device.journal.is_sharing = False
    house.evil().purge(house.rows(HONEST, 0, 1, 2), 0)
    device.sync.pull()
    own = [pin for pin in house.pins(HONEST) if pin.zone == device.outbox.zone]
    assert len(own) == 1
    assert house.reachable(HONEST) == ALL
    device.journal.is_sharing = True
    house.sync(HONEST)
    assert {pin.zone for pin in house.pins(HONEST)} == {"messages"}
    assert house.reachable(HONEST) == ALL


def test_what_waits_here_alone_is_kept_though_the_shared_history_never_had_it(
    house: House,
) -> None:
    from tests.sync.guard.household import message

    house.homes[HONEST].device.journal.is_sharing = False
    numbers = range(1_000, 1_000 + 2 * PER_CHAT)
    house.take(HONEST, [message(number) for number in numbers])
    house.take(EVIL, [message(number) for number in numbers])
    evil = house.evil()
    known = {f"words of message {number}" for number in numbers}
    records = [one for one in house.rows(HONEST) if one not in set(house.rows(OTHER))]
    evil.purge(records, 0)
    house.homes[HONEST].device.journal.is_sharing = True
    assert house.sync(HONEST).held == 2 * PER_CHAT
    assert house.reachable(HONEST) >= known


def test_a_purge_of_part_of_it_and_a_deletion_are_one_question(house: House) -> None:
    evil = house.evil()
    evil.append(
        changes=[
            Change(int(Kind.MESSAGE), one, None, 1, evil.id, (entry(LIFE, 1), entry(PURGED, 1)))
            for one in house.rows(HONEST, 0)
        ]
    )
    evil.delete(house.rows(HONEST, 1))
    assert house.sync(HONEST).held == 2 * PER_CHAT
    (asked,) = house.asked(HONEST)
    assert (asked.deleted, asked.purged, asked.conversations) == (PER_CHAT, PER_CHAT, 2)


def test_an_answer_ends_the_question_though_something_was_purged_meanwhile(house: House) -> None:
    """Of that nothing can come back any more, here where a person purged it."""
    for chat in range(4):
        house.delete(OTHER, chat)
    house.sync(OTHER)
    house.sync(HONEST)
    purged = house.rows(HONEST, 0, place=TRASH)
    house.purge(HONEST, purged)
    assert house.answer(HONEST, is_accepted=False) == 3 * PER_CHAT
    assert house.asked(HONEST) == []
    assert len(house.texts(HONEST)) == len(ALL) - len(purged)
