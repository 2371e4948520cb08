"""Conversations that are one are shown as one, alike on every device, whatever it heard first."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.library.aliases import groups, shown_as
from sealwax.library.library import Library
from sealwax.library.naming import ids_of
from sealwax.library.select import Moment
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import ALIAS, CONVERSATION, ORIGIN, PARTICIPANT, TEXT, TIME_NS
from sealwax.model.record import Kind
from tests.accounts import made_account

ROOTS = made_account().keys.roots
THREADS = ("a", "b", "c", "d")
HOME, MESSAGE = int(Kind.CONVERSATION), int(Kind.MESSAGE)


def _change(kind: int, name: str, time_ms: int, *entries: Entry) -> Change:
    (uid,) = ids_of(ROOTS, kind, [name])
    return Change(kind, uid, 0, time_ms, b"d" * 16, entries)


def thread(name: str) -> Change:
    told = (entry(ORIGIN, ["imessage", name]), entry(PARTICIPANT, True, f"+{name}"))
    return _change(HOME, name, 1, *told)


def alias(name: str, other: str, is_one: bool = True, time_ms: int = 1) -> Change:
    return _change(HOME, name, time_ms, entry(ALIAS, is_one, other))


def message(name: str, *inside: str) -> Change:
    homes = [entry(CONVERSATION, True, one) for one in inside]
    said = [entry(ORIGIN, ["imessage", name]), entry(TIME_NS, 5), entry(TEXT, name)]
    return _change(MESSAGE, name, 1, *said, *homes)


NAMES = st.sampled_from(THREADS)
CHANGES = st.one_of(
    NAMES.map(thread),
    st.builds(alias, NAMES, NAMES, st.booleans(), st.integers(1, 3)).filter(
        lambda change: change.entries[0].key != ""
    ),
    st.builds(message, st.sampled_from("xyz"), NAMES),
    st.builds(message, st.sampled_from("xyz"), NAMES, NAMES),
)


def _shown(library: Library) -> list[object]:
    """What is shown, by ids: rows have other numbers on other devices."""
    run = library.database.connection.execute
    homes = (
        "SELECT record.uid, home.uid FROM version JOIN record ON record.id = version.record"
        " JOIN record AS home ON home.id = version.conversation WHERE to_seq = 4611686018427387904"
        " UNION SELECT record.uid, home.uid FROM also_in"
        " JOIN version ON version.id = also_in.version"
        " JOIN record ON record.id = version.record"
        " JOIN record AS home ON home.id = also_in.conversation"
        " WHERE to_seq = 4611686018427387904 ORDER BY 1, 2"
    )
    joined = (
        "SELECT record.uid, shown.uid FROM shown_as JOIN record ON record.id = shown_as.record"
        " JOIN record AS shown ON shown.id = shown_as.shown ORDER BY 1"
    )
    return [run(homes).fetchall(), run(joined).fetchall(), library.applier.digest()]


def _library(folder: Path | str, name: str) -> Library:
    return Library(Path(folder) / f"{name}.db", b"k" * 32, ROOTS, is_durable=False)


def _told(library: Library, batches: Iterable[Sequence[Change]]) -> None:
    for seq, batch in enumerate(batches):
        library.applier.apply(batch, seq, -1)


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGES, max_size=14).flatmap(lambda told: st.tuples(
    st.just(told), st.permutations(told), st.integers(1, 5)
)))  # fmt: skip
def test_every_device_shows_the_same(case: tuple[list[Change], list[Change], int]) -> None:
    told, shuffled, size = case
    with TemporaryDirectory() as folder:
        libraries = [_library(folder, name) for name in "abc"]
        _told(libraries[0], [[change] for change in told])
        _told(libraries[1], [shuffled[at : at + size] for at in range(0, len(shuffled), size)])
        _told(libraries[2], [told])
        shown = [_shown(library) for library in libraries]
        assert shown[1] == shown[0] == shown[2]
        for library in libraries:
            library.close()


@given(st.permutations([(1, 2), (3, 4), (2, 3), (5, 6), (6, 6)]), st.booleans())
def test_what_is_joined_in_steps_is_one(pairs: list[tuple[int, int]], is_turned: bool) -> None:
    turned = [(right, left) if is_turned else (left, right) for left, right in pairs]
    found = groups(range(1, 8), turned, set())
    assert sorted(map(sorted, found)) == [[1, 2, 3, 4], [5, 6], [7]]
    parted = groups(range(1, 8), turned, {(3, 2)})
    assert sorted(map(sorted, parted)) == [[1, 2], [3, 4], [5, 6], [7]]


def test_joined_and_parted_again(tmp_path: Path) -> None:
    library = _library(tmp_path, "library")
    both = [message("x", "a"), message("y", "b"), message("z", "a", "b")]
    _told(library, [[thread("a"), thread("b"), *both]])
    assert [(view.messages, view.participants) for view in _views(library)] == [
        (2, ("+a",)),
        (2, ("+b",)),
    ]
    library.applier.apply([alias("a", "b")], 1, -1)
    assert [(view.messages, view.participants) for view in _views(library)] == [(3, ("+a", "+b"))]
    assert library.counts().conversations == 1
    library.applier.apply([alias("b", "a", is_one=False, time_ms=9)], 2, -1)
    assert [view.messages for view in _views(library)] == [2, 2]
    assert library.counts().conversations == 2
    library.close()


def test_what_is_joined_now_is_joined_at_every_moment(tmp_path: Path) -> None:
    library = _library(tmp_path, "library")
    library.applier.apply([thread("a"), thread("b"), message("x", "a"), message("y", "b")], 0, -1)
    library.applier.apply([message("x", "a")._replace(time_ms=0), alias("a", "b")], 1, 0)
    for seq in (0, 1):
        assert [view.messages for view in library.read.conversations(Moment(seq))] == [2]
    assert len(set(shown_as(library.database.connection).values())) == 1
    library.close()


def _views(library: Library):  # type: ignore[no-untyped-def]
    moment = Moment(9)
    return sorted(library.read.conversations(moment), key=lambda view: view.participants)


def test_what_only_the_tail_joined_is_apart_when_it_is_taken_off(tmp_path: Path) -> None:
    library = _library(tmp_path, "library")
    told = [thread("a"), thread("b"), message("x", "a"), message("y", "b")]
    with library.transaction():
        library.apply_changes(told, -1)
    before = _shown(library)
    with library.transaction():
        library.apply_changes([alias("a", "b")], library.next_step())
    assert [view.messages for view in library.read.conversations(library.now())] == [2]
    library.strip_tail()
    assert _shown(library) == before
    assert len(library.read.conversations(library.now())) == 2
    library.close()
