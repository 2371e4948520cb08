"""Snapshots that another device lets go of are made again beyond the limits, and asked about."""

from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.snapshot.pins import drop_snapshots, list_snapshots
from sealwax.snapshot.retention import BY_HAND, DAILY
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Pinning
from tests.homes import DAY_MS, NOW_MS
from tests.sync.guard.household import CHATS, PER_CHAT, House

HONEST, OTHER, EVIL = 0, 1, 2
ALL = {f"words of message {number}" for number in range(CHATS * PER_CHAT)}


def _dailies(house: House, days: int) -> list[int]:
    seqs = []
    for _ in range(days):
        house.advance(DAY_MS)
        house.take(HONEST, [])
        seqs.append(house.snapshot(HONEST))
    house.sync(HONEST, OTHER)
    return seqs


def _shown(house: House, number: int) -> list[tuple[str, str, int, int]]:
    return sorted((pin.name, pin.reason, pin.made_ms, pin.pinned_seq) for pin in house.pins(number))


def _drop(house: House, number: int, name: str) -> None:
    device = house.homes[number].device
    going = [shot for shot in list_snapshots(house.library(number)) if shot.name == name]
    drop_snapshots(house.library(number), device.journal, going, house.clocks[number].now_ms())


def test_all_snapshots_let_go_of_at_once_come_back_as_they_were(house: House) -> None:
    house.snapshot(HONEST, "wedding", BY_HAND)
    _dailies(house, 5)
    before = _shown(house, HONEST)
    evil = house.evil()
    evil.unpin(*(pin.commit_seq for pin in house.pins(HONEST)))
    assert house.sync(HONEST).held == 6
    assert _shown(house, HONEST) == before
    (asked,) = house.asked(HONEST)
    assert (asked.device, len(asked.snapshots)) == ("device 2", 6)
    assert "wedding" in asked.snapshots
    for pin in house.pins(HONEST):
        assert house.texts(HONEST, pin.moment) == ALL
    # The other one takes them from here, and asks too; it makes none twice.
    assert house.sync(OTHER).held == 0
    assert _shown(house, OTHER) == before
    # Again, and again.
    evil.pulled()
    evil.unpin(*(pin.commit_seq for pin in house.pins(HONEST)))
    house.sync(HONEST)
    assert _shown(house, HONEST) == before
    assert house.held(HONEST).waiting() == 6
    # They stay: nothing waits any more.
    assert house.answer(HONEST, is_accepted=False) == 6
    assert house.asked(HONEST) == []
    assert _shown(house, HONEST) == before


def test_letting_go_here_is_final(house: House) -> None:
    _dailies(house, 5)
    house.evil().unpin(*(pin.commit_seq for pin in house.pins(HONEST)))
    house.sync(HONEST)
    assert len(house.pins(HONEST)) == 5
    assert house.answer(HONEST, is_accepted=True) == 5
    assert house.pins(HONEST) == []
    for number in (OTHER, HONEST, OTHER):
        assert house.sync(number).held == 0
        assert house.pins(number) == []
        assert house.asked(number) == []


def test_a_device_that_hears_of_all_at_once_asks_nothing(house: House) -> None:
    _dailies(house, 5)
    house.sync(EVIL)
    house.snapshot(HONEST, "wedding", BY_HAND)
    house.sync(HONEST, OTHER, EVIL)
    going = list_snapshots(house.library(HONEST))
    now_ms = house.clocks[HONEST].now_ms()
    drop_snapshots(house.library(HONEST), house.homes[HONEST].device.journal, going, now_ms)
    assert house.sync(OTHER).held == 6
    house.answer(OTHER, is_accepted=True)
    assert house.sync(EVIL).held == 0
    assert house.asked(EVIL) == []
    assert house.pins(EVIL) == []


def test_a_second_device_that_asks_already_takes_the_answer(house: House) -> None:
    _dailies(house, 5)
    evil = house.evil()
    for device in (house.homes[HONEST].device, house.homes[OTHER].device):
        device.journal.is_sharing = False
    evil.unpin(*(pin.commit_seq for pin in house.pins(HONEST)))
    for number in (HONEST, OTHER):
        house.homes[number].device.sync.pull()
        assert house.held(number).waiting() == 5
        house.homes[number].device.journal.is_sharing = True
    house.sync(HONEST)
    house.answer(HONEST, is_accepted=True)
    house.sync(OTHER, HONEST)
    assert house.asked(OTHER) == house.asked(HONEST) == []
    assert house.pins(OTHER) == house.pins(HONEST) == []


def test_one_that_a_person_named_is_asked_about_by_itself(house: House) -> None:
    house.snapshot(HONEST, "wedding", BY_HAND)
    house.sync(HONEST, OTHER)
    _drop(house, HONEST, "wedding")
    assert house.pins(HONEST) == []
    assert house.sync(OTHER).held == 1
    (asked,) = house.asked(OTHER)
    assert (asked.device, asked.snapshots) == ("device 0", ("wedding",))
    house.sync(HONEST)
    # Where it was let go of, a library that is made anew shows it.
    assert [pin.name for pin in house.library(HONEST).holdings.all_pins()] == ["wedding"]
    house.homes[HONEST].kill(is_library_lost=True)
    assert [pin.name for pin in house.pins(HONEST)] == ["wedding"]
    house.answer(OTHER, is_accepted=True)
    house.sync(HONEST, OTHER, EVIL)
    for number in (HONEST, OTHER, EVIL):
        assert house.pins(number) == []
        assert house.asked(number) == []


