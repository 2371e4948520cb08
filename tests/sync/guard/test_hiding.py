"""What another device hides without deleting it is held like a deletion; a little goes through."""

import pytest

from sealwax.library.project import PRESENT
from sealwax.library.select import Moment, Selection
from sealwax.library.view import message_view
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import (
    ATTACHMENT,
    CONVERSATION,
    EDIT,
    LIFE,
    PARTS,
    PLACED,
    READ_NS,
    TEXT,
    TIME_NS,
    UNSENT,
)
from sealwax.model.record import Kind
from sealwax.model.state import State, from_change, join_change
from sealwax.sync.guard.hiding import CHANGED_LIMIT, hidden, is_changed_too_much, moved_to
from sealwax.sync.guard.plan import How
from tests.sync.guard.household import CHATS, PER_CHAT, House

HONEST, OTHER = 0, 1
EDITED = entry(EDIT, [9, "other words"], "0:1:0123456789abcdef")
NOWHERE = entry(PLACED, "direct:nobody")
RECORD = b"\2" * 16


def _said(*entries: Entry, life: int | None = 0, time_ms: int = 5) -> Change:
    return Change(int(Kind.MESSAGE), RECORD, life, time_ms, b"d" * 16, entries)


HERE = from_change(
    _said(entry(TEXT, "words"), entry(TIME_NS, 7), entry(CONVERSATION, True, "direct:1"))
)


def _after(*entries: Entry, time_ms: int = 5) -> State:
    return join_change(HERE, _said(*entries, time_ms=time_ms))


@pytest.mark.parametrize(
    ("told", "time_ms", "how"),
    [
        (entry(UNSENT, True, "0"), 5, How.HIDDEN),
        (entry(EDIT, [9, ""], "0:1:0123456789abcdef"), 5, How.HIDDEN),
        (EDITED, 5, How.CHANGED),
        (entry(TEXT, "earlier words"), 1, How.CHANGED),
        (entry(TEXT, ""), 1, How.HIDDEN),
        (entry(TEXT, "later words"), 9, None),
        (entry(READ_NS, 9), 9, None),
        (entry(PARTS, [9, [{"index": 0, "kind": "text", "text": "words"}]]), 9, None),
        (entry(ATTACHMENT, 1, "a photo"), 9, None),
        (entry(EDIT, [9, "words"], "0:1:0123456789abcdef"), 9, None),
    ],
)
def test_what_is_shown_decides(told: Entry, time_ms: int, how: How | None) -> None:
    assert hidden(HERE, _after(told, time_ms=time_ms)) == how


def test_a_message_moves_where_its_conversations_are_others() -> None:
    assert moved_to(HERE, _after(NOWHERE)) == ("direct:nobody",)
    assert moved_to(HERE, _after(entry(CONVERSATION, True, "direct:2"))) == ()


def test_a_deletion_is_weighed_elsewhere() -> None:
    deleted = join_change(HERE, _said(entry(LIFE, 1), life=None))
    assert hidden(HERE, deleted) is None


def test_more_than_a_few_and_more_than_one_in_ten_is_too_much() -> None:
    some = [bytes([number]) for number in range(CHANGED_LIMIT + 1)]
    assert is_changed_too_much(some, 10 * len(some) - 1)
    assert not is_changed_too_much(some, 10 * len(some))
    assert not is_changed_too_much(some[1:], 5)


def _shown(house: House, number: int) -> set[str]:
    """The words of the present as a person reads them, in conversations that are there."""
    library = house.library(number)
    moment = Moment(library.head_moment(), (PRESENT,))
    return {
        message_view(0, None, row.state).text
        for row in library.read.messages(Selection(), moment)
        if not row.state.get(PLACED)
    }


@pytest.mark.parametrize(
    ("told", "hid", "changed"),
    [(entry(UNSENT, True, "0"), 1, 0), (EDITED, 0, 1), (NOWHERE, 1, 0)],
    ids=["unsent", "edited", "placed nowhere"],
)
def test_all_messages_are_hidden_and_shown_again(
    house: House, told: Entry, hid: int, changed: int
) -> None:
    before, messages = _shown(house, HONEST), CHATS * PER_CHAT
    house.evil().say(house.rows(HONEST), told)
    house.sync(HONEST, OTHER)
    for number in (HONEST, OTHER):
        (asked,) = house.asked(number)
        assert asked.device == "device 2"
        assert (asked.hidden, asked.changed) == (hid * messages, changed * messages)
    assert house.answer(HONEST, is_accepted=False) == messages
    house.sync(HONEST, OTHER, HONEST)
    for number in (HONEST, OTHER):
        assert _shown(house, number) == before
        assert house.asked(number) == []
    assert house.library(HONEST).digest() == house.library(OTHER).digest()


def test_it_stays_hidden_where_a_person_says_that_it_was_meant(house: House) -> None:
    house.evil().say(house.rows(HONEST), EDITED)
    house.sync(HONEST)
    assert house.answer(HONEST, is_accepted=True) == CHATS * PER_CHAT
    house.sync(HONEST, OTHER)
    assert _shown(house, HONEST) == _shown(house, OTHER) == {"other words"}
    assert house.asked(HONEST) == house.asked(OTHER) == []


def test_a_few_edits_and_what_comes_new_ask_nothing(house: House) -> None:
    house.evil().say(house.rows(HONEST)[:CHANGED_LIMIT], EDITED)
    house.evil().say(house.rows(HONEST), entry(READ_NS, 9))
    assert house.sync(HONEST).held == 0
    assert house.asked(HONEST) == []
    assert "other words" in _shown(house, HONEST)


def test_little_by_little_within_a_day_is_too_much(house: House) -> None:
    rows = house.rows(HONEST)
    for start in range(0, len(rows), CHANGED_LIMIT):
        house.evil().say(rows[start : start + CHANGED_LIMIT], EDITED)
        house.sync(HONEST)
    assert sum(asked.changed for asked in house.asked(HONEST)) > CHATS * PER_CHAT // 10


@pytest.mark.parametrize("way", ["deleted", "purged"])
def test_what_is_hidden_first_and_then_taken_away_comes_back_as_it_was(
    house: House, way: str
) -> None:
    """That it asks already hides no second loss of the same messages."""
    before = _shown(house, HONEST)
    house.evil().say(house.rows(HONEST), EDITED)
    house.sync(HONEST, OTHER)
    if way == "deleted":
        house.evil().delete(house.rows(HONEST), 1)
    else:
        house.evil().purge(house.rows(HONEST), 0)
    house.sync(HONEST, OTHER)
    house.sync(HONEST, OTHER)
    assert sum(asked.records for asked in house.asked(HONEST)) == CHATS * PER_CHAT
    house.answer(HONEST, is_accepted=False)
    house.sync(HONEST, OTHER, HONEST, OTHER)
    for number in (HONEST, OTHER):
        assert _shown(house, number) == before
