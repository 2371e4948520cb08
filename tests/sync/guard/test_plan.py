"""What is weighed as a loss, and what is held: by example and by law, on values alone."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import HELD, LIFE, NAME, PURGED, READ_NS, TEXT
from sealwax.model.loss import words_gone
from sealwax.model.merge import Merge
from sealwax.model.record import Kind
from sealwax.model.state import State, content_under, empty, from_change, join_change
from sealwax.sync.guard.plan import (
    How,
    Loss,
    Shot,
    held_snapshots,
    is_answered,
    is_too_much,
    losses,
)
from sealwax.sync.guard.tellings import Teller, Telling, tellings_in

EVIL, HONEST, OTHER = b"e" * 16, b"h" * 16, b"o" * 16
RECORD = b"r" * 16


def _change(*entries: Entry, life: int | None = None, time_ms: int = 5) -> Change:
    return Change(int(Kind.MESSAGE), RECORD, life, time_ms, EVIL, entries)


HERE = from_change(_change(entry(TEXT, "words"), entry(READ_NS, 7), life=0, time_ms=1))


def _after(*changes: Change, before: State = HERE) -> State:
    for change in changes:
        before = join_change(before, change)
    return before


def _losses(*said: tuple[Teller, Change], before: State = HERE) -> tuple[list[Loss], list[Telling]]:
    told = [telling for teller, change in said for telling in tellings_in(teller, [change])]
    after = _after(*(change for _, change in said), before=before)
    return losses({RECORD: before}, {RECORD: after}, told), told


def test_a_deletion_is_a_loss_whatever_it_says_of_being_held_or_confirmed() -> None:
    for marks in ((), (entry(HELD, True, "1"),), (entry(HELD, False, "1"),)):
        for is_confirmed in (False, True):
            teller = Teller(EVIL, 9, is_confirmed)
            found, told = _losses((teller, _change(entry(LIFE, 1), *marks)))
            assert found == [Loss(RECORD, How.DELETED, 1, EVIL, 9, is_confirmed)]
            assert not is_answered(found[0], told)


def test_a_purge_of_what_is_there_and_one_of_what_lies_in_the_trash() -> None:
    found, _ = _losses((Teller(EVIL, 9), _change(entry(PURGED, 0))))
    assert [(one.how, one.life) for one in found] == [(How.PURGED, 0)]
    found, _ = _losses((Teller(EVIL, 9), _change(entry(LIFE, 1), entry(PURGED, 1))))
    assert [(one.how, one.life) for one in found] == [(How.PURGED, 1)]
    in_trash = _after(_change(entry(LIFE, 1)))
    found, _ = _losses((Teller(EVIL, 9), _change(entry(PURGED, 1))), before=in_trash)
    assert [(one.how, one.life) for one in found] == [(How.EMPTIED, 1)]


def test_what_another_one_brought_back_in_the_same_pull_is_no_loss() -> None:
    purge = _change(entry(LIFE, 1), entry(PURGED, 1))
    back = _change(entry(LIFE, 2))
    copies = content_under(2, RECORD, [HERE])
    said = [(Teller(EVIL, 9), purge), (Teller(HONEST, 10), back)]
    assert _losses((Teller(EVIL, 9), _change(entry(LIFE, 1))), said[1])[0] == []
    assert _losses(*said, *((Teller(HONEST, 10), copy) for copy in copies))[0] == []


def test_other_words_under_a_new_life_do_not_hide_a_purge() -> None:
    purge = _change(entry(LIFE, 1), entry(PURGED, 1))
    forged = _change(entry(TEXT, "rubbish"), life=2)
    said = [(Teller(EVIL, 9), one) for one in (purge, _change(entry(LIFE, 2)), forged)]
    assert [one.how for one in _losses(*said)[0]] == [How.PURGED]


def test_a_purge_of_what_another_life_has_too_takes_nothing() -> None:
    before = _after(*content_under(2, RECORD, [HERE]), _change(entry(LIFE, 2)))
    assert _losses((Teller(EVIL, 9), _change(entry(PURGED, 1))), before=before)[0] == []


def test_values_of_another_class_or_form_tell_nothing() -> None:
    odd = (
        Entry(LIFE.name, int(Merge.LAST), "", "x"),
        Entry(LIFE.name, int(LIFE.merge), "key", 1),
        Entry(PURGED.name, 99, "", [b"x"]),
        Entry(HELD.name, int(HELD.merge), "x", False),
        Entry(HELD.name, int(HELD.merge), "9" * 30, False),
        Entry(HELD.name, int(HELD.merge), "1", 0),
    )
    assert list(tellings_in(Teller(EVIL, 9), [_change(*odd)])) == []


def test_an_answer_counts_from_another_device_than_the_taker_and_only_where_it_is_one() -> None:
    deletion = (Teller(EVIL, 9, True), _change(entry(LIFE, 1)))
    answer = _change(entry(HELD, False, "1"))

    def answered(*more: tuple[Teller, Change]) -> bool:
        found, told = _losses(deletion, *more)
        return is_answered(found[0], told)

    assert not answered((Teller(EVIL, 10, True), answer))
    assert not answered((Teller(HONEST, 10, False), answer))
    assert not answered((Teller(HONEST, 10, True, is_repeated=True), answer))
    assert not answered((Teller(HONEST, 10, True), _change(entry(HELD, False, "3"))))
    assert answered((Teller(HONEST, 10, True), answer))
    # Deleted on both by a person: two say so.
    assert answered((Teller(HONEST, 10, True), _change(entry(LIFE, 1))))


def test_what_only_a_compaction_tells_of_needs_two_devices() -> None:
    repeated = (Teller(HONEST, 9, False, is_repeated=True), _change(entry(LIFE, 1)))
    answer = _change(entry(HELD, False, "1"))
    found, told = _losses(repeated, (Teller(EVIL, 10, True), answer))
    assert found == [Loss(RECORD, How.DELETED, 1, HONEST, 9, False, True)]
    assert not is_answered(found[0], told)
    found, told = _losses(
        repeated, (Teller(EVIL, 10, True), answer), (Teller(OTHER, 11, True), answer)
    )
    assert is_answered(found[0], told)


def test_who_says_it_first_is_the_taker_and_the_moment_is_before_anybody_did() -> None:
    said = [
        (Teller(HONEST, 7, False, is_repeated=True), _change(entry(LIFE, 1))),
        (Teller(EVIL, 9, True), _change(entry(LIFE, 1))),
    ]
    assert _losses(*said)[0] == [Loss(RECORD, How.DELETED, 1, EVIL, 7, True)]
    deeper = (Teller(OTHER, 11), _change(entry(LIFE, 5)))
    assert _losses(*said, deeper)[0] == [Loss(RECORD, How.DELETED, 5, OTHER, 7)]


def test_what_is_nothing_here_cannot_be_lost() -> None:
    for before in (empty(2), from_change(_change(entry(LIFE, 1))), _after(_change(entry(LIFE, 1)))):
        assert _losses((Teller(EVIL, 9), _change(entry(LIFE, 3))), before=before)[0] == []


def test_more_than_three_conversations_or_a_tenth_is_asked_about() -> None:
    lost = [bytes([number]) for number in range(4)]
    chats = {record: record.hex() for record in lost}
    assert is_too_much(lost, chats, 1_000)
    assert not is_too_much(lost, dict(list(chats.items())[:3]), 40)
    assert is_too_much(lost, {}, 39)


def _shots(*names: str, first: int = 0) -> list[Shot]:
    return [Shot(seq, 5, name, "daily") for seq, name in enumerate(names, first)]


def test_snapshots_are_held_when_there_are_many_when_named_or_when_nothing_else_has_the_words() -> (
    None
):
    few, before = _shots("", "", ""), _shots("", first=9)
    assert held_snapshots(few, [], []) == set()
    assert held_snapshots(few, [], before) == {*few, *before}
    assert held_snapshots([], [], [*few, *before]) == set()
    assert {shot.name for shot in held_snapshots(_shots("", "wedding"), [], [])} == {"wedding"}
    assert held_snapshots(few, few[1:2], []) == set(few[1:2])


_lives = st.integers(0, 4)
_words = st.builds(
    lambda life, time_ms, text: Change(
        2, RECORD, life, time_ms, HONEST, (entry(TEXT, text), entry(NAME, text))
    ),
    _lives,
    st.integers(0, 3),
    st.sampled_from(["a", "b"]),
)
_fates = st.builds(
    lambda field, life: Change(2, RECORD, None, 3, EVIL, (entry(field, life),)),
    st.sampled_from([LIFE, PURGED]),
    _lives,
)
_changes = st.lists(st.one_of(_words, _fates), max_size=8)


@given(_changes, _changes)
def test_what_is_no_loss_still_shows_all_its_words(was: list[Change], comes: list[Change]) -> None:
    """Where nothing is found to be lost, a live record is live, and each text is there."""
    before = _after(*was, before=empty(2))
    teller = Teller(EVIL, 9)
    after = _after(*comes, before=before)
    found = losses({RECORD: before}, {RECORD: after}, tellings_in(teller, comes))
    texts = {stamp.value for stamp in before.slots.get((TEXT.name, int(TEXT.merge), ""), ())}
    left = {stamp.value for stamp in after.slots.get((TEXT.name, int(TEXT.merge), ""), ())}
    if not found and before.has_content():
        assert after.is_live or not before.is_live
        assert texts <= left
    if texts - left:
        assert [one.how for one in found] in ([How.PURGED], [How.EMPTIED])
    assert words_gone(before, before) is False
