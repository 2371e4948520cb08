"""Which deletions of a pull are held."""

from sealwax.model.change import Change, entry
from sealwax.model.field import HELD, LIFE, PURGED, TEXT
from sealwax.model.record import Kind
from sealwax.model.state import State, from_change, join_change
from sealwax.sync.brake import Fall, falls_in, is_held, newly_lost, still_fallen, without_answered

DEVICE = b"d" * 16


def _change(record: bytes, life: int, is_marked: bool = False) -> Change:
    mark = [entry(HELD, True, str(life))] if is_marked else []
    entries = (entry(LIFE, life), *mark)
    return Change(int(Kind.MESSAGE), record, None, 5, DEVICE, entries)


def _here(record: bytes) -> State:
    return from_change(Change(int(Kind.MESSAGE), record, 0, 1, DEVICE, (entry(TEXT, "words"),)))


def test_only_what_begins_a_life_in_the_trash_and_is_not_marked_falls() -> None:
    changes = [_change(b"a", 1), _change(b"b", 1, is_marked=True), _change(b"c", 2)]
    assert list(falls_in(changes)) == [Fall(b"a", 1)]


def test_only_what_is_here_can_be_lost() -> None:
    states = {b"a": _here(b"a"), b"gone": from_change(_change(b"gone", 1))}
    falls = [Fall(b"a", 1), Fall(b"a", 3), Fall(b"gone", 3), Fall(b"never", 1)]
    assert newly_lost(falls, states) == {b"a": 3}


def test_what_a_person_said_later_in_the_same_pull_counts() -> None:
    lost = {b"a": 1, b"b": 1, b"c": 3}
    assert without_answered(lost, [Fall(b"a", 1), Fall(b"b", 2), Fall(b"c", 2)]) == {b"c": 3}


def test_more_than_three_conversations_or_a_tenth_is_held() -> None:
    lost = {bytes([number]): 1 for number in range(4)}
    chats = {record: record.hex() for record in lost}
    assert is_held(lost, chats, 1_000)
    assert not is_held(lost, dict(list(chats.items())[:3]), 40)
    assert is_held(lost, {}, 39)


def test_what_still_lies_in_the_trash_counts_until_a_person_answers() -> None:
    def lying(*entries: object) -> State:
        state = _here(b"a")
        for one in (entry(LIFE, 1), *entries):
            state = join_change(
                state,
                Change(int(Kind.MESSAGE), b"a", None, 5, DEVICE, (one,)),  # type: ignore[arg-type]
            )
        return state

    falls = [Fall(b"a", 1)]
    assert still_fallen(falls, {b"a": lying()}) == {b"a": 1}
    assert still_fallen(falls, {b"a": lying(entry(HELD, True, "1"))}) == {b"a": 1}
    assert still_fallen(falls, {b"a": lying(entry(HELD, False, "1"))}) == {}
    assert still_fallen(falls, {b"a": lying(entry(LIFE, 2))}) == {}
    assert still_fallen(falls, {b"a": lying(entry(PURGED, 1))}) == {}
    assert still_fallen(falls, {b"a": _here(b"a")}) == {}
    assert still_fallen(falls, {}) == {}
