"""A library that is filled: quicker, and in the end the same as any other."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.library import held_numbers
from sealwax.library import search as machine
from sealwax.library.database import LATE_INDEXES
from sealwax.library.library import Library
from sealwax.library.numbers import has_index
from sealwax.library.prepared import prepare
from sealwax.library.project import PRESENT
from sealwax.library.select import Moment, Selection
from sealwax.model.change import Change, entry
from sealwax.model.field import CONVERSATION, ORIGIN, READ_NS, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.vault.segment import checked_groups, encode_segment
from tests.accounts import made_account

ROOTS = made_account().keys.roots
DEVICE = b"d" * 16
MESSAGE = int(Kind.MESSAGE)
NOW = Moment(100, (PRESENT,))


class Trouble(Exception):
    """Something that goes wrong in the middle."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "library.db"


def _opened(path: Path) -> Library:
    return Library(path, b"k" * 32, ROOTS, is_durable=False)


def _uid(number: int) -> bytes:
    return bytes([MESSAGE, *[number] * 15])


def _said(number: int, words: str = "tea") -> Change:
    told = (
        entry(ORIGIN, ["imessage", f"m{number}"]),
        entry(TIME_NS, number),
        entry(TEXT, words),
        entry(CONVERSATION, True, f"direct:{number % 3}"),
    )
    return Change(MESSAGE, _uid(number), 0, 1, DEVICE, told)


def _read(number: int) -> Change:
    return Change(MESSAGE, _uid(number), 0, 1, DEVICE, (entry(READ_NS, number),))


def _write(library: Library, changes: list[Change], seq: int) -> None:
    with library.transaction():
        made = prepare(ROOTS, checked_groups(ROOTS, encode_segment(ROOTS, changes)))
        library.applier.apply_prepared(made, seq, -1)


def _shown(library: Library) -> list[object]:
    rows = library.database.connection.execute(
        "SELECT record.uid, version.from_seq, version.to_seq, version.place, version.state"
        " FROM record JOIN version ON version.id = record.version ORDER BY 1"
    )
    return list(rows)


def _late_indexes(library: Library) -> list[bool]:
    return [has_index(library.database.connection, name) for name, _ in LATE_INDEXES]


CHANGES = st.builds(
    lambda number, is_read: _read(number) if is_read else _said(number),
    st.integers(1, 9),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(CHANGES, max_size=5), min_size=1, max_size=5),
    st.integers(0, 4),
    st.sampled_from([2, held_numbers.HELD_LIMIT]),
    st.booleans(),
)
def test_it_comes_out_the_same(
    history: list[list[Change]], failing: int, limit: int, has_readers: bool
) -> None:
    """With one commit that fails at first, and tables that are full at once or never."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_numbers, "HELD_LIMIT", limit)
        plain, filled = (_opened(Path(folder) / name) for name in ("plain", "filled"))
        filled.database.has_readers = has_readers
        for seq, changes in enumerate(history):
            _write(plain, changes, seq)
        with filled.filling():
            done = 0
            while done < len(history):
                try:
                    with filled.transaction():
                        _write_inside(filled, history[done], done)
                        if done == failing:
                            failing = -1
                            raise Trouble
                except Trouble:
                    # The transactions of its group are gone with it.
                    done = len(_seqs(filled))
                else:
                    done += 1
        assert _shown(filled) == _shown(plain)
        assert filled.digest() == plain.digest() == filled.applier.computed_digest()
        assert _late_indexes(filled) == [True, True]
        assert filled.check() == []
        for library in (plain, filled):
            library.close()


def _write_inside(library: Library, changes: list[Change], seq: int) -> None:
    made = prepare(ROOTS, checked_groups(ROOTS, encode_segment(ROOTS, changes)))
    library.applier.apply_prepared(made, seq, -1)
    library.database.connection.execute(
        "INSERT INTO seen_commit VALUES ('messages', ?, x'00')", (seq,)
    )


def _seqs(library: Library) -> list[int]:
    rows = library.database.connection.execute("SELECT seq FROM seen_commit ORDER BY 1")
    return [seq for (seq,) in rows]


def test_others_read_and_search_it_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "COMMON", 2)
    library = _opened(path)
    library.database.has_readers = True
    with library.filling():
        _write(library, [_said(number) for number in range(1, 6)], 0)
        assert _late_indexes(library) == [False, False]
        reader = library.reader()
        with reader.standing_still():
            rows = reader.read.by_uid([_uid(2), _uid(4), _uid(9)], NOW)
            assert sorted(row.uid for row in rows) == [_uid(2), _uid(4)]
            assert _found(reader) == [5, 4, 3, 2, 1]
        reader.close()
    assert _found(library) == [5, 4, 3, 2, 1]
    library.close()


def _found(library: Library) -> list[int]:
    hits = library.search("tea", NOW, Selection(), 10)
    return [hit.message.time_ns or 0 for hit in hits]


def test_a_known_record_is_joined_while_it_is_filled(path: Path) -> None:
    library = _opened(path)
    with library.filling():
        _write(library, [_said(1), _said(2)], 0)
        _write(library, [_read(2), _said(3)], 1)
        assert library.applier.fetch([_uid(2), _uid(8)]).keys() == {_uid(2)}
        assert library.read.conversations_of([_uid(3)]).keys() == {_uid(3)}
        assert library.read.unknown_at([_uid(1), _uid(3)], 0) == {_uid(3)}
    assert library.counts().messages == 3
    library.close()


@pytest.fixture
def half_filled(path: Path) -> Iterator[Library]:
    """A library whose process ended in the middle, as its file shows."""
    library = _opened(path)
    library.database.has_readers = True
    with library.filling():
        _write(library, [_said(1), _said(2)], 0)
        yield library


def test_what_was_left_half_filled_has_its_indexes_at_the_next_opening(
    half_filled: Library, path: Path
) -> None:
    assert _late_indexes(half_filled) == [False, False]
    again = _opened(path)
    assert _late_indexes(again) == [True, True]
    assert again.applier.fetch([_uid(1)]).keys() == {_uid(1)}
    again.close()


def test_a_reader_leaves_it_as_it_is(half_filled: Library) -> None:
    reader = half_filled.reader()
    assert _late_indexes(reader) == [False, False]
    reader.close()


def test_filling_inside_filling_ends_with_the_outer_one(path: Path) -> None:
    library = _opened(path)
    with library.filling():
        with library.filling():
            _write(library, [_said(1)], 0)
        assert _late_indexes(library) == [False, False]
    assert _late_indexes(library) == [True, True]
    library.close()
