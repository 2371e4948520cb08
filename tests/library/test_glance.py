"""A quick search: whole words first, and all that a word goes on to where they are few."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.library import glance as machine
from sealwax.library.glance import glance
from sealwax.library.library import Library
from sealwax.library.search import parse_query
from sealwax.library.select import Moment, Selection
from sealwax.model.change import Change, entry
from sealwax.model.field import CONVERSATION, ORIGIN, TEXT, TIME_NS
from sealwax.model.record import Kind
from tests.accounts import made_account

TEXTS = ("are you coming", "area young comet", "are you there", "are you comfortable", "tea")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "library.db", b"k" * 32, made_account().keys.roots, is_durable=False)
    changes = []
    for number, text in enumerate(TEXTS):
        told = (
            entry(ORIGIN, ["imessage", f"m{number}"]),
            entry(TIME_NS, number),
            entry(TEXT, text),
            entry(CONVERSATION, True, "direct:ann"),
        )
        record = number.to_bytes(16, "big")
        changes.append(Change(int(Kind.MESSAGE), record, 0, 1, b"d" * 16, told))
    with made.transaction():
        made.applier.apply(changes, 0, -1)
    yield made
    made.close()


def _found(library: Library, words: str) -> tuple[list[str], bool]:
    found = glance(library.database.connection, words, Moment(0), Selection(), 10)
    return [hit.message.text for hit in found.hits], found.is_partial


def test_which_words_may_go_on() -> None:
    assert parse_query("are you com").spaced == '"are"* AND "you"* AND "com"*'
    assert parse_query("are you com", "last").spaced == '"are" AND "you" AND "com"*'
    assert parse_query("are you com", "none").spaced == '"are" AND "you" AND "com"'
    assert parse_query("com", "last") == parse_query("com")
    assert parse_query('are "you co"', "last").spaced == '"are" AND "you co"'


def test_all_is_found_where_there_is_little(library: Library) -> None:
    found = ["are you comfortable", "area young comet", "are you coming"]
    assert _found(library, "are you com") == (found, False)


def test_whole_words_come_first_where_there_is_much(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "TEXTS_LIMIT", 2)
    # That there may be more is said, so that all is looked at later.
    assert _found(library, "are you com") == (["are you comfortable", "are you coming"], True)
    assert _found(library, "tea") == (["tea"], False)
