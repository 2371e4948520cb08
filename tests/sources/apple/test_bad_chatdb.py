"""Databases that are odd, old, damaged or being written: nothing is lost, nothing is touched."""

import sqlite3
from pathlib import Path

import pytest

from sealwax.demo.apple_database import AppleDatabase
from sealwax.sources.apple.chatdb.source import SchemaTooOld
from sealwax.sources.apple.private_copy import SourceBusy, SourceNotADatabase
from tests.homes import NOW_MS, said, write_threads
from tests.samples import SAMPLES, needs_samples
from tests.sources.apple.seen import Seen

REAL = {
    "imessage-exporter/db/test.db": 3,
    "mvt/ios_backup/3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28": 1,
    "ios-backup-parser/messages/testdata/messages.1.sms.db": 10,
}


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        path.name: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.iterdir()
        if path.name != "scratch"
    }


def _change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for name in ("delete_attachment_path", "before_delete_attachment_path"):
        connection.create_function(name, -1, lambda *_: None)
    connection.create_function("after_delete_message_plugin", -1, lambda *_: None)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_the_original_is_never_touched_and_nothing_is_left(tmp_path: Path) -> None:
    write_threads(tmp_path, [20])
    before = _listing(tmp_path)
    data = (tmp_path / "chat.db").read_bytes()
    Seen(tmp_path / "chat.db")
    assert _listing(tmp_path) == before
    assert (tmp_path / "chat.db").read_bytes() == data
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_is_only_in_the_wal_is_read(tmp_path: Path) -> None:
    database = AppleDatabase(tmp_path)
    handle = database.handle("+15550100001")
    chat = database.direct_chat("+15550100001", handle)
    database.connection.pragma("wal_autocheckpoint", 0)
    database.add_messages([said(chat, handle, "IN-WAL", "newest", NOW_MS)])
    assert (tmp_path / "chat.db-wal").stat().st_size > 0
    before = _listing(tmp_path)
    seen = Seen(tmp_path / "chat.db")
    assert seen.message("IN-WAL")["text"] == "newest"
    assert _listing(tmp_path) == before
    database.close()


def test_a_database_that_never_stands_still_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_threads(tmp_path, [2])
    path = tmp_path / "chat.db"
    times = iter(range(10**6))

    def marks(*_: Path) -> tuple[int | None, ...]:
        return (next(times), None, None)

    monkeypatch.setattr("sealwax.sources.apple.private_copy.file_marks", marks)
    with pytest.raises(SourceBusy):
        Seen(path)


@needs_samples
@pytest.mark.parametrize(("name", "rows"), REAL.items())
def test_real_databases_show_every_message(name: str, rows: int, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes((SAMPLES / name).read_bytes())
    seen = Seen(copy)
    plain = sqlite3.connect(copy)
    columns = {row[1] for row in plain.execute("PRAGMA table_info(message)")}
    kind = "associated_message_type" if "associated_message_type" in columns else "0"
    told = plain.execute(f"SELECT guid, text, ifnull({kind}, 0) FROM message").fetchall()
    assert len(told) == rows
    for guid, text, association in told:
        if 2000 <= association < 4000:
            continue
        assert guid in seen.messages()
        if text:
            assert seen.message(guid)["text"] == text


def test_an_unknown_column_is_a_warning_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    write_threads(tmp_path, [3])
    path = tmp_path / "chat.db"
    _change(path, "ALTER TABLE message ADD COLUMN brand_new_thing TEXT")
    assert any("brand_new_thing" in warning for warning in Seen(path).description.warnings)
    old = tmp_path / "old.db"
    _change(old, "CREATE TABLE message (ROWID INTEGER PRIMARY KEY, text TEXT)")
    with pytest.raises(SchemaTooOld):
        Seen(old)
    other = tmp_path / "other.db"
    _change(other, "CREATE TABLE notes (body TEXT)")
    with pytest.raises(SourceNotADatabase, match="not one of Messages"):
        Seen(other)


@pytest.mark.parametrize(
    "table",
    [
        "chat", "handle", "chat_message_join", "chat_handle_join", "attachment",
        "message_attachment_join", "deleted_messages", "chat_recoverable_message_join",
    ],
)  # fmt: skip
def test_any_other_table_may_be_missing(tmp_path: Path, table: str) -> None:
    write_threads(tmp_path, [5])
    path = tmp_path / "chat.db"
    connection = sqlite3.connect(path)
    triggers = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    ).fetchall()
    connection.close()
    _change(path, *(f"DROP TRIGGER {name}" for (name,) in triggers), f"DROP TABLE {table}")
    assert len(Seen(path).messages()) == 5


def test_wrong_types_and_broken_text_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    write_threads(tmp_path, [6])
    path = tmp_path / "chat.db"
    connection = sqlite3.connect(path)
    guids = [guid for (guid,) in connection.execute("SELECT guid FROM message ORDER BY ROWID")]
    connection.close()
    _change(
        path,
        "UPDATE message SET text = CAST(x'68c3286921' AS TEXT), attributedBody = NULL"
        " WHERE ROWID = 1",
        "UPDATE message SET date = 'yesterday' WHERE ROWID = 2",
        "UPDATE message SET date = 0 WHERE ROWID = 3",
        "UPDATE message SET date = 9223372036854775807 WHERE ROWID = 4",
        "UPDATE message SET text = 42, attributedBody = 'text', is_from_me = 'x', handle_id = 'y'"
        " WHERE ROWID = 5",
    )
    seen = Seen(path)
    assert seen.messages() == set(guids)
    assert seen.message(guids[0])["text"] == "h\ufffd(i!"
    for guid in guids[1:4]:
        assert seen.message(guid)["time_ns"] == 0
    assert seen.whats().count("this message has no date") == 3
    assert seen.description.newest_ms < 2**43


def test_a_damaged_page_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    write_threads(tmp_path, [3_000])
    path = tmp_path / "chat.db"
    _change(path, "PRAGMA journal_mode = DELETE")
    data = bytearray(path.read_bytes())
    page = data.find(b"thread 0 message 1500") // 4_096 * 4_096
    assert page > 0
    data[page : page + 200] = b"\xaa" * 200
    path.write_bytes(data)
    seen = Seen(path)
    assert 1_000 < len(seen.messages()) < 3_000
    assert any("cannot be read" in what for what in seen.whats())
