"""A device that cannot fetch all of the history says so, and does not call it empty."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from sealwax.agent.noting import HISTORY
from sealwax.agent.recovering import recover_home
from sealwax.cli.main import cli
from tests.homes import ignore
from tests.server.running import Running, running
from tests.sync.homes_on_server import FIRST, Household, phone_with


@contextmanager
def _lost(server: Path) -> Iterator[None]:
    """The objects of a server are somewhere else for a while."""
    kept = server / "objects" / "accounts"
    shutil.move(kept, server / "elsewhere")
    try:
        yield
    finally:
        shutil.rmtree(kept, ignore_errors=True)
        shutil.move(server / "elsewhere", kept)


def _begun(folder: Path, server: Running) -> Household:
    house = Household(folder, server, 1)
    with house.agent(0) as agent:
        agent.import_source(phone_with(folder / "phone", 5), ignore)
    house.sync(0)
    house.homes.append(folder / "new")
    return house


def test_it_is_told_and_fetched_at_the_next_opening(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = _begun(tmp_path, server)
        with _lost(tmp_path / "server"):
            recover_home(house.homes[1], server.url, house.recovery_key, "new", house.env)
            for _ in range(2):
                with house.agent(1) as agent:
                    (note,) = agent.notes
                    assert note.kind == HISTORY
                    assert "could not be fetched" in note.what
                    assert agent.status().notes == (note.what,)
                    assert not agent.verify(ignore).is_sound
        with house.agent(1) as agent:
            assert agent.notes == ()
            assert agent.status().counts.messages == 5
        assert len(house.texts(1, FIRST)) == 5


def test_without_the_server_too(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = _begun(tmp_path, server)
        port = int(server.url.rpartition(":")[2])
        with _lost(tmp_path / "server"):
            recover_home(house.homes[1], server.url, house.recovery_key, "new", house.env)
    with house.agent(1) as agent:
        assert [note.kind for note in agent.notes] == [HISTORY]
    with running(tmp_path / "server", port=port):
        with house.agent(1) as agent:
            assert agent.notes == ()
        assert len(house.texts(1, FIRST)) == 5


def test_commands_say_it(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = _begun(tmp_path, server)
        env = {
            "SEALWAX_PASSPHRASE": "a passphrase of a test",
            "SEALWAX_RECOVERY_KEY": house.recovery_key,
        }
        new = ["--home", str(house.homes[1])]

        def said(*words: str) -> tuple[int, str]:
            result = CliRunner(env=env).invoke(cli, [*new, *words])
            return result.exit_code, result.output

        with _lost(tmp_path / "server"):
            code, told = said("init", "--recover", "--yes", "--store", server.url, "--name", "new")
            assert code == 0
            assert "could not be fetched" in told
            for words in (("list",), ("status",)):
                assert "could not be fetched" in said(*words)[1]
            assert "No messages are kept yet" not in said("status")[1]
            code, told = said("verify")
            assert (code, "NOT WHOLE history" in told) == (1, True)
            assert "Everything is as it must be" not in told
            code, told = said("export", "html", str(tmp_path / "out"))
            assert (code, "This is not all" in told) == (1, True)
        code, told = said("list")
        assert (code, "could not" in told) == (0, False)
        assert "thread 0" in told or FIRST in told
