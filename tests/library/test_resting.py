"""Since when records have rested, as this device has seen it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.library.library import Library
from sealwax.library.resting import Resting, note_resting
from sealwax.model.change import Change, entry
from sealwax.model.field import PURGED, READ_NS, TEXT
from sealwax.model.record import Kind
from sealwax.model.state import State, from_change
from tests.accounts import made_account
from tests.homes import NOW_MS

RECORD = b"r" * 16


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "library.db", b"k" * 32, made_account().keys.roots, is_durable=False)
    yield made
    made.close()


def _state(*entries: object) -> State:
    return from_change(_change(*entries))


def _change(*entries: object) -> Change:
    return Change(int(Kind.MESSAGE), RECORD, 0, NOW_MS, b"d" * 16, tuple(entries))  # type: ignore[arg-type]


def test_a_record_that_is_only_spoken_of_was_never_purged(library: Library) -> None:
    """A receipt may come before its message."""
    note_resting(library, NOW_MS)
    assert not Resting(library, NOW_MS).is_purged(RECORD, _state(entry(READ_NS, 1)))


def test_what_was_purged_rests_since_it_was_first_looked_at(library: Library) -> None:
    change = _change(entry(TEXT, "words"), entry(PURGED, 0))
    with library.transaction():
        library.apply_changes([change], library.next_step())
    note_resting(library, NOW_MS)
    assert Resting(library, NOW_MS).is_purged(RECORD, from_change(change))
    assert not Resting(library, NOW_MS - 1).is_purged(RECORD, from_change(change))
