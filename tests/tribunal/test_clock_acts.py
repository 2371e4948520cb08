"""Clocks that are wrong by years: of a device, of another one, of the place; and times that lie.

No time that anybody claims may remove, unlock or silence anything.
"""

import datetime

import msgspec
import pytest

from sealwax.agent.selecting import Select
from sealwax.ledger.commit import SEQ_LIMIT, CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.model.change import entry
from sealwax.model.field import LIFE
from sealwax.vault.commit_part import Part
from tests.homes import NOW_MS
from tests.tribunal.beginning import DAY_MS, OWNER, SECOND, THIEF
from tests.tribunal.court import HONEST, Court

YEARS_MS = {
    year: int(datetime.datetime(year, 1, 1, tzinfo=datetime.UTC).timestamp() * 1000)
    for year in (1970, 2020, 2099)
}
SMALL_SEGMENTS_MERGED = 16
"""So many become one, and are let go of."""
years = pytest.mark.parametrize("year_ms", YEARS_MS.values(), ids=map(str, YEARS_MS))


def objects(court: Court, number: int) -> int:
    return len(list(court.home(number).rglob("objects/*/*")))


def jobs(court: Court, number: int) -> None:
    """What an agent does by the calendar: a snapshot, retention, the trash, compaction."""
    with court.agent(number) as agent:
        agent.upkeep.create_daily_snapshot()
        try:
            agent.upkeep.apply_retention()
            agent.storage.empty_trash()
        except Exception as error:
            # The clock is in doubt: that is the answer that is wanted.
            assert type(error).__name__ == "ClockInDoubt", error
        agent.compact(lambda _: None)
        agent.sync.now()


def finish(court: Court) -> None:
    for number in HONEST:
        court.clocks[number].move_to(NOW_MS + DAY_MS)
    court.settle()
    court.check()


@years
def test_the_owners_clock_is_wrong_for_a_day(court: Court, year_ms: int) -> None:
    """It writes, and does all its jobs; then the clock is right again."""
    court.clocks[OWNER].move_to(year_ms)
    before = objects(court, OWNER)
    court.day(OWNER)
    jobs(court, OWNER)
    assert objects(court, OWNER) >= before
    court.day(SECOND)
    jobs(court, SECOND)
    finish(court)


@years
def test_another_devices_clock_is_wrong_for_a_day(court: Court, year_ms: int) -> None:
    court.clocks[SECOND].move_to(year_ms)
    court.day(SECOND)
    jobs(court, SECOND)
    before = objects(court, OWNER)
    court.day(OWNER)
    jobs(court, OWNER)
    assert objects(court, OWNER) >= before
    finish(court)


@years
def test_what_was_let_go_of_a_minute_ago_stays_for_its_time_of_grace(
    court: Court, year_ms: int
) -> None:
    """An honest compaction lets objects go; a device whose clock is wrong writes one step."""
    court.write(OWNER, SMALL_SEGMENTS_MERGED)
    with court.agent(OWNER) as agent:
        agent.compact(lambda _: None)
        agent.sync.now()
        before = objects(court, OWNER)
    assert len(court.intruder().live()) < SMALL_SEGMENTS_MERGED
    court.clocks[SECOND].move_to(year_ms)
    court.day(SECOND)
    court.day(OWNER, is_writing=False)
    with court.agent(OWNER) as agent:
        assert agent.plan_compaction().deleted == 0
        agent.compact(lambda _: None)
    assert objects(court, OWNER) >= before
    finish(court)


@years
def test_a_dropped_history_is_followed_by_a_step_that_is_dated_wrong(
    court: Court, year_ms: int
) -> None:
    """The thief takes all away, and says that it was long ago."""
    thief = court.intruder()
    thief.append(kind=CommitKind.PURGE, dropped=thief.live())
    thief.append(kind=CommitKind.UNPIN, public=msgspec.msgpack.encode([thief.pins()]))
    thief.append(time_ms=year_ms)
    before = objects(court, OWNER)
    for number in HONEST:
        court.day(number)
        with court.agent(number) as agent:
            agent.compact(lambda _: None)
    assert objects(court, OWNER) >= before
    court.need_told("thief")
    court.settle()
    court.check()


