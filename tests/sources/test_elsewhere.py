"""A source that a companion reads is the source itself: the same items, errors and state."""

from contextlib import closing
from pathlib import Path

import pytest

from sealwax.demo.world import delete_thread, write_world
from sealwax.sources.apple.private_copy import SourceMissing, SourceNotADatabase
from sealwax.sources.base import Item, Observation
from sealwax.sources.elsewhere import ReadElsewhere
from sealwax.sources.registry import open_source
from tests.homes import DAY_MS, NOW_MS
from tests.sources.contract import everything


def _as_told(items: list[Item]) -> list[str]:
    """Items with their values as msgpack knows them, in an order of their own."""
    return sorted(repr(item).replace("(", "[").replace(")", "]") for item in items)


def test_the_same_is_read_here_and_elsewhere(tmp_path: Path) -> None:
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=80, photos=4)
    delete_thread(tmp_path / "phone", world.mum_chat, NOW_MS - 1_000)
    with closing(open_source(world.path, tmp_path / "here")) as source:
        here, described, state = everything(source), source.describe(), source.state()
    with closing(ReadElsewhere(world.path, tmp_path / "there", None)) as source:
        there = everything(source)
        assert source.describe() == described
        assert source.state() == state
        assert source.namespace == "imessage"
    assert _as_told(there) == _as_told(here)
    assert any(isinstance(item, Observation) and item.content for item in there)
    assert list((tmp_path / "there").iterdir()) == []


def test_what_changed_is_read_elsewhere_too(tmp_path: Path) -> None:
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=40, photos=0)
    with closing(open_source(world.path, tmp_path / "scratch")) as source:
        everything(source)
        known = source.state()
    delete_thread(tmp_path / "phone", world.mum_chat, NOW_MS - 1_000)
    with closing(open_source(world.path, tmp_path / "scratch", known)) as source:
        here = everything(source)
    with closing(ReadElsewhere(world.path, tmp_path / "scratch", known)) as source:
        assert _as_told(everything(source)) == _as_told(here)


def test_errors_are_the_same_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"nothing\.db"):
        ReadElsewhere(tmp_path / "nothing.db", tmp_path, None)
    (tmp_path / "odd.db").write_bytes(b"no database" * 100)
    with pytest.raises(SourceNotADatabase) as raised:
        ReadElsewhere(tmp_path / "odd.db", tmp_path, None)
    assert raised.value.hint


def test_leaving_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=80, photos=0)
    source = ReadElsewhere(world.path, tmp_path / "scratch", None)
    next(source.read())
    source.close()
    assert list((tmp_path / "scratch").iterdir()) == []
