"""What is shown of a value: only what has its field's form. All of it is kept."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import (
    ATTACHMENT,
    CONTENT,
    CONVERSATION,
    EDIT,
    FIELDS,
    LIFE,
    NAME,
    ORIGIN,
    PURGED,
    REACTION,
    TEXT,
    THUMBNAIL,
    TIME_NS,
    UNSENT,
)
from sealwax.model.form import NAME_LIMIT_CHARACTERS, WORDS_LIMIT_CHARACTERS
from sealwax.model.merge import Stamp, winner
from sealwax.model.record import Kind
from sealwax.model.state import (
    PURGE_LIMIT,
    changes,
    content_under,
    decode,
    empty,
    encode,
    from_change,
    join,
    join_changes,
)
from tests.model.odd import ENTRIES, KEYS, VALUES

RECORD = b"r" * 16
MESSAGE = int(Kind.MESSAGE)
HASH = b"h" * 32


def _change(*told: Entry, life: int | None = 0, time_ms: int = 1) -> Change:
    return Change(MESSAGE, RECORD, life, time_ms, b"d" * 16, told)


@settings(max_examples=500)
@given(VALUES, KEYS)
def test_any_value_and_any_key_can_be_judged(value: Any, key: str) -> None:
    assert all(type(field.fits(value, key)) is bool for field in FIELDS.values())


@given(st.lists(ENTRIES, max_size=6))
def test_what_is_shown_has_its_form_and_all_of_it_is_kept(told: list[Entry]) -> None:
    state = from_change(_change(*told))
    for field in FIELDS.values():
        keys = [key for name, merge, key in state.slots if (name, merge) == field[:2]]
        for key in keys if field.is_keyed else [""]:
            shown = state.stamp(field, key)
            assert shown is None or field.fits(shown.value, key)
        assert set(state.keyed(field)) <= set(keys)
    again = empty(MESSAGE)
    for change in changes(RECORD, state):
        again = join(again, from_change(change))
    assert encode(again) == encode(state) == encode(decode(encode(state)))


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (entry(TEXT, "words"), "words"),
        (entry(TEXT, 5), None),
        (entry(TEXT, b"words"), None),
        (entry(TEXT, "x" * (WORDS_LIMIT_CHARACTERS + 1)), None),
        (entry(NAME, "x" * NAME_LIMIT_CHARACTERS), "x" * NAME_LIMIT_CHARACTERS),
        (entry(NAME, "x" * (NAME_LIMIT_CHARACTERS + 1)), None),
        (entry(TIME_NS, True), None),
        (entry(TIME_NS, 2**63), None),
        (entry(TIME_NS, 2**63 - 1), 2**63 - 1),
        (entry(ORIGIN, "x"), None),
        (entry(ORIGIN, ["imessage", "id"]), ["imessage", "id"]),
        (entry(ORIGIN, ["imessage", "id", 1]), None),
        (entry(CONTENT, [HASH, 6, [[HASH, 4], [HASH, 2]]]), [HASH, 6, [[HASH, 4], [HASH, 2]]]),
        (entry(CONTENT, [HASH, 0, []]), [HASH, 0, []]),
        (entry(CONTENT, [HASH, 7, [[HASH, 4], [HASH, 2]]]), None),
        (entry(CONTENT, [HASH, -1, []]), None),
        (entry(CONTENT, [b"short", 0, []]), None),
        (entry(CONTENT, [b"x"]), None),
        (entry(CONTENT, {}), None),
        (entry(THUMBNAIL, [1, [HASH, 9]]), [1, [HASH, 9]]),
        (entry(THUMBNAIL, [1, [HASH]]), None),
    ],
)
def test_forms(told: Entry, shown: Any) -> None:
    assert from_change(_change(told)).get(FIELDS[told.name]) == shown


@pytest.mark.parametrize("key", ["", "²", "0:0", "0:0:xyz", "9" * 30 + ":0:aa", "0:0:aa:bb"])
def test_an_edit_under_a_strange_key_is_not_shown(key: str) -> None:
    state = from_change(_change(Entry(EDIT.name, int(EDIT.merge), key, [1, "words"])))
    assert state.keyed(EDIT) == {}


def test_a_strange_value_does_not_hide_the_right_one() -> None:
    """It is older, so it would be the one that is shown."""
    state = from_change(_change(entry(TEXT, "words"), time_ms=5))
    odd = from_change(_change(entry(TEXT, 7), time_ms=-5))
    assert join(state, odd).get(TEXT) == "words"
    assert join(state, odd).values(TEXT) == ["words"]


@pytest.mark.parametrize("field", [CONVERSATION, ATTACHMENT, UNSENT])
def test_being_there_is_what_counts(field: Any) -> None:
    """Of a field of the class ONCE the older stamp hides the newer one."""
    right = from_change(_change(entry(field, True, "1"), time_ms=5))
    odd = from_change(_change(entry(field, {"a": 1}, "1"), time_ms=-5))
    assert set(join(right, odd).keyed(field)) == {"1"}


def test_a_reaction_needs_its_three_parts() -> None:
    told = [entry(REACTION, ["loved"], "0:a"), entry(REACTION, ["loved", None, "g"], "0:b")]
    assert from_change(_change(*told)).keyed(REACTION) == {"0:b": ["loved", None, "g"]}


@given(st.sampled_from([PURGE_LIMIT, 2**31, 2**63, 2**64 - 1]), st.integers(0, 2**32))
def test_a_record_comes_back_whatever_a_purge_says(purged: int, life: int) -> None:
    words = from_change(_change(entry(TEXT, "words")))
    controls = _change(entry(PURGED, purged), entry(LIFE, life), life=None)
    gone = join(words, from_change(controls))
    assert gone.get(TEXT) is None
    back = gone.next_life(is_live=True)
    raised = _change(entry(LIFE, back), life=None, time_ms=9)
    restored = join_changes(gone, [raised, *content_under(back, RECORD, [words])])
    assert restored.get(TEXT) == "words"
    assert restored.is_live
    assert back <= 2**31


def test_a_version_from_the_future_counts_in_whatever_form() -> None:
    state = from_change(_change(entry(THUMBNAIL, [7, "?"])))
    assert (state.get(THUMBNAIL), state.version(THUMBNAIL)) == (None, 7)
    assert empty(MESSAGE).version(THUMBNAIL) == -1


def test_every_slot_keeps_what_it_was_given() -> None:
    state = from_change(_change(entry(TEXT, 7)))
    stamps = state.slots[TEXT.name, int(TEXT.merge), ""]
    assert winner(TEXT.merge, stamps) == Stamp(0, 1, b"d" * 16, 7)
