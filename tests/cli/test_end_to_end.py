"""The program as a person runs it: real processes, real sample databases, a generated one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sealwax.demo.world import write_world
from tests.homes import DAY_MS, NOW_MS, changed, write_threads
from tests.samples import SAMPLES, needs_samples
from tests.thumbnail.photos import some_photos, write_photos

REAL = (
    "imessage-exporter/db/test.db",
    "mvt/ios_backup/3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28",
    "ios-backup-parser/messages/testdata/messages.1.sms.db",
)


class Program:
    """The `sealwax` program with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._env = {
            **os.environ,
            "SEALWAX_PASSPHRASE": "a passphrase of a test",
            "SEALWAX_HOME": str(home),
            "CI": "true",
        }

    def run(self, *arguments: str | Path, code: int = 0, typed: str = "", **extra: str) -> str:
        """Runs a command, checks its exit code, gives what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "sealwax", *map(str, arguments)],
            check=False,
            env={**self._env, **extra},
            capture_output=True,
            text=True,
            input=typed,
            timeout=300,
        )
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stdout + done.stderr

    def told(self, *arguments: str | Path) -> str:
        """What a command prints beside its results."""
        command = [sys.executable, "-m", "sealwax", *map(str, arguments)]
        done = subprocess.run(command, check=True, env=self._env, capture_output=True, text=True)
        return done.stderr

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self.run("--json", *arguments))


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = Program(tmp_path / "home")
    made.run("init", "--yes")
    return made


def _all_of_it(program: Program, source: Path, out: Path) -> None:
    """The whole way of one source: in, found, deleted, restored, out, verified."""
    (first,) = program.json("import", source)
    assert first["new"]["messages"] == first["seen"]["messages"] > 0
    (again,) = program.json("import", source)
    assert (again["commits"], again["changed"]) == (0, 0)
    made = program.json("snapshot", "create", "--name", "whole")
    assert made["counts"]["messages"] == first["new"]["messages"]
    conversations = program.json("list")
    assert sum(view["messages"] for view in conversations) >= first["new"]["messages"]
    for view in conversations:
        shown = program.json("read", str(view["record"]), "--limit", "1000")
        assert len(shown) == min(view["messages"], 1000)
    chat = str(conversations[0]["record"])
    program.run("delete", "--chat", chat, "--yes")
    left = {view["record"] for view in program.json("list")}
    assert conversations[0]["record"] not in left
    plan = program.json("restore", "whole", "--dry-run")["plan"]
    assert plan["messages_back"] == conversations[0]["messages"]
    assert {view["record"] for view in program.json("list")} == left
    program.run("restore", "whole", "--yes")
    assert program.json("list") == conversations
    exported = program.json("export", "jsonl", out)
    assert exported["messages"] == first["new"]["messages"]
    verified = program.json("verify")
    assert verified["damage"] == []
    assert verified["objects"] > 0


@needs_samples
@pytest.mark.parametrize("name", REAL)
def test_real_databases_go_all_the_way(program: Program, tmp_path: Path, name: str) -> None:
    source = SAMPLES / name
    before = {path: path.stat() for path in source.parent.iterdir()}
    _all_of_it(program, source, tmp_path / "out")
    after = {path: path.stat() for path in source.parent.iterdir()}
    assert [(p, s.st_size, s.st_mtime_ns) for p, s in before.items()] == [
        (p, s.st_size, s.st_mtime_ns) for p, s in after.items()
    ]


def test_a_made_up_history_goes_all_the_way(program: Program, tmp_path: Path) -> None:
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=60, photos=3)
    _all_of_it(program, world.path, tmp_path / "out")
    assert "2 lemons" in program.run("search", "Bake 40 minutes")
    assert "+15550100101" in program.run("list")
    assert "Protected from deletion" in program.run()


def test_compacting_says_what_it_would_do_and_does_it(program: Program, tmp_path: Path) -> None:
    write_threads(tmp_path / "phone", [20])
    program.run("import", tmp_path / "phone")
    assert "Would merge 0 small objects" in program.run("storage", "compact", "--dry-run")
    assert program.json("storage", "compact", "--yes")["deleted"] == 0
    assert program.json("verify")["damage"] == []


def test_a_reset_writes_all_anew_and_changes_nothing(program: Program, tmp_path: Path) -> None:
    write_threads(tmp_path / "phone", [20])
    program.run("import", tmp_path / "phone")
    planned = program.json("sync", "reset", "--dry-run")
    assert planned["records"] > 20
    assert planned["snapshot"] is None
    assert "Would write" in program.run("sync", "reset", code=1)
    assert program.json("snapshot", "list") == []
    done = program.json("sync", "reset", "--yes")
    assert done["segments"] == planned["segments"] > 0
    assert program.json("snapshot", "list")[0]["reason"] == "before a reset"
    assert program.json("verify", "--deep")["damage"] == []
    assert program.json("list")[0]["messages"] == 20
    program.run("sync", "off")
    assert "sealwax sync on" in program.run("sync", "reset", "--yes", code=1)


def test_a_held_import_exits_3_and_names_the_command(program: Program, tmp_path: Path) -> None:
    chats = write_threads(tmp_path / "phone", [30, 30])
    program.run("import", tmp_path / "phone")
    changed(tmp_path / "phone", lambda database: database.delete_for_good(chats[0]))
    told = program.run("import", tmp_path / "phone", code=3)
    assert "sealwax held accept" in told
    program.run("held", "undo", "--yes")
    assert len(program.json("list")) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("import", "/nowhere/chat.db"), 1, "/nowhere/chat.db"),
        (("import", "/etc/hostname"), 1, "not an SQLite database"),
        (("read", "nobody"), 1, "no conversation"),
        (("restore", "nothing", "--yes"), 1, "nothing"),
        (("delete", "--chat", "nobody", "--yes"), 1, "no conversation"),
        (("delete",), 2, ""),
        (("frobnicate",), 2, "frobnicate"),
        (("export", "docx", "/tmp/never"), 2, "docx"),
        (("search", "--since", "soon", "word"), 1, "soon"),
    ],
)
def test_mistakes_get_a_sentence_and_a_code(
    program: Program, arguments: tuple[str, ...], code: int, word: str
) -> None:
    told = program.run(*arguments, code=code)
    assert word in told
    assert "Traceback" not in told


def test_a_wrong_passphrase_and_no_home_are_told(program: Program, tmp_path: Path) -> None:
    told = program.run("list", code=1, SEALWAX_PASSPHRASE="wrong")
    assert "passphrase" in told.lower()
    assert "Traceback" not in told
    told = program.run("--home", tmp_path / "none", "list", code=1)
    assert "sealwax init" in told


def test_recovery_on_a_new_computer(program: Program, tmp_path: Path) -> None:
    other = Program(tmp_path / "first")
    key = json.loads(other.run("--json", "init", "--yes"))["recovery_key"]
    write_threads(tmp_path / "phone", [12])
    other.run("import", tmp_path / "phone")
    fresh = Program(tmp_path / "second")
    store = tmp_path / "first" / "vault"
    fresh.run("init", "--recover", "--yes", "--store", store, SEALWAX_RECOVERY_KEY=key)
    assert [view["messages"] for view in fresh.json("list")] == [12]
    assert key not in fresh.run("status")


def test_secrets_and_words_stay_out_of_the_vault_and_errors(
    program: Program, tmp_path: Path
) -> None:
    write_threads(tmp_path / "phone", [40])
    program.run("import", tmp_path / "phone")
    for path in (program.home / "vault").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"thread 0 message" not in data
            assert b"+1555010" not in data
    modes = {path.name: path.stat().st_mode & 0o077 for path in program.home.iterdir()}
    assert set(modes.values()) == {0}, modes


def test_the_demo_tells_its_story(program: Program) -> None:
    told = program.run("demo")
    assert "as it must be" in told
    assert "the same six digits on both screens" in told
    assert "With the recovery key alone" in told
    assert "sealwax import" in told


def test_small_pictures_are_made_by_a_command(program: Program, tmp_path: Path) -> None:
    junk = b"\x89PNG\r\n\x1a\n" + b"junk" * 10_000
    write_photos(tmp_path / "phone", {**some_photos(2), "junk.png": ("image/png", junk)})
    program.run("import", tmp_path / "phone")
    told = program.run("sync", "thumbnails")
    assert "2 small pictures made." in told
    assert "1 picture cannot be opened" in told
    again = program.json("sync", "thumbnails")
    assert (again["made"], again["failed"]) == (0, 0)
    program.run("verify")


def test_an_export_without_its_files_is_no_success(program: Program, tmp_path: Path) -> None:
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=10, photos=12)
    program.run("import", world.path)
    for path in program.home.rglob("objects/*/*"):
        path.unlink()
    told = program.run("export", "html", tmp_path / "pages", code=1)
    assert "! Not whole: 12 files could not be read." in told
    assert "… and 2 more." in told
    told = program.run("media", "--save", tmp_path / "photos", code=1)
    assert "! Not whole: 12 files could not be read." in told


def test_a_search_says_when_there_is_more(program: Program, tmp_path: Path) -> None:
    write_threads(tmp_path / "phone", [7])
    program.run("import", tmp_path / "phone")
    assert "There are more than 5: --limit shows them." in program.told(
        *("search", "thread", "--limit", "5")
    )
    assert "7 found." in program.told("search", "thread", "--limit", "7")
    assert len(program.json("search", "thread", "--limit", "5")) == 5


def test_numbers_read_as_a_person_says_them(program: Program, tmp_path: Path) -> None:
    write_threads(tmp_path / "phone", [1])
    assert "Brought 1 conversation, 1 message, 1 contact;" in program.run(
        "import", tmp_path / "phone"
    )
    program.run("delete", "--chat", "+15550100000", "--yes")
    assert "1 message in the trash." in program.run("status")
    told = program.run("undelete", "--message", "99999999", code=1)
    assert "There is no message with the number 99999999." in told
