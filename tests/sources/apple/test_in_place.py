"""A database that stands still is read where it lies; one that moves is copied, or called busy."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sealwax.base.clock import SetClock
from sealwax.sources.apple.chatdb.source import ChatDatabase
from sealwax.sources.apple.in_place import SETTLED_MS, InPlace, opened
from sealwax.sources.apple.private_copy import PrivateCopy, SourceBusy
from sealwax.sources.base import Item
from tests.homes import NOW_MS, write_threads

CLOCK = SetClock(NOW_MS)


def _settled(folder: Path, age_ms: int = SETTLED_MS) -> Path:
    write_threads(folder, [300, 200])
    path = folder / "chat.db"
    written_ns = (NOW_MS - age_ms) * 1_000_000
    os.utime(path, ns=(written_ns, written_ns))
    return path


def _kind(path: Path) -> type:
    with closing(opened(path, path.parent / "scratch", CLOCK)) as found:
        return type(found)


def test_what_nobody_has_written_for_a_while_is_read_in_place(tmp_path: Path) -> None:
    assert _kind(_settled(tmp_path)) is InPlace


def test_what_was_written_just_now_is_copied(tmp_path: Path) -> None:
    assert _kind(_settled(tmp_path, SETTLED_MS - 1)) is PrivateCopy


@pytest.mark.parametrize("beside", ["-wal", "-journal"])
def test_what_has_a_log_beside_it_is_copied(tmp_path: Path, beside: str) -> None:
    path = _settled(tmp_path)
    path.with_name(path.name + beside).write_bytes(b"")
    assert _kind(path) is PrivateCopy


def test_what_is_cut_short_is_copied_and_mended(tmp_path: Path) -> None:
    path = _settled(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: -5 * 4_096])
    os.utime(path, ns=(0, 0))
    with closing(opened(path, tmp_path / "scratch", CLOCK)) as found:
        assert found.missing_bytes > 0


def test_a_name_with_signs_of_a_uri_is_opened(tmp_path: Path) -> None:
    path = _settled(tmp_path)
    strange = path.rename(tmp_path / "a b?immutable=0#%41.db")
    assert _kind(strange) is InPlace


def test_a_file_that_is_written_while_it_is_read_is_busy_and_nothing_torn_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwax.sources.apple.in_place.SETTLED_MS", -(2**40))
    monkeypatch.setattr("sealwax.sources.apple.chatdb.source.BATCH_ITEMS", 100)
    path = _settled(tmp_path)
    given: list[list[Item]] = []
    with closing(ChatDatabase(path, tmp_path / "scratch")) as source:
        batches = source.read()
        given.append(next(batches))
        with closing(sqlite3.connect(path)) as other:
            other.execute("UPDATE message SET text = 'written meanwhile'")
            other.commit()
        with pytest.raises(SourceBusy):
            given.extend(batches)
    assert "written meanwhile" not in str(given)
