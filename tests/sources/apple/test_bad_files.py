"""Attachment files that are missing, odd, or change: each is named, the rest is kept."""

import os
import plistlib
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow
from sealwax.intake.imported import Imported
from sealwax.sources.apple.private_copy import SourceForbidden, SourceNotADatabase
from sealwax.sources.registry import BackupEncrypted, open_source
from sealwax.sync import pieces
from tests.homes import NOW_MS, environment, ignore, made_home, write_threads


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    folder = tmp_path / "phone"
    write_threads(folder, [8])
    return folder


def _attach(phone: Path, names: list[str]) -> Path:
    """Attaches a file of each name; gives their folder, which is empty still."""
    database = AppleDatabase(phone)
    guids = [guid for (guid,) in database.connection.execute("SELECT guid FROM message")]
    database.add_attachments(
        (guids[at], AttachmentRow(f"F-{name}", name, name, "image/jpeg", "public.jpeg", NOW_MS, 5))
        for at, name in enumerate(names)
    )
    database.close()
    (phone / ATTACHMENTS).mkdir(exist_ok=True)
    return phone / ATTACHMENTS


def _imported(tmp_path: Path, phone: Path) -> tuple[Imported, dict[str, bytes]]:
    """An import, and the files that are in the vault then."""
    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        done = agent.import_source(phone, ignore)
        kept = {
            item.attachment.name: b"".join(agent.attachment_bytes(item.attachment))
            for item in agent.media(Select())
            if item.attachment.chunks
        }
        assert agent.verify(ignore).is_sound
        assert agent.status().counts.messages == 8
    return done, kept


def test_what_is_no_plain_file_inside_the_folder_is_named(tmp_path: Path, phone: Path) -> None:
    names = ["good", "missing", "folder", "pipe", "link-out", "../../secret", "link-in"]
    folder = _attach(phone, names)
    (folder / "good").write_bytes(b"good")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link-out").symlink_to(tmp_path / "secret")
    (folder / "link-in").symlink_to(folder / "good")
    done, kept = _imported(tmp_path, phone)
    assert kept == {"good": b"good", "link-in": b"good"}
    whats = sorted(problem.what for problem in done.problems)
    assert whats == [
        "its file is not there",
        *["its file lies outside the folder"] * 2,
        *["what is in its place is no file"] * 2,
    ]


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, phone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _attach(phone, ["good", "bad"])
    for name in ("good", "bad"):
        (folder / name).write_bytes(name.encode())
    real_open = Path.open

    def refuse(path: Path, *arguments: object, **options: object) -> object:
        if path.name == "bad":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    done, kept = _imported(tmp_path, phone)
    assert kept == {"good": b"good"}
    assert done.files_unread == 1
    assert [problem.what for problem in done.problems] == ["Permission denied"]


def test_a_file_that_changes_while_it_is_read_is_named_and_read_next_time(
    tmp_path: Path, phone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _attach(phone, ["growing"])
    (folder / "growing").write_bytes(b"first")
    real_read = pieces._read_full
    grown = []

    def grow(*arguments: object) -> bytes:
        piece = real_read(*arguments)  # type: ignore[arg-type]
        if not grown:
            grown.append(True)
            with (folder / "growing").open("ab") as file:
                file.write(b" and more")
        return piece

    monkeypatch.setattr(pieces, "_read_full", grow)
    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        done = agent.import_source(phone, ignore)
        assert [problem.what for problem in done.problems] == ["the file changed while it was read"]
        again = agent.import_source(phone, ignore)
        assert (again.files, again.problems) == (1, ())
        (item,) = agent.media(Select())
        assert b"".join(agent.attachment_bytes(item.attachment)) == b"first and more"
        assert agent.verify(ignore).is_sound


def test_a_pipe_is_no_source(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "chat.db")
    with pytest.raises(SourceNotADatabase, match="is not a file"):
        open_source(tmp_path / "chat.db", tmp_path / "scratch")


def test_without_permission_the_hint_says_where_to_give_it(
    phone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *arguments: object, **options: object) -> object:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceForbidden) as raised:
        open_source(phone / "chat.db", tmp_path / "scratch")
    assert "Full Disk Access" in raised.value.hint


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_an_encrypted_phone_backup_is_called_so(tmp_path: Path, form: plistlib.PlistFormat) -> None:
    (tmp_path / "Manifest.plist").write_bytes(plistlib.dumps({"IsEncrypted": True}, fmt=form))
    (tmp_path / "Manifest.db").write_bytes(os.urandom(4_096))
    (tmp_path / "3d").mkdir()
    inner = tmp_path / "3d" / "3d0d7e5fb2ce288813306e4d4636395e047a3d28"
    inner.write_bytes(os.urandom(4_096))
    with pytest.raises(BackupEncrypted) as raised:
        open_source(tmp_path, tmp_path / "scratch")
    assert "encrypt" in raised.value.hint


def test_an_odd_list_of_properties_hides_nothing(tmp_path: Path, phone: Path) -> None:
    backup = tmp_path / "backup"
    (backup / "3d").mkdir(parents=True)
    (backup / "Manifest.plist").write_bytes(b"bplist00" + b"\xff" * 40)
    data = (phone / "chat.db").read_bytes()
    (backup / "3d" / "3d0d7e5fb2ce288813306e4d4636395e047a3d28").write_bytes(data)
    source = open_source(backup, tmp_path / "scratch")
    assert source.describe().messages == 8
    source.close()
