"""A disk that is full at any step of an import: a clear error, and the next try ends with all."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import apsw
import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.device import Environment
from sealwax.agent.selecting import Select
from sealwax.base.errors import SealwaxError
from sealwax.demo.world import write_world
from sealwax.library.database import LibraryFull
from sealwax.stores import folder_commits, folder_objects
from tests.homes import DAY_MS, NOW_MS, environment, ignore, made_home

STEPS_LIMIT = 400
_OPEN = os.open


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Environment]:
    """An empty home and a small phone."""
    folder = tmp_path_factory.mktemp("full")
    env = environment()
    home, _ = made_home(folder, env)
    write_world(folder / "phone", NOW_MS - DAY_MS, talks=30, photos=2)
    return home, folder / "phone", env


def _check_whole(home: Path, phone: Path, env: Environment) -> None:
    """After room was made: the same import ends with everything."""
    with open_agent(home, env) as agent:
        agent.import_source(phone, ignore, is_full=True)
        assert agent.verify(ignore).is_sound
        photos = [item for item in agent.media(Select()) if item.attachment.chunks]
        assert len(photos) == 2
        assert agent.status().counts.messages > 50
        assert agent.import_source(phone, ignore, is_full=True).commits == 0


class _FullDisk:
    """Lets so many calls that need room through, then none."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.calls = 0

    def __call__(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def limited(*arguments: Any, **options: Any) -> Any:
            if act is _OPEN and not arguments[1] & os.O_CREAT:
                return act(*arguments, **options)
            self.calls += 1
            if self.calls > self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return act(*arguments, **options)

        return limited


@pytest.mark.parametrize(
    ("module", "call"),
    [
        (os, "open"),
        (os, "fsync"),
        (os, "link"),
        (os, "mkdir"),
        (folder_objects, "write_temporary"),
        (folder_commits, "write_temporary"),
    ],
)
def test_a_full_disk_at_any_step_loses_nothing(
    prepared: tuple[Path, Path, Environment],
    tmp_path: Path,
    module: ModuleType,
    call: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty, phone, env = prepared
    failed = 0
    for room in range(STEPS_LIMIT):
        home = tmp_path / f"home{room}"
        shutil.copytree(empty, home)
        disk = _FullDisk(room)
        with monkeypatch.context() as patch:
            patch.setattr(module, call, disk(getattr(module, call)))
            try:
                with open_agent(home, env) as agent:
                    agent.import_source(phone, ignore)
            except (SealwaxError, OSError) as error:
                failed += 1
                told = getattr(error, "sentence", "") or str(error)
                assert told
        _check_whole(home, phone, env)
        shutil.rmtree(home)
        if disk.calls <= room:
            break
    assert failed >= 1


def test_a_library_without_room_is_told_and_caught_up(
    prepared: tuple[Path, Path, Environment], tmp_path: Path
) -> None:
    empty, phone, env = prepared
    home = tmp_path / "home"
    shutil.copytree(empty, home)
    with pytest.raises(LibraryFull), open_agent(home, env) as agent:
        connection: apsw.Connection = agent._library.database.connection
        pages = int(str(connection.pragma("page_count")))
        connection.pragma("max_page_count", pages + 2)
        agent.import_source(phone, ignore)
    _check_whole(home, phone, env)
