"""What is made ready elsewhere is what the library would have worked out itself."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.library.library import Library
from sealwax.library.prepared import NO_CONVERSATION, Prepared, prepare
from sealwax.library.project import PRESENT, project
from sealwax.library.script import apart, pairs
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import (
    CONVERSATION,
    EDIT,
    FROM_ME,
    LIFE,
    ORIGIN,
    PURGED,
    READ_NS,
    SUBJECT,
    TEXT,
    TIME_NS,
)
from sealwax.model.record import Kind
from sealwax.model.state import State, empty, encode, join_change
from sealwax.vault.digest import MODULUS, state_term
from sealwax.vault.segment import checked_groups, encode_segment
from tests.accounts import made_account
from tests.model.odd import ENTRIES as ODD

ENTRIES = st.one_of(
    st.sampled_from(["imessage", "android"]).map(lambda space: entry(ORIGIN, [space, "id"])),
    st.sampled_from(["direct:a", "direct:b", "\x1fandroid\x1fdirect:a"]).map(
        lambda key: entry(CONVERSATION, True, key)
    ),
    st.integers(-5, 5).map(lambda value: entry(TIME_NS, value)),
    st.text(max_size=5).map(lambda value: entry(TEXT, value)),
    st.sampled_from(["東京タワー", "👍👍 yes"]).map(lambda value: entry(TEXT, value)),
    st.booleans().map(lambda value: entry(FROM_ME, value)),
    st.integers(0, 9).map(lambda value: entry(READ_NS, value)),
    st.just(entry(SUBJECT, "about")),
    st.just(entry(EDIT, [1, "earlier"], "0:0:aa")),
    st.just(Entry("erased", 6, "", True)),
    st.integers(0, 3).map(lambda value: entry(LIFE, value)),
    st.integers(0, 3).map(lambda value: entry(PURGED, value)),
    st.just(Entry("from the future", 99, "k", {"a": 1})),
    st.just(Entry("time_ns", 1, "", 2**63)),
    st.just(Entry("time_ns", 1, "a key", 5)),
    st.just(Entry("text", 1, "a key", "words")),
    st.just(Entry("text", 99, "", "words of another class")),
    st.just(Entry("conversation", 6, "direct:a", {"a": 1})),
    st.just(Entry("conversation", 6, "", True)),
    ODD,
)
ROOTS = made_account().keys.roots
RECORDS = st.sampled_from([(int(kind), number) for kind in Kind for number in range(3)])
CHANGES = st.builds(
    lambda record, *rest: Change(record[0], bytes([record[0], *[record[1]] * 15]), *rest),
    RECORDS,
    st.sampled_from([None, 0, 2, 3]),
    st.integers(-9, 9),
    st.just(b"d" * 16),
    st.lists(ENTRIES, max_size=8).map(tuple),
)


def _is_written_by_us(change: Change) -> bool:
    """Control values stand in changes without a life, content in changes with one."""
    controls = {LIFE.name, PURGED.name}
    are_control = [item.name in controls for item in change.entries]
    return not any(are_control) if change.life is not None else all(are_control)


@given(st.lists(CHANGES.filter(_is_written_by_us), max_size=6))
def test_columns_are_what_the_states_show(changes: list[Change]) -> None:
    prepared = _prepared(changes)
    states = _joined(changes)
    assert sorted(states) == sorted([*prepared.records, *(item.record for item in prepared.others)])
    for record, kind, projection, encoded in prepared.others:
        state = states[record]
        assert (kind, projection, encoded) == (state.kind, project(state), encode(state))
    for at, record in enumerate(prepared.records):
        state = states[record]
        shown = project(state)
        inside = prepared.inside[at]
        told = () if inside == NO_CONVERSATION else (prepared.conversations[inside],)
        assert prepared.states[at] == encode(state)
        assert (shown.place, shown.is_held, shown.file_bytes) == (PRESENT, False, 0)
        assert (shown.conversations, shown.time_ns) == (told, prepared.times[at])
        assert prepared.words[at] == apart(shown.words)
        assert dict(prepared.unspaced).get(at, "") == pairs(shown.words)


@given(st.lists(CHANGES, max_size=6))
def test_the_digest_is_that_of_the_states(changes: list[Change]) -> None:
    prepared = _prepared(changes)
    for known in ({}, set(prepared.records[::2])):
        left = prepared.without(known, ROOTS)
        terms = [state_term(ROOTS, *pair) for pair in zip(left.records, left.states, strict=True)]
        assert int.from_bytes(left.digest, "big") == sum(terms) % MODULUS
        assert not set(known) & set(left.records)
        assert {item.record for item in left.others} >= set(known)


def test_plain_words_are_made_ready() -> None:
    entries = (entry(ORIGIN, ["imessage", "id"]), entry(TIME_NS, 1), entry(TEXT, "hello"))
    change = Change(int(Kind.MESSAGE), b"\2" * 16, 0, 1, b"d" * 16, entries)
    assert _prepared([change]).records == [change.record]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CHANGES, max_size=5), min_size=1, max_size=4), st.sampled_from([-1, 1]))
def test_a_library_comes_out_the_same(history: list[list[Change]], pinned_seq: int) -> None:
    """Segment after segment, with a pin between them."""
    with TemporaryDirectory() as folder:
        libraries = [
            Library(Path(folder) / name, b"k" * 32, ROOTS, is_durable=False) for name in "ab"
        ]
        joined, prepared = (library.applier for library in libraries)
        for seq, changes in enumerate(history):
            pinned = pinned_seq if seq > pinned_seq else -1
            joined.apply(changes, seq, pinned)
            prepared.apply_prepared(_prepared(changes), seq, pinned)
        assert prepared.digest() == joined.digest() == prepared.computed_digest()
        assert prepared.digest_at(pinned_seq) == joined.digest_at(pinned_seq)
        assert [_shown(library) for library in libraries[1:]] == [_shown(libraries[0])]
        for library in libraries:
            library.close()


def _joined(changes: list[Change]) -> dict[bytes, State]:
    states: dict[bytes, State] = {}
    for change in changes:
        states[change.record] = join_change(states.get(change.record, empty(change.kind)), change)
    return states


def _prepared(changes: list[Change]) -> Prepared:
    return prepare(ROOTS, checked_groups(ROOTS, encode_segment(ROOTS, changes)))


def _shown(library: Library) -> list[object]:
    """All rows, whatever their numbers."""
    run = library.database.connection.execute
    versions = (
        "SELECT record.uid, from_seq, to_seq, version.kind, place, time_ns, is_held, state,"
        " home.uid, text_id IS NULL, record.version = version.id FROM version"
        " JOIN record ON record.id = version.record"
        " LEFT JOIN record AS home ON home.id = version.conversation ORDER BY 1, 2"
    )
    found = (
        "SELECT record.uid, from_seq FROM version JOIN record ON record.id = version.record"
        " WHERE text_id IN (SELECT rowid FROM {0} WHERE {0} MATCH ?) ORDER BY 1, 2"
    )
    return [
        run(versions).fetchall(),
        *(
            run(found.format("text_index"), (word,)).fetchall()
            for word in ("about", "words", "yes")
        ),
        run(found.format("unspaced_index"), ('"東京"',)).fetchall(),
        library.counts(),
    ]