@pytest.mark.parametrize("time_ms", [0, 1, YEARS_MS[2099], SEQ_LIMIT])
def test_every_step_of_a_device_is_dated_wrong(court: Court, time_ms: int) -> None:
    for _ in range(3):
        court.intruder().append(time_ms=time_ms)
    for number in HONEST:
        court.day(number)
        jobs(court, number)
    court.settle()
    court.check()


@pytest.mark.parametrize("time_ms", [-(2**53), 0, YEARS_MS[2099], 2**53])
def test_a_deletion_is_dated_wrong(court: Court, time_ms: int) -> None:
    """It is held as any other, and undone as any other."""
    thief = court.intruder()
    thief.now_ms = time_ms
    segment = thief.segment(thief.about(court.messages(), entry(LIFE, 1)))
    thief.now_ms = NOW_MS
    assert thief.append(segments=[segment], part=Part(confirmed=True)) is None
    for number in HONEST:
        court.day(number)
    court.need_told("thief")
    court.settle()
    court.check()


@years
def test_a_deletion_of_a_day_is_counted_by_when_it_was_seen(court: Court, year_ms: int) -> None:
    """Two at a time, each said to be of another year: together they are one large deletion."""
    messages = court.messages()
    for number, start in enumerate(range(0, len(messages), 2)):
        thief = court.intruder()
        thief.now_ms = abs(year_ms - number * 400 * DAY_MS)
        thief.say(thief.about(messages[start : start + 2], entry(LIFE, 1)), is_confirmed=True)
        court.day(OWNER, is_writing=False)
    court.need_told("thief")
    court.settle()
    court.check()


def test_the_clock_jumps_to_2099_with_messages_in_the_trash(court: Court) -> None:
    """Nothing is emptied, no snapshot goes, and the doctor names the clock."""
    with court.agent(OWNER) as agent:
        agent.delete(Select((str(agent.conversations()[0].record),)))
        agent.sync.now()
        trashed = agent.status().counts.trashed
        snapshots = len(agent.snapshots())
    court.clocks[OWNER].move_to(YEARS_MS[2099])
    court.day(OWNER, is_writing=False)
    jobs(court, OWNER)
    with court.agent(OWNER) as agent:
        assert agent.status().counts.trashed == trashed
        assert len(agent.snapshots()) >= snapshots
    court.day(OWNER, is_writing=False)
    court.need_told(r"clock")
    court.clocks[OWNER].move_to(NOW_MS + DAY_MS)
    with court.agent(OWNER) as agent:
        for chat in agent.conversations(in_trash=True):
            agent.undelete(Select((str(chat.record),)))
        agent.sync.now()
    finish(court)


def test_the_clock_goes_back_and_forth_every_day(court: Court) -> None:
    for year_ms in (*YEARS_MS.values(), NOW_MS, *YEARS_MS.values()):
        court.clocks[OWNER].move_to(year_ms)
        court.day(OWNER)
        jobs(court, OWNER)
    finish(court)


@years
def test_a_locked_snapshot_and_a_clock_that_is_wrong(court: Court, year_ms: int) -> None:
    """The device whose clock is wrong may believe that the lock has run out; no other does."""
    from sealwax.snapshot.pins import create_snapshot

    with court.agent(OWNER) as agent:
        library, journal = agent.device.history.library, agent.device.journal
        until_ms = NOW_MS + 365 * DAY_MS
        create_snapshot(library, journal, "locked", "test", lock_until_ms=until_ms)
        agent.sync.now()
    court.snapshots["locked"] = court.shown(OWNER, "locked")
    thief = court.intruder()
    pins = msgspec.msgpack.encode([thief.pins()[-1:]])
    court.truth.force(
        MESSAGES_ZONE, thief.commit(kind=CommitKind.UNPIN, public=pins, time_ms=year_ms)
    )
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check()


@years
def test_a_new_device_comes_while_its_clock_is_wrong(court: Court, year_ms: int) -> None:
    court.clocks[OWNER].move_to(year_ms)
    court.recover("new computer")
    court.clocks[OWNER].move_to(NOW_MS)
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check()


@years
def test_a_device_is_put_out_by_one_whose_clock_is_wrong(court: Court, year_ms: int) -> None:
    court.clocks[OWNER].move_to(year_ms)
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.clocks[OWNER].move_to(NOW_MS)
    assert court.id(THIEF) not in court.truth.log().newest.devices
    court.settle()
    court.check()
