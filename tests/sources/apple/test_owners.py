"""Whose messages a database holds, and how long its device keeps them."""

import hashlib
import plistlib
from pathlib import Path

import pytest

from sealwax.demo.apple_database import AppleDatabase
from sealwax.sources.apple.keeping import KEEP_DAYS, PREFERENCES, keep_days
from sealwax.sources.apple.private_copy import (
    SourceForbidden,
    SourceMissing,
    SourceNotADatabase,
)
from sealwax.sources.base import SourceError
from sealwax.sources.registry import (
    BACKUP_DATABASE,
    BackupEncrypted,
    MessagesNotInBackup,
    open_source,
    probe_source,
    source_marks,
)
from tests.homes import changed, write_threads


def owners(folder: Path, scratch: Path) -> tuple[str, ...]:
    source = open_source(folder, scratch)
    try:
        return source.describe().owners
    finally:
        source.close()


def test_chats_and_messages_name_their_owner(tmp_path: Path) -> None:
    write_threads(tmp_path / "phone", [2])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert owners(tmp_path / "phone", scratch) == ("me@example.net",)

    def rename(database: AppleDatabase) -> None:
        run = database.connection.execute
        run("UPDATE chat SET account_login = 'P:+1 (555) 010-9999', last_addressed_handle = 'e:'")
        run("UPDATE message SET account = 'e:Me@Example.org', destination_caller_id = NULL")

    changed(tmp_path / "phone", rename)
    assert owners(tmp_path / "phone", scratch) == ("+15550109999", "me@example.org")
    changed(
        tmp_path / "phone",
        lambda db: db.connection.execute("UPDATE chat SET account_login = x'ff00'"),
    )
    changed(tmp_path / "phone", lambda db: db.connection.execute("UPDATE message SET account = 7"))
    assert isinstance(owners(tmp_path / "phone", scratch), tuple)


def test_a_database_without_accounts_has_no_owner(tmp_path: Path) -> None:
    write_threads(tmp_path / "phone", [2])
    for sql in ("UPDATE chat SET account_login = NULL", "UPDATE message SET account = NULL"):
        changed(tmp_path / "phone", lambda db, sql=sql: db.connection.execute(sql))
    (tmp_path / "scratch").mkdir()
    assert owners(tmp_path / "phone", tmp_path / "scratch") == ()


def test_a_phone_says_in_its_backup_that_it_deletes_after_30_days(tmp_path: Path) -> None:
    wanted = f"HomeDomain-Library/Preferences/{PREFERENCES}"
    name = hashlib.sha1(wanted.encode()).hexdigest()
    assert keep_days(tmp_path) is None
    place = tmp_path / name[:2] / name
    place.parent.mkdir()
    for told, expected in ((30, 30), (365, 365), (0, None), (-1, None), (True, None), ("x", None)):
        place.write_bytes(plistlib.dumps({KEEP_DAYS: told}, fmt=plistlib.FMT_BINARY))
        assert keep_days(tmp_path) == expected
    for garbage in (b"", b"bplist00", b"<plist><dict>", plistlib.dumps([1])):
        place.write_bytes(garbage)
        assert keep_days(tmp_path) is None


def test_a_mac_says_it_beside_its_other_settings(tmp_path: Path) -> None:
    database = tmp_path / "Library" / "Messages" / "chat.db"
    place = tmp_path / "Library" / "Preferences" / PREFERENCES
    place.parent.mkdir(parents=True)
    place.write_bytes(plistlib.dumps({KEEP_DAYS: 365}))
    assert keep_days(database) == 365


def test_a_probe_finds_what_opening_would(tmp_path: Path) -> None:
    write_threads(tmp_path / "phone", [1])
    probe_source(tmp_path / "phone")
    probe_source(tmp_path / "phone" / "chat.db")
    with pytest.raises(SourceMissing):
        probe_source(tmp_path / "nothing.db")
    (tmp_path / "words.db").write_text("words")
    with pytest.raises(SourceNotADatabase):
        probe_source(tmp_path / "words.db")
    backup = tmp_path / "backup"
    backup.mkdir()
    with pytest.raises(SourceNotADatabase):
        probe_source(backup)
    (backup / "Manifest.db").touch()
    with pytest.raises(MessagesNotInBackup):
        probe_source(backup)
    (backup / "Manifest.plist").write_bytes(plistlib.dumps({"IsEncrypted": True}))
    with pytest.raises(BackupEncrypted):
        probe_source(backup)
    (backup / BACKUP_DATABASE).write_bytes(b"sealed")
    with pytest.raises(BackupEncrypted):
        probe_source(backup)


def test_a_probe_names_missing_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_threads(tmp_path / "phone", [1])

    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceForbidden) as caught:
        probe_source(tmp_path / "phone" / "chat.db")
    assert isinstance(caught.value, SourceError)
    assert "Full Disk Access" in caught.value.hint


def test_marks_change_with_a_write_and_survive_a_disappearance(tmp_path: Path) -> None:
    folder = tmp_path / "phone"
    write_threads(folder, [1])
    first = source_marks(folder)
    assert source_marks(folder) == first
    changed(folder, lambda db: db.handle("+15550100999"))
    second = source_marks(folder)
    assert second != first
    (folder / "chat.db").unlink()
    assert source_marks(folder) != second
    assert source_marks(tmp_path / "never") == source_marks(tmp_path / "never")