def test_a_few_of_the_day_go_and_one_more_brings_all_back(house: House) -> None:
    seqs = _dailies(house, 6)
    evil = house.evil()
    evil.unpin(*seqs[:3])
    assert house.sync(HONEST).held == 0
    assert len(house.pins(HONEST)) == 3
    evil.unpin(seqs[3])
    # What the moments of the first ones showed is not here any more: made anew, the library has it.
    assert house.sync(HONEST).held == 4
    assert len(house.library(HONEST).holdings.all_pins()) == 6
    house.homes[HONEST].kill(is_library_lost=True)
    assert len(house.pins(HONEST)) == 6
    for pin in house.pins(HONEST):
        assert house.texts(HONEST, pin.moment) == ALL


def test_what_the_calendar_lets_go_of_is_not_asked_about(house: House) -> None:
    # Sixty daily ones: a device that was off for two months hears of all that went meanwhile.
    for _ in range(60):
        house.advance(DAY_MS)
        house.snapshot(HONEST)
    kept = house.homes[HONEST]
    from sealwax.agent.calendar import planned

    plan = planned(kept.device.history, kept.clock.now_ms())
    assert len(plan.dropped) > 40
    house.sync(OTHER)
    gone = list(plan.dropped)
    drop_snapshots(house.library(HONEST), kept.device.journal, gone, kept.clock.now_ms())
    assert house.sync(OTHER).held == 0
    assert house.asked(OTHER) == []
    assert len(house.pins(OTHER)) == len(plan.kept)


def test_no_device_makes_the_snapshots_of_another_one_superfluous(house: House) -> None:
    from sealwax.agent.calendar import planned

    seqs = _dailies(house, 5)
    evil = house.evil()
    start_ms = NOW_MS + DAY_MS
    for at in range(5):
        # Later on the same day, of an old moment.
        evil.time_ms = lambda at=at: start_ms + at * DAY_MS + 1_000
        evil.append(CommitKind.PIN, part=Part(reason=DAILY), pinning=Pinning(pinned_seq=0))
    house.advance(40 * DAY_MS)
    for _ in range(10):
        house.advance(DAY_MS)
        evil.time_ms = house.clocks[EVIL].now_ms
        evil.append(CommitKind.PIN, part=Part(reason=DAILY), pinning=Pinning(pinned_seq=0))
    house.sync(HONEST)
    plan = planned(house.homes[HONEST].device.history, house.clocks[HONEST].now_ms())
    assert {shot.number for shot in plan.dropped}.isdisjoint(seqs)


def test_a_safeguard_that_tells_of_2020_stays_for_its_time(house: House) -> None:
    from sealwax.agent.calendar import planned

    evil = house.evil()
    evil.time_ms = lambda: 1_590_000_000_000
    for _ in range(3):
        evil.append(CommitKind.PIN, part=Part(reason="before a purge"))
    house.sync(HONEST)
    history, clock = house.homes[HONEST].device.history, house.clocks[HONEST]
    assert planned(history, clock.now_ms()).dropped == ()
    house.advance(29 * DAY_MS)
    assert planned(history, clock.now_ms()).dropped == ()
    house.advance(2 * DAY_MS)
    assert len(planned(history, clock.now_ms()).dropped) == 2


def test_a_lock_outlasts_every_year_that_a_device_tells(house: House) -> None:
    evil = house.evil()
    until_ms = house.clocks[HONEST].now_ms() + 3_650 * DAY_MS
    seq = house.homes[HONEST].device.history.head().seq + 1
    evil.append(CommitKind.PIN, part=Part(reason=BY_HAND), pinning=Pinning(until_ms))
    evil.time_ms = lambda: 2**52
    public = encode_facts(UnpinFacts([seq]))
    evil.append(CommitKind.UNPIN, public=public)
    assert house.sync(HONEST).held == 0
    assert [pin.commit_seq for pin in house.pins(HONEST)] == [seq]


def test_pins_that_are_forged_or_of_another_history_do_no_harm(house: House) -> None:
    evil = house.evil()
    evil.append(CommitKind.PIN, part=Part(reason=DAILY, name="x"), pinning=Pinning(pinned_seq=0))
    evil.append(CommitKind.UNPIN, public=encode_facts(UnpinFacts([0, 1, 2**40])))
    evil.append(CommitKind.UNPIN, public=b"\xc1 no facts")
    assert house.sync(HONEST).is_verified
    assert house.sync(HONEST).held == 0


def test_snapshots_let_go_of_while_this_device_cannot_write_stay_here(house: House) -> None:
    _dailies(house, 5)
    before = _shown(house, HONEST)
    device = house.homes[HONEST].device
    house.evil().unpin(*(pin.commit_seq for pin in house.pins(HONEST)))
    device.journal.is_sharing = False
    device.sync.pull()
    own = [pin for pin in house.pins(HONEST) if pin.zone != MESSAGES_ZONE]
    assert len(own) == 5
    device.journal.is_sharing = True
    house.sync(HONEST, OTHER)
    assert _shown(house, HONEST) == _shown(house, OTHER) == before
