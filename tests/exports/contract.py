"""The contract of every export; see the docstring of `sealwax.exports.base`."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.device import Environment
from sealwax.agent.selecting import Select
from sealwax.demo.apple_database import AppleDatabase
from sealwax.demo.world import RECIPE, RECIPE_FIRST, write_world
from sealwax.exports.base import ExportExists, ExportFailed
from tests.homes import (
    DAY_MS,
    NOW_MS,
    changed,
    environment,
    ignore,
    importing,
    made_home,
    write_threads,
)

MUM = "+15550100101"


class ExportContract:
    """Inherit, and give `name`: the format."""

    name: str

    @pytest.fixture
    def home(self, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Environment]:
        folder = tmp_path_factory.mktemp("export")
        env = environment()
        home, _ = made_home(folder, env)
        world = write_world(folder / "phone", NOW_MS - DAY_MS, talks=150, photos=6)
        importing(home, env, world.path)
        with open_agent(home, env) as agent:
            agent.create_snapshot("then")
        return home, env

    @pytest.fixture
    def agent(self, home: tuple[Path, Environment]) -> Agent:
        with open_agent(*home) as agent:
            yield agent  # type: ignore[misc]

    def everything(self, folder: Path) -> str:
        """All words that an export holds."""
        files = [
            path for path in folder.rglob("*") if path.suffix in (".html", ".txt", ".csv", ".jsonl")
        ]
        return "\n".join(path.read_text("utf-8") for path in sorted(files))

    def test_every_message_and_file_is_there(self, agent: Agent, tmp_path: Path) -> None:
        done = agent.export(self.name, tmp_path / "out", Select())
        counts = agent.status().counts
        assert (done.messages, done.files, done.problems) == (counts.messages, 6, ())
        words = self.everything(tmp_path / "out")
        assert RECIPE in words
        assert RECIPE_FIRST in words
        assert "明日の朝" in words
        photos = list((tmp_path / "out" / "attachments").iterdir())
        assert len(photos) == 6
        assert all(photo.read_bytes().startswith(b"\xff\xd8") for photo in photos)
        # They are as old as the source says, not as the export.
        assert all(photo.stat().st_mtime * 1000 <= NOW_MS - DAY_MS for photo in photos)
        assert not list(tmp_path.glob("*.partial"))

    def test_no_control_character_reaches_a_reader(self, agent: Agent, tmp_path: Path) -> None:
        def steer(base: AppleDatabase) -> None:
            base.connection.execute(
                "UPDATE message SET text = ?, attributedBody = NULL WHERE ROWID ="
                " (SELECT max(ROWID) FROM message WHERE text IS NOT NULL)",
                ("red \x1b[31m nul \x00 bell \x07\nend",),
            )

        phone = tmp_path / "another"
        write_threads(phone, [2])
        changed(phone, steer)
        agent.import_source(phone, ignore)
        agent.export(self.name, tmp_path / "out", Select(chats=("+15550100000",)))
        words = self.everything(tmp_path / "out")
        assert "[31m nul" in words
        assert not set(words) & set("\x00\x07\x1b")

    def test_it_is_for_nobody_but_its_owner(self, agent: Agent, tmp_path: Path) -> None:
        for out in (tmp_path / "out", tmp_path / "new" / "out.jsonl"):
            agent.export(self.name, out, Select())
            written = [out, *out.rglob("*"), *out.parent.glob("out*")]
            assert {path.stat().st_mode & 0o077 for path in written} == {0}

    def test_files_that_do_not_read_are_named(self, agent: Agent, tmp_path: Path) -> None:
        held = agent.device.history.library.holdings.live_in(agent.device.history.zone)
        pieces = [name.hex() for name, _, _, is_segment in held if not is_segment]
        assert len(pieces) == 6
        for name in pieces[1:]:
            (path,) = agent.home.rglob(f"objects/*/{name}")
            path.unlink()
        done = agent.export(self.name, tmp_path / "out", Select())
        assert (done.files, len(done.problems)) == (1, 5)

    def test_a_selection_is_kept_to(self, agent: Agent, tmp_path: Path) -> None:
        done = agent.export(self.name, tmp_path / "mum", Select(chats=(MUM,)), "then")
        assert done.messages == agent.conversation(MUM, "then").messages
        year = Select(chats=(MUM,), since="2024-01-01", until="2025-01-01")
        some = agent.export(self.name, tmp_path / "year", year)
        assert 0 < some.messages < done.messages

    def test_nothing_is_overwritten(self, agent: Agent, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "precious").write_text("mine")
        with pytest.raises(ExportExists):
            agent.export(self.name, tmp_path / "out", Select())
        assert (tmp_path / "out" / "precious").read_text() == "mine"

    def test_a_failure_leaves_nothing_and_can_be_tried_again(
        self, agent: Agent, tmp_path: Path
    ) -> None:
        def fail(_: int) -> None:
            raise OSError(28, "No space left on device")

        with pytest.raises(ExportFailed):
            agent.export(self.name, tmp_path / "out", Select(), None, fail)
        assert list(tmp_path.iterdir()) == []
        agent.export(self.name, tmp_path / "out", Select())
        assert list((tmp_path / "out").iterdir())
