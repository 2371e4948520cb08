"""Messages that are one are shown once, alike on every device; a word that they are hides none."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.library.library import Library
from sealwax.library.naming import ids_of
from sealwax.library.prepared import prepare
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.library.twins import TWINS_LIMIT
from sealwax.library.view import MessageView, message_view
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import (
    ALIAS,
    ATTACHMENT,
    CONVERSATION,
    EDIT,
    FROM_ME,
    LIFE,
    ORDER,
    ORIGIN,
    PARTS,
    PLACED,
    PURGED,
    REACTION,
    SENDER,
    STATE,
    TEXT,
    TIME_NS,
    UNSENT,
)
from sealwax.model.record import Kind
from sealwax.vault.segment import checked_groups, encode_segment
from tests.accounts import made_account

ROOTS = made_account().keys.roots
NAMES = ("a", "b", "c", "d")
MESSAGE = int(Kind.MESSAGE)
NS = 1_700_000_000_123_456_789
BOB = "+15550101234"
STILL = 2**62


def told(name: str, *entries: Entry, life: int | None = 0, time_ms: int = 1) -> Change:
    (uid,) = ids_of(ROOTS, MESSAGE, [name])
    return Change(MESSAGE, uid, life, time_ms, b"d" * 16, entries)


def message(
    name: str,
    text: str | None = "one",
    *more: Entry,
    time_ns: int = NS,
    sender: str | None = BOB,
    inside: str = "t",
    life: int = 0,
) -> Change:
    said = [entry(ORIGIN, ["imessage", name]), entry(TIME_NS, time_ns)]
    said += [entry(CONVERSATION, True, inside), entry(FROM_ME, sender is None)]
    said += [entry(TEXT, text)] if text is not None else []
    said += [entry(SENDER, sender)] if sender is not None else []
    return told(name, *said, *more, life=life)


def alias(name: str, other: str, is_one: bool = True, time_ms: int = 1) -> Change:
    return told(name, entry(ALIAS, is_one, other), time_ms=time_ms)


def fate(name: str, life: int) -> Change:
    return told(name, entry(LIFE, life), life=None)


def _library(folder: Path | str, name: str = "library") -> Library:
    return Library(Path(folder) / f"{name}.db", b"k" * 32, ROOTS, is_durable=False)


def _apply(library: Library, *batches: Sequence[Change], first: int = 0, kept: float = -1) -> None:
    for seq, batch in enumerate(batches, first):
        library.applier.apply(batch, seq, kept)


def views(library: Library, seq: float = 99, places: tuple[int, ...] = (1,)) -> list[MessageView]:
    (home,) = library.applier.homes.shown(["t"])
    return library.read.page(home, Moment(seq, places), 100)


def texts(library: Library, seq: float = 99) -> list[str]:
    return [view.text for view in views(library, seq)]


@pytest.fixture
def library(tmp_path: Path) -> Iterable[Library]:
    opened = _library(tmp_path)
    yield opened
    opened.close()


ANY_NAME = st.sampled_from(NAMES)
CHANGES = st.one_of(
    st.builds(
        message, ANY_NAME, st.sampled_from(["one", "two", None]), inside=st.sampled_from("tu")
    ),
    st.builds(
        message,
        ANY_NAME,
        st.sampled_from(["one", None]),
        time_ns=st.sampled_from([NS, NS + 10**9]),
        sender=st.sampled_from([None, BOB]),
        inside=st.just("direct:" + BOB),
    ),
    st.builds(alias, ANY_NAME, ANY_NAME, st.booleans(), st.integers(1, 3)),
    st.builds(fate, ANY_NAME, st.integers(0, 3)),
    st.builds(lambda name: told(name, entry(REACTION, ["loved", None, "r"], "0:me")), ANY_NAME),
    st.builds(lambda name: told(name, entry(PURGED, 1), life=None), ANY_NAME),
    st.builds(lambda name: told(name, entry(UNSENT, True, "0")), ANY_NAME),
    st.builds(
        lambda name, text: told(name, entry(EDIT, [NS, text], "0:1:0123456789abcdef")),
        ANY_NAME,
        st.sampled_from(["one", "edited"]),
    ),
    st.builds(
        lambda name, text: told(
            name, entry(PARTS, [len(text), [{"kind": "text", "index": 0, "text": text}]])
        ),
        ANY_NAME,
        st.sampled_from(["one", "parted"]),
    ),
    st.builds(lambda name: told(name, entry(ORDER, ord(name))), ANY_NAME),
)  # fmt: skip


def _all(library: Library) -> list[object]:
    """What is shown, by ids: rows have other numbers on other devices."""
    run = library.database.connection.execute
    shown = (
        "SELECT record.uid, home.uid, place, time_ns, source_order, coalesce(seen, state)"
        " FROM version JOIN record ON record.id = version.record"
        " LEFT JOIN record AS home ON home.id = version.conversation"
        f" WHERE to_seq = {STILL} ORDER BY 1"
    )
    joined = (
        "SELECT record.uid, shown.uid FROM twin_shown JOIN record ON record.id = twin_shown.record"
        " JOIN record AS shown ON shown.id = twin_shown.shown ORDER BY 1"
    )
    found = sorted(
        (hit.message.origin, hit.message.text)
        for hit in library.search("one", Moment(99, ANYWHERE), Selection(), 99)
    )
    counts, digest = library.counts(), library.applier.digest()
    return [run(shown).fetchall(), run(joined).fetchall(), found, counts, digest]


@settings(max_examples=80, deadline=None)
@given(st.lists(CHANGES, max_size=14).flatmap(lambda told: st.tuples(
    st.just(told), st.permutations(told), st.integers(1, 5)
)))  # fmt: skip
def test_every_device_shows_the_same(case: tuple[list[Change], list[Change], int]) -> None:
    """One by one, in another order and in batches, all at once and twice: all come to one end."""
    said, shuffled, size = case
    with TemporaryDirectory() as folder:
        libraries = [_library(folder, name) for name in "abc"]
        _apply(libraries[0], *[[change] for change in said])
        _apply(libraries[1], *[shuffled[at : at + size] for at in range(0, len(shuffled), size)])
        _apply(libraries[2], said, shuffled)
        shown = [_all(library) for library in libraries]
        assert shown[1] == shown[0] == shown[2]
        for library in libraries:
            assert library.applier.computed_digest() == library.digest()
            library.close()


@settings(max_examples=80, deadline=None)
@given(st.lists(CHANGES, max_size=14))
def test_nobody_hides_a_message_by_an_alias(said: list[Change]) -> None:
    """Whatever is told, what a person would see without the aliases is there with them."""
    with TemporaryDirectory() as folder:
        libraries = [_library(folder, name) for name in "ab"]
        plain = [change for change in said if change.entries[0].name != ALIAS.name]
        _apply(libraries[0], said)
        _apply(libraries[1], plain)
        seen = [_words(library) for library in libraries]
        assert seen[0] == seen[1]
        for library in libraries:
            library.close()


def _words(library: Library) -> set[tuple[str, str]]:
    """The words that are shown, and all that were first told, each with where; nothing of one that
    has no words."""
    rows = library.read.messages(Selection(), Moment(99))
    return {
        (text, home)
        for row in rows
        for text in (*row.state.values(TEXT), message_view(0, None, row.state).text)
        for home in row.state.keyed(CONVERSATION)
        if text
    }


def test_twins_are_one_everywhere(library: Library) -> None:
    _apply(library, [message("a", "one"), message("c", "two"), message("b", "one")])
    assert sorted(texts(library)) == ["one", "one", "two"]
    _apply(library, [alias("b", "a")], first=1)
    assert sorted(texts(library)) == ["one", "two"]
    assert [view.messages for view in library.read.conversations(Moment(99))] == [2]
    assert library.counts().messages == 2
    assert len(library.search("one", Moment(99), Selection(), 9)) == 1
    assert len(library.search("one", None, Selection(), 9)) == 1
    assert len(list(library.read.messages(Selection(), Moment(99)))) == 2
    assert library.applier.computed_digest() == library.digest()


def test_generations_of_one_message_are_one(library: Library) -> None:
    said = [message(name, "one", entry(ORDER, at)) for at, name in enumerate("abcd")]
    _apply(library, *[[one] for one in said])
    _apply(library, [alias("d", "c"), alias("c", "b")], [alias("a", "b")], first=4)
    (view,) = views(library)
    assert view.origin == "a"
    assert [row.state.get(ORIGIN)[1] for row in library.twins.of(view.record)] != []
    named = library.twins.named(list(NAMES), Moment(99))
    assert {row.record for row in named.values()} == {view.record}
    assert set(named) == set(NAMES)


def test_what_is_said_of_either_is_shown(library: Library) -> None:
    _apply(library, [message("a"), message("b"), alias("b", "a")])
    _apply(
        library,
        [told("a", entry(REACTION, ["loved", None, "r1"], "0:me"))],
        [told("b", entry(REACTION, ["liked", None, "r2"], f"0:{BOB}"))],
        [told("a", entry(ATTACHMENT, 0, "f1")), told("b", entry(ATTACHMENT, 1, "f2"))],
        first=1,
    )
    (view,) = views(library)
    assert {one.kind for one in view.reactions} == {"loved", "liked"}
    assert view.attachments == ("f1", "f2")


EDITED = entry(EDIT, [NS, "two, edited"], "0:1:0123456789abcdef")


def test_edited_alike_they_are_one_and_else_two(library: Library) -> None:
    _apply(library, [message("a"), message("b"), alias("b", "a")], [told("b", EDITED)])
    assert sorted(texts(library)) == ["one", "two, edited"]
    _apply(library, [told("a", EDITED)], first=2)
    assert texts(library) == ["two, edited"]
    assert len(library.search("edited", Moment(99), Selection(), 9)) == 1
    _apply(library, [told("a", entry(UNSENT, True, "0"))], first=3)
    assert sorted(texts(library)) == ["", "two, edited"]
    _apply(library, [told("b", entry(UNSENT, True, "0"))], first=4)
    assert texts(library) == [""]


@pytest.mark.parametrize("said", [EDITED, entry(TEXT, "else"), entry(UNSENT, True, "0")])
def test_what_nobody_is_shown_changes_no_words(library: Library, said: Entry) -> None:
    _apply(library, [message("a"), told("stub", said), alias("a", "stub"), alias("stub", "a")])
    assert texts(library) == ["one"]


def test_a_tapback_that_came_before_its_message_finds_it(library: Library) -> None:
    _apply(library, [told("b", entry(REACTION, ["loved", None, "r"], "0:me"))])
    _apply(library, [message("a")], [alias("a", "b")], first=1)
    (view,) = views(library)
    assert [one.kind for one in view.reactions] == ["loved"]


@pytest.mark.parametrize(
    "other",
    [
        message("b", "two"),
        message("b", time_ns=NS + 1),
        message("b", sender=None),
        message("b", sender="+15550109876"),
        message("b", inside="u"),
        message("b", "one", entry(STATE, "failed")),
        message("b", "one", entry(PLACED, "elsewhere")),
        message("b", None),
    ],
    ids=["words", "time", "direction", "sender", "thread", "state", "placed", "no words"],
)
def test_an_alias_of_what_does_not_agree_hides_nothing(library: Library, other: Change) -> None:
    _apply(library, [message("a"), other, alias("b", "a"), alias("a", "b")])
    assert len(list(library.read.messages(Selection(), Moment(99)))) == 2
    assert library.counts().messages == 2


def test_an_alias_that_stops_agreeing_shows_both(library: Library) -> None:
    _apply(library, [message("a"), message("b"), alias("b", "a")])
    assert texts(library) == ["one"]
    _apply(library, [told("b", entry(TEXT, "said before it"), time_ms=0)], first=1)
    assert sorted(texts(library)) == ["one", "said before it"]
    assert library.counts().messages == 2
    assert len(library.search("said", Moment(99), Selection(), 9)) == 1
    assert len(library.search("one", Moment(99), Selection(), 9)) == 2


def test_one_that_says_that_all_are_one_hides_none(library: Library) -> None:
    said = [message(f"m{at}", f"words {at}", time_ns=NS + at) for at in range(200)]
    hostile = [alias(f"m{at}", "m0") for at in range(200)]
    hostile += [alias("m0", f"m{at}") for at in range(200)]
    # One that agrees with two others which do not agree with each other.
    hostile += [alias("stub", "m1"), alias("stub", "m2")]
    _apply(library, said, hostile)
    assert len(texts(library)) == 100 and library.counts().messages == 200
    assert len(list(library.read.messages(Selection(), Moment(99)))) == 200


def test_more_than_can_be_generations_of_one_are_all_shown(library: Library) -> None:
    number = TWINS_LIMIT + 1
    _apply(library, [message(f"m{at}") for at in range(number)])
    _apply(library, [alias(f"m{at}", f"m{at - 1}") for at in range(1, number)], first=1)
    assert library.counts().messages == number


def _note(name: str, text: str | None, at: int, is_sent: bool) -> Change:
    return message(
        name, text, time_ns=NS + at, sender=None if is_sent else BOB, inside="direct:" + BOB
    )


def test_the_empty_sent_row_of_a_note_is_its_received_one(library: Library) -> None:
    _apply(library, [_note("a", "one", 10**9, False), _note("b", None, 0, True), alias("a", "b")])
    (home,) = library.applier.homes.shown(["direct:" + BOB])
    (view,) = library.read.page(home, Moment(99), 9)
    assert (view.text, view.from_me, view.sender) == ("one", True, None)
    assert view.time_ns == NS
    assert len(library.search("one", Moment(99), Selection(), 9)) == 1


def test_an_empty_note_hides_no_two_others(library: Library) -> None:
    first, second = _note("a", "one", 10**9, False), _note("c", "two", 2 * 10**9, False)
    said = [first, _note("b", None, 0, True), second, alias("a", "b"), alias("c", "b")]
    _apply(library, said)
    assert library.counts().messages == 3


def test_notes_far_apart_are_two(library: Library) -> None:
    said = [_note("a", "one", 2 * 10**9 + 1, False), _note("b", "one", 0, True), alias("a", "b")]
    _apply(library, said)
    assert library.counts().messages == 2


def test_what_a_person_set_apart_stays_apart(library: Library) -> None:
    _apply(library, [message("a"), message("b"), alias("b", "a")])
    _apply(library, [alias("a", "b", is_one=False, time_ms=9)], first=1)
    assert texts(library) == ["one", "one"]
    _apply(library, [alias("b", "a", time_ms=99)], first=2)
    assert texts(library) == ["one", "one"]


def test_one_in_the_trash_does_not_take_the_other_along(library: Library) -> None:
    _apply(library, [message("a"), message("b"), alias("b", "a")], [fate("a", 1)])
    (view,) = views(library)
    assert view.origin == "b" and not view.in_trash
    assert library.counts().messages == 1 and library.counts().trashed == 0
    _apply(library, [fate("b", 1)], first=2)
    assert not views(library)
    (view,) = views(library, places=(2,))
    assert view.in_trash and library.counts().trashed == 1
    assert library.counts().messages == 0


def test_one_that_was_purged_leaves_the_other(library: Library) -> None:
    _apply(library, [message("a"), message("b"), alias("b", "a")])
    _apply(library, [fate("a", 1), told("a", entry(PURGED, 1), life=None)], first=1)
    assert texts(library) == ["one"]
    assert library.counts().messages == 1


def test_a_moment_of_the_past_shows_what_was_one_then(library: Library) -> None:
    _apply(library, [message("a")])
    library.applier.apply([message("b"), alias("b", "a")], 1, 0)
    library.applier.apply([told("b", entry(TEXT, "other"), time_ms=0)], 2, 1)
    assert texts(library, 0) == ["one"]
    assert texts(library, 1) == ["one"]
    assert len(texts(library, 2)) == 2
    assert set(library.twins.named(["a", "b"], Moment(0))) == {"a"}


def test_what_only_the_tail_joined_is_apart_when_it_is_taken_off(library: Library) -> None:
    with library.transaction():
        library.apply_changes([message("a"), message("b")], -1)
    before = _all(library)
    with library.transaction():
        library.apply_changes([alias("b", "a")], library.next_step())
    assert library.counts().messages == 1
    library.strip_tail()
    assert _all(library) == before
    with library.transaction():
        library.apply_changes([alias("b", "a")], 0)
    assert library.counts().messages == 1


def test_a_plain_message_that_another_one_named_before_is_its_twin(library: Library) -> None:
    """What is made ready elsewhere is written as it is, but for those that are known by name."""
    _apply(library, [message("b"), alias("b", "a")])
    told = [message("a"), message("c", "two")]
    rows = checked_groups(ROOTS, encode_segment(ROOTS, told))
    with library.transaction():
        library.apply_prepared(prepare(ROOTS, rows), 1)
    assert sorted(texts(library)) == ["one", "two"]
    assert library.applier.computed_digest() == library.digest()


def test_an_id_of_another_namespace_is_another_message(library: Library) -> None:
    (uid,) = ids_of(ROOTS, MESSAGE, ["\x1fandroid\x1fa"])
    home = entry(CONVERSATION, True, "\x1fimessage\x1ft")
    said = (entry(ORIGIN, ["android", "a"]), entry(TIME_NS, NS), entry(TEXT, "one"), home)
    foreign = Change(MESSAGE, uid, 0, 1, b"d" * 16, (*said, entry(SENDER, BOB)))
    _apply(library, [message("a"), foreign, alias("a", "\x1fandroid\x1fa")])
    assert library.counts().messages == 2
