"""Homes on a read-only disk, homes that two processes want, homes from the future."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.home import HomeLocked, HomeReadOnly
from sealwax.base.settings import Settings
from sealwax.stores.base import StoreError
from sealwax.stores.folder_marker import StoreNewer, StoreOutdated
from tests.homes import environment, ignore, importing, made_home, texts, write_threads

ADDRESS = "+15550100000"


def _listing(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()
    }


def test_a_home_on_a_read_only_disk_is_told_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [5])
    importing(home, env, tmp_path / "phone")
    before = _listing(home)
    real_open = os.open

    def refuse(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY) and str(path).startswith(str(home)):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return real_open(path, flags, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with (
            pytest.raises(HomeReadOnly, match="Read-only file system") as raised,
            open_agent(home, env),
        ):
            pass
    assert raised.value.hint
    assert _listing(home) == before
    with open_agent(home, env) as agent:
        assert len(texts(agent, ADDRESS)) == 5


def test_a_second_process_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [5])
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sealwax.agent.home import HomeLock, HomeLocked\n"
        "try:\n"
        "    with HomeLock(Path(sys.argv[1])):\n"
        "        print('taken')\n"
        "except HomeLocked as error:\n"
        "    print(error.code)\n"
    )
    command = [sys.executable, "-c", script, str(home)]
    with open_agent(home, env) as agent:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == f"{HomeLocked.code}\n"
        agent.import_source(tmp_path / "phone", ignore)
        assert agent.verify(ignore).is_sound
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "taken\n"


@pytest.mark.parametrize(
    ("version", "error", "way_out"),
    [(b"3", StoreNewer, "update"), (b"1", StoreOutdated, "export with the older program")],
)
def test_a_vault_of_another_version_is_refused_and_left_alone(
    tmp_path: Path, version: bytes, error: type[StoreError], way_out: str
) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    marker = next(
        path
        for path in (home / "vault").rglob("*")
        if path.is_file() and path.stat().st_size < 100 and b"sealwax" in path.read_bytes()
    )
    marker.write_bytes(marker.read_bytes().replace(b"2", version))
    before = _listing(home)
    with pytest.raises(error) as raised, open_agent(home, env):
        pass
    assert way_out in raised.value.hint
    assert _listing(home) == before


def test_a_newer_library_is_made_anew_for_it_is_a_copy(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [5])
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as agent:
        connection: apsw.Connection = agent._library.database.connection
        connection.pragma("user_version", 99)
    with open_agent(home, env) as agent:
        assert len(texts(agent, ADDRESS)) == 5
        assert agent.verify(ignore).is_sound


def test_settings_of_a_newer_version_are_kept(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    Settings(home).set("from-the-future", {"a": 1})
    write_threads(tmp_path / "phone", [5])
    with open_agent(home, env) as agent:
        agent.add_source(tmp_path / "phone")
    kept = msgspec.json.decode((home / "settings.json").read_bytes())
    assert kept["from-the-future"] == {"a": 1}
