"""Search: walking from the newest message on finds what a look at all messages finds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.demo.chance import Chance
from sealwax.library import search as machine
from sealwax.library.library import Library
from sealwax.library.project import PRESENT, TRASH
from sealwax.library.select import Moment, Selection
from sealwax.model.change import Change, entry
from sealwax.model.field import CONVERSATION, LIFE, ORIGIN, TEXT, TIME_NS
from sealwax.model.record import Kind
from tests.accounts import made_account

WORDS = ("tea", "cake", "東京タワー", "👍", "harbour")
MESSAGES = 400
DEVICE = b"d" * 16
_MESSAGE = int(Kind.MESSAGE)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Messages whose times stand in no order, some with one time, some in the trash."""
    chance = Chance("search")
    path: Path = tmp_path_factory.mktemp("search") / "library.db"
    made = Library(path, b"k" * 32, made_account().keys.roots, is_durable=False)
    changes = []
    for number in range(MESSAGES):
        record = number.to_bytes(16, "big")
        words = " ".join(chance.pick(WORDS) for _ in range(3))
        told = (
            entry(ORIGIN, ["imessage", f"m{number}"]),
            entry(TIME_NS, chance.below(200)),
            entry(TEXT, words),
            entry(CONVERSATION, True, f"direct:{chance.below(3)}"),
        )
        changes.append(Change(_MESSAGE, record, 0, 1, DEVICE, told))
        if chance.happens(0.2):
            changes.append(Change(_MESSAGE, record, None, 2, DEVICE, (entry(LIFE, 1),)))
    with made.transaction():
        made.applier.apply(changes, 0, -1)
    yield made
    made.close()


@pytest.mark.parametrize("words", [*WORDS, "te", "tea cake", "東京 tea", "never said"])
@pytest.mark.parametrize("limit", [1, 50, 1_000])
@pytest.mark.parametrize("wide", [0, 10**9])
def test_walking_finds_the_same(
    library: Library, monkeypatch: pytest.MonkeyPatch, words: str, limit: int, wide: int
) -> None:
    monkeypatch.setattr(machine, "WALKED_ROWS", 9)
    monkeypatch.setattr(machine, "WALKS", 1_000)
    monkeypatch.setattr(machine, "WIDE_SPAN", wide)
    for places in ((PRESENT,), (PRESENT, TRASH)):
        moment = Moment(0, places)
        monkeypatch.setattr(machine, "COMMON", 10**9)
        expected = library.search(words, moment, Selection(), limit)
        monkeypatch.setattr(machine, "COMMON", 1)
        assert library.search(words, moment, Selection(), limit) == expected
        assert bool(expected) == (words != "never said")


def test_a_walk_that_finds_too_little_is_given_up(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = Moment(0)
    expected = library.search("tea", moment, Selection(), 30)
    monkeypatch.setattr(machine, "WALKED_ROWS", 1)
    monkeypatch.setattr(machine, "WALKS", 2)
    monkeypatch.setattr(machine, "COMMON", 1)
    assert (
        machine._newest(library.database.connection, machine.parse_query("tea"), moment.places, 30)
        is None
    )
    assert library.search("tea", moment, Selection(), 30) == expected
