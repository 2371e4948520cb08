"""Databases that were cut short or damaged anywhere: what can be read is, the rest is named."""

import random
import sqlite3
from pathlib import Path

import pytest

from sealwax.demo.apple_database import AppleDatabase
from sealwax.demo.world import write_world
from sealwax.sources.base import SourceError
from tests.homes import DAY_MS, NOW_MS, write_threads
from tests.sources.apple.seen import Seen

PAGE_BYTES = 4_096
MESSAGES = 2_000
SEEDS = 24


def _settled(folder: Path, messages: int = MESSAGES) -> Path:
    """A database in one file, with two threads."""
    write_threads(folder, [messages // 2, messages // 2])
    path = folder / "chat.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    return path


def _root_page(path: Path, name: str) -> int:
    connection = sqlite3.connect(path)
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,))
    connection.close()
    return int(page) - 1


def _spoil(path: Path, page: int, data: bytes = b"\xaa" * 400) -> None:
    content = bytearray(path.read_bytes())
    start = page * PAGE_BYTES
    content[start : start + len(data)] = data
    path.write_bytes(content)


def test_half_a_file_gives_half_the_messages(tmp_path: Path) -> None:
    path = _settled(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    seen = Seen(path)
    assert seen.messages()
    assert len(seen.messages()) < MESSAGES
    assert seen.problems


def test_a_file_cut_behind_its_first_page_is_an_error(tmp_path: Path) -> None:
    path = _settled(tmp_path, 40)
    path.write_bytes(path.read_bytes()[:PAGE_BYTES])
    with pytest.raises(SourceError):
        Seen(path)


def test_a_damaged_list_of_tables_is_an_error(tmp_path: Path) -> None:
    path = _settled(tmp_path, 40)
    _spoil(path, 0, path.read_bytes()[:100] + b"\xaa" * 2_000)
    with pytest.raises(SourceError):
        Seen(path)


@pytest.mark.parametrize(
    "table", ["chat_message_join", "chat_handle_join", "attachment", "message_attachment_join"]
)
def test_a_damaged_table_beside_the_messages_costs_no_message(tmp_path: Path, table: str) -> None:
    path = _settled(tmp_path)
    page = _root_page(path, table)
    _spoil(path, page)
    seen = Seen(path)
    assert len(seen.messages()) == MESSAGES
    assert all(seen.message(guid)["text"].startswith("thread") for guid in seen.messages())


def test_damaged_handles_and_chats_cost_no_words(tmp_path: Path) -> None:
    path = _settled(tmp_path)
    for table in ("handle", "chat"):
        _spoil(path, _root_page(path, table))
    seen = Seen(path)
    assert len(seen.messages()) == MESSAGES
    assert seen.problems


def test_a_damaged_index_costs_nothing(tmp_path: Path) -> None:
    path = _settled(tmp_path)
    connection = sqlite3.connect(path)
    names = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'message'"
            " AND sql IS NOT NULL"
        )
    ]
    connection.close()
    assert len(names) > 10
    for name in names:
        _spoil(path, _root_page(path, name))
    assert len(Seen(path).messages()) == MESSAGES


@pytest.mark.parametrize("seed", range(SEEDS))
def test_damage_anywhere_is_named_or_harmless(tmp_path: Path, seed: int) -> None:
    """Never a crash; and where messages are missing, something says so."""
    rng = random.Random(seed)
    path = _settled(tmp_path)
    pages = path.stat().st_size // PAGE_BYTES
    for _ in range(rng.randrange(1, 6)):
        _spoil(path, rng.randrange(1, pages), rng.randbytes(rng.randrange(1, PAGE_BYTES)))
    try:
        seen = Seen(path)
    except SourceError as error:
        assert error.sentence
        return
    if len(seen.messages()) < MESSAGES:
        assert seen.problems


def test_one_that_messages_holds_locked_is_read(tmp_path: Path) -> None:
    write_threads(tmp_path, [20])
    connection = sqlite3.connect(tmp_path / "chat.db", isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE handle SET country = 'xx'")
    assert len(Seen(tmp_path / "chat.db").messages()) == 20
    connection.execute("ROLLBACK")
    connection.close()


def test_texts_of_a_megabyte_and_dates_at_the_ends(tmp_path: Path) -> None:
    write_threads(tmp_path, [4])
    long = "long words " * 100_000
    connection = sqlite3.connect(tmp_path / "chat.db")
    guids = [guid for (guid,) in connection.execute("SELECT guid FROM message ORDER BY ROWID")]
    for name, count in (("delete_attachment_path", 1), ("before_delete_attachment_path", 2)):
        connection.create_function(name, count, lambda *_: None)
    for row, (text, date) in enumerate(
        [(long, 700_000_000 * 10**9), ("zero", 0), ("before", -(10**18)), ("far", 2**63 - 1)], 1
    ):
        connection.execute(
            "UPDATE message SET text = ?, attributedBody = NULL, date = ? WHERE ROWID = ?",
            (text, date, row),
        )
    connection.commit()
    connection.close()
    seen = Seen(tmp_path / "chat.db")
    assert seen.message(guids[0])["text"] == long
    assert [seen.message(guid)["text"] for guid in guids[1:]] == ["zero", "before", "far"]
    assert seen.message(guids[1])["time_ns"] == 0
    # No date beyond the year 2254 makes all others look old.
    assert seen.description.newest_ms < NOW_MS * 4


def test_blobs_cut_short_at_any_length_keep_the_message(tmp_path: Path) -> None:
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=60, photos=2)
    database = AppleDatabase(tmp_path / "phone")
    rows = database.connection.execute(
        "SELECT ROWID, attributedBody, message_summary_info FROM message"
        " WHERE message_summary_info IS NOT NULL OR length(attributedBody) > 250"
    ).fetchall()
    assert len(rows) >= 3
    count = database.connection.execute("SELECT count(*) FROM message").fetchall()[0][0]
    for cut in range(0, 400, 7):
        for row, body, summary in rows:
            database.connection.execute(
                "UPDATE message SET attributedBody = ?, message_summary_info = ?,"
                " payload_data = ? WHERE ROWID = ?",
                (
                    body[:cut] if isinstance(body, bytes) else body,
                    summary[:cut] if isinstance(summary, bytes) else summary,
                    b"bplist00"[:cut],
                    row,
                ),
            )
        seen = Seen(world.path / "chat.db" if world.path.is_dir() else world.path)
        assert len(seen.messages()) <= count
        assert len(seen.messages()) >= count * 8 // 10
    database.close()
