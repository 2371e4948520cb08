"""What the guard remembers: times by the own clock, losses, snapshots, and what is to be proved."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.ledger.chain import Head
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.doubts import Alarm, Unproved
from sealwax.library.guard_file import (
    DAMAGED_SUFFIX,
    GUARD_FILE,
    GuardBroken,
    set_guard_aside,
)
from sealwax.library.guarded import Guarded
from sealwax.library.let_go import Lost, Wanted
from sealwax.library.losses import NO_QUESTION, Taken
from sealwax.library.seen import HOUR_MS
from tests.homes import DAY_MS, NOW_MS

KEY = b"k" * 32
TAKER = b"t" * 16


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    opened = Guarded(tmp_path / GUARD_FILE, KEY, is_durable=False, is_reader=False)
    yield opened
    opened.close()


def _head(seq: int) -> Head:
    return Head(MESSAGES_ZONE, seq, seq.to_bytes(32, "big"), 0)


def _seen(guarded: Guarded, time_ms: int) -> int:
    return guarded.seen.head_before(MESSAGES_ZONE, time_ms)[0]


def test_a_head_was_seen_since_it_was_first_seen(guarded: Guarded) -> None:
    guarded.seen.note_head(_head(3), NOW_MS)
    guarded.seen.note_head(_head(3), NOW_MS + DAY_MS)
    guarded.seen.note_head(_head(7), NOW_MS + 2 * DAY_MS)
    assert _seen(guarded, NOW_MS - 1) == -1
    assert _seen(guarded, NOW_MS) == 3
    assert _seen(guarded, NOW_MS + 2 * DAY_MS - 1) == 3
    assert _seen(guarded, NOW_MS + 2 * DAY_MS) == 7
    times = guarded.seen.times_ms(MESSAGES_ZONE, (0, 3, 4, 7, 8))
    assert times == {0: NOW_MS, 3: NOW_MS, 4: NOW_MS + 2 * DAY_MS, 7: NOW_MS + 2 * DAY_MS}


def test_many_heads_of_one_hour_are_one_row_and_none_gets_older(guarded: Guarded) -> None:
    start_ms = NOW_MS - NOW_MS % HOUR_MS
    for number in range(50):
        guarded.seen.note_head(_head(number), start_ms + number * 60_000)
    assert _seen(guarded, start_ms + 59 * 60_000 - 1) == -1 or _seen(guarded, start_ms) == -1
    assert _seen(guarded, start_ms + 49 * 60_000) == 49
    guarded.seen.note_head(_head(60), start_ms + HOUR_MS)
    assert _seen(guarded, start_ms + HOUR_MS - 1) == 49


def test_what_was_seen_by_a_clock_of_2020_is_new_when_the_clock_is_right(guarded: Guarded) -> None:
    of_2020_ms = 1_590_000_000_000
    guarded.seen.note_head(_head(5), of_2020_ms)
    guarded.seen.look("in the trash", [b"a"], of_2020_ms)
    guarded.seen.look("in the trash", [b"a"], NOW_MS)
    assert _seen(guarded, NOW_MS - 1) == -1
    assert _seen(guarded, NOW_MS) == 5
    assert guarded.seen.so_before("in the trash", NOW_MS - 1) == set()
    assert guarded.seen.so_before("in the trash", NOW_MS) == {b"a"}


def test_what_was_seen_while_the_clock_was_behind_has_no_age_until_it_caught_up(
    guarded: Guarded,
) -> None:
    guarded.seen.note_head(_head(1), NOW_MS)
    guarded.seen.note_head(_head(2), NOW_MS - DAY_MS)
    assert _seen(guarded, NOW_MS + 100 * DAY_MS) == 1
    guarded.seen.note_head(_head(3), NOW_MS + DAY_MS)
    assert _seen(guarded, NOW_MS + DAY_MS - 1) == 1
    assert _seen(guarded, NOW_MS + DAY_MS) == 3


def test_what_is_not_so_any_more_begins_anew(guarded: Guarded) -> None:
    guarded.seen.look("in the trash", [b"a", b"b"], NOW_MS)
    guarded.seen.look("in the trash", [b"b"], NOW_MS + DAY_MS)
    guarded.seen.look("in the trash", [b"a", b"b"], NOW_MS + 2 * DAY_MS)
    assert guarded.seen.so_before("in the trash", NOW_MS + DAY_MS) == {b"b"}
    assert guarded.seen.so_before("purged", NOW_MS + 9 * DAY_MS) == set()


def test_a_file_that_is_damaged_is_named_and_one_set_aside_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / GUARD_FILE
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(GuardBroken):
        Guarded(path, KEY, is_durable=True, is_reader=False)
    set_guard_aside(path)
    opened = Guarded(path, KEY, is_durable=True, is_reader=False)
    opened.seen.note_head(_head(3), NOW_MS)
    assert _seen(opened, NOW_MS) == 3
    opened.close()
    assert path.with_name(path.name + DAMAGED_SUFFIX).exists()


def _taken(record: bytes, moment: int = 7, question: int = NO_QUESTION, how: int = 1) -> Taken:
    return Taken(
        record, how, 1, TAKER, moment, question, False, True, 2, "3", seen_ms=NOW_MS
    )  # fmt: skip


def test_a_record_that_is_taken_again_keeps_its_first_taker_and_its_earliest_moment(
    guarded: Guarded,
) -> None:
    losses = guarded.losses
    with guarded.transaction():
        number = losses.ask(TAKER, True, 7, NOW_MS)
        losses.keep([_taken(b"a", 7, number)])
        losses.keep([_taken(b"a", 9, NO_QUESTION, how=2)._replace(taker=b"o" * 16)])
    (kept,) = losses.waiting()
    assert (kept.how, kept.taker, kept.moment, kept.question) == (2, TAKER, 7, number)
    assert [one.number for one in losses.questions()] == [number]
    assert losses.moments(NOW_MS + DAY_MS) == {7}
    with guarded.transaction():
        losses.accept([b"a"], NOW_MS)
        losses.forget_before(NOW_MS, NOW_MS)
    assert losses.waiting() == losses.lately(0) == []
    assert losses.questions() == []
    assert losses.of([b"a"])[b"a"].is_accepted
    assert losses.moments(0) == set()
    with guarded.transaction():
        losses.keep([_taken(b"a", 12)._replace(taker=b"o" * 16)])
    assert losses.of([b"a"])[b"a"][3:6] == (b"o" * 16, 12, NO_QUESTION)


def test_a_little_is_forgotten_after_its_time_and_what_waits_never(guarded: Guarded) -> None:
    with guarded.transaction():
        number = guarded.losses.ask(TAKER, False, 7, NOW_MS)
        guarded.losses.keep([_taken(b"a"), _taken(b"b", question=number)])
    assert {one.record for one in guarded.losses.lately(NOW_MS - 1)} == {b"a", b"b"}
    with guarded.transaction():
        guarded.losses.forget_before(NOW_MS + 1, NOW_MS + 1)
    assert [one.record for one in guarded.losses.lately(0)] == [b"b"]
    assert guarded.losses.count_waiting() == 1


def test_snapshots_wait_each_by_itself(guarded: Guarded) -> None:
    wedding = Wanted(7, b"h" * 32, "by hand", "wedding", NOW_MS)
    daily = Wanted(7, b"h" * 32, "daily", "", NOW_MS)
    with guarded.transaction():
        number = guarded.losses.ask(TAKER, False, 7, NOW_MS)
        guarded.let_go.keep([Lost(wedding, TAKER, number, NOW_MS), Lost(daily, TAKER, 0, NOW_MS)])
        guarded.let_go.want([wedding, daily])
    assert [one.wanted for one in guarded.let_go.waiting(number)] == [wedding]
    assert len(guarded.let_go.lately(0)) == 2
    assert guarded.is_asking
    with guarded.transaction():
        guarded.let_go.want_no_more([daily])
        guarded.let_go.forget([wedding])
        guarded.let_go.forget_before(NOW_MS + 1)
    assert guarded.let_go.wanted() == [wedding]
    assert guarded.let_go.lately(0) == []
    assert not guarded.is_asking


def test_what_is_to_be_proved_and_what_was_found(guarded: Guarded) -> None:
    doubts = guarded.doubts
    one = Unproved(7, b"h" * 32, TAKER, "reset")
    with guarded.transaction():
        doubts.doubt([one, one])
        doubts.alarm(Alarm("missing", TAKER, 3, NOW_MS))
        doubts.alarm(Alarm("missing", TAKER, 4, NOW_MS + 1))
    assert doubts.unproved() == [one]
    assert doubts.alarms() == [Alarm("missing", TAKER, 7, NOW_MS + 1)]
    with guarded.transaction():
        doubts.settle([7])
        doubts.forget_alarms_before(NOW_MS + 2)
    assert doubts.unproved() == doubts.alarms() == []
