"""Every source keeps the contract."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.demo.world import delete_thread, write_world
from sealwax.sources.apple import in_place
from sealwax.sources.apple.private_copy import SourceMissing, SourceNotADatabase
from sealwax.sources.base import Source
from sealwax.sources.elsewhere import ReadElsewhere
from sealwax.sources.jsonl import JsonLinesSource, NotAnExport
from sealwax.sources.registry import MessagesNotInBackup, open_source
from tests.homes import DAY_MS, NOW_MS, environment, importing, made_home
from tests.intake.foreign_talk import ForeignTalk
from tests.sources.contract import SourceContract


class TestChatDatabase(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=60, photos=3)
        delete_thread(tmp_path / "phone", world.mum_chat, NOW_MS - 1_000)
        with closing(open_source(world.path, tmp_path / "scratch")) as source:
            yield source


class TestReadElsewhere(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=60, photos=3)
        delete_thread(tmp_path / "phone", world.mum_chat, NOW_MS - 1_000)
        with closing(ReadElsewhere(world.path, tmp_path / "scratch", None)) as source:
            yield source


class TestJsonLines(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        env = environment()
        home, _ = made_home(tmp_path, env)
        world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=60, photos=3)
        importing(home, env, world.path)
        with open_agent(home, env) as agent:
            agent.export("jsonl", tmp_path / "export", Select())
        with closing(open_source(tmp_path / "export", tmp_path / "scratch")) as source:
            assert isinstance(source, JsonLinesSource)
            yield source


class TestAnotherNamespace(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return ForeignTalk("android", tmp_path)


def test_a_folder_is_looked_into(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    write_world(tmp_path / "phone", NOW_MS, talks=5, photos=0)
    with closing(open_source(tmp_path / "phone", scratch)) as source:
        assert source.describe().schema == "macOS 26"
    backup = tmp_path / "backup"
    (backup / "3d").mkdir(parents=True)
    (backup / "Manifest.db").write_bytes(b"")
    with pytest.raises(MessagesNotInBackup, match="holds no messages"):
        open_source(backup, scratch)
    (tmp_path / "phone" / "chat.db").rename(
        backup / "3d" / "3d0d7e5fb2ce288813306e4d4636395e047a3d28"
    )
    with closing(open_source(backup, scratch)) as source:
        assert source.describe().messages > 0


def test_what_is_no_source_is_named(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with pytest.raises(SourceMissing):
        open_source(tmp_path / "nothing.db", scratch)
    with pytest.raises(SourceNotADatabase):
        open_source(tmp_path, scratch)
    for content in (b"", b"SQLite format 3\x00" + b"\x00" * 100, b"encrypted" * 100):
        (tmp_path / "odd.db").write_bytes(content)
        with pytest.raises(SourceNotADatabase):
            open_source(tmp_path / "odd.db", scratch)
    (tmp_path / "x.jsonl").write_text('{"format": "other", "version": 1, "made_ms": 0}\n')
    with pytest.raises(NotAnExport):
        open_source(tmp_path / "x.jsonl", scratch)
    assert not scratch.exists() or list(scratch.iterdir()) == []


class TestChatDatabaseInPlace(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
        monkeypatch.setattr(in_place, "SETTLED_MS", -(2**40))
        world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=60, photos=3)
        delete_thread(tmp_path / "phone", world.mum_chat, NOW_MS - 1_000)
        before = sorted(tmp_path.glob("phone/*"))
        with closing(open_source(world.path, tmp_path / "scratch")) as source:
            assert not (tmp_path / "scratch").exists()
            yield source
        assert sorted(tmp_path.glob("phone/*")) == before
