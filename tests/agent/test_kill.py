"""A process killed at any moment leaves a home that opens, verifies and finishes the job.

Each round copies a prepared home, starts the job in a process of its own, kills it without warning
at a random moment, then opens the home, verifies it, and asks for the job again. Forty rounds for
each of six parts: two of importing, one of those with companion processes, one of a snapshot, two
of restoring, one of making small pictures.
"""

import multiprocessing
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sealwax.agent import importing as agent_importing
from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.device import Environment
from sealwax.agent.selecting import Select
from sealwax.demo.world import write_world
from sealwax.sync import replica
from tests.homes import DAY_MS, NOW_MS, environment, ignore, importing, made_home
from tests.thumbnail.photos import CHAT, some_photos, write_photos

ROUNDS = 40
PICTURES = 8
WITH_COMPANIONS = 2
BEFORE = "before"


class _Prepared(NamedTuple):
    folder: Path
    env: Environment
    phone: Path
    messages: int


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> _Prepared:
    """Three homes: an empty one, an imported one, and one with a snapshot and then all deleted."""
    folder = tmp_path_factory.mktemp("killed")
    env = environment()
    world = write_world(folder / "phone", NOW_MS - DAY_MS, talks=150, photos=6)
    empty, _ = made_home(folder, env)
    shutil.copytree(empty, folder / "import")
    importing(empty, env, world.path)
    with open_agent(empty, env) as agent:
        messages = agent.status().counts.messages
    shutil.copytree(empty, folder / "snapshot")
    shutil.copytree(empty, folder / "thumbnails")
    write_photos(folder / "photos", some_photos(PICTURES))
    importing(folder / "thumbnails", env, folder / "photos")
    with open_agent(empty, env) as agent:
        agent.create_snapshot(BEFORE)
        agent.delete(Select())
    shutil.copytree(empty, folder / "restore")
    return _Prepared(folder, env, world.path, messages)


def _import(agent: Agent, phone: Path) -> None:
    agent.import_source(phone, ignore)


def _snapshot(agent: Agent, phone: Path) -> None:
    for number in range(8):
        if not any(made.name == f"s{number}" for made in agent.snapshots()):
            agent.create_snapshot(f"s{number}")


def _restore(agent: Agent, phone: Path) -> None:
    agent.restore(BEFORE, Select())


def _thumbnails(agent: Agent, phone: Path) -> None:
    while not agent.thumbnails.make_batch(is_awaited=lambda: True).is_nothing:
        """One batch has one picture: a commit each."""


JOBS: dict[str, Callable[[Agent, Path], None]] = {
    "import": _import,
    "snapshot": _snapshot,
    "restore": _restore,
    "thumbnails": _thumbnails,
}


def _run(job: str, home: Path, prepared: _Prepared) -> None:
    with open_agent(home, prepared.env) as agent:
        JOBS[job](agent, prepared.phone)


def _killed_after(seconds: float, job: str, home: Path, prepared: _Prepared) -> bool:
    """Runs a job and kills it; whether it was still running."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_run, args=(job, home, prepared))
    process.start()
    process.join(seconds)
    was_running = process.exitcode is None
    process.kill()
    process.join()
    return was_running


def _check_finished(job: str, agent: Agent, prepared: _Prepared) -> None:
    if job == "thumbnails":
        photos = [item.attachment for item in agent.media(Select((CHAT,)))]
        assert len(photos) == PICTURES
        assert all(agent.thumbnails.kept(photo) for photo in photos)
        return
    assert agent.status().counts.messages == prepared.messages
    photos = list(agent.media(Select()))
    assert len(photos) == 6
    assert all(b"".join(agent.attachment_bytes(item.attachment)) for item in photos)
    if job == "snapshot":
        assert [made.name for made in agent.snapshots()] == [f"s{number}" for number in range(8)]


@pytest.mark.parametrize(
    ("job", "seed"),
    [
        ("import", 1),
        ("import", WITH_COMPANIONS),
        ("snapshot", 3),
        ("restore", 4),
        ("restore", 5),
        ("thumbnails", 6),
    ],
)
def test_killed_at_any_moment_nothing_is_lost(
    prepared: _Prepared, tmp_path: Path, job: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed == WITH_COMPANIONS:
        # The processes that are started inherit this.
        monkeypatch.setattr(agent_importing, "LARGE_SOURCE_BYTES", 0)
        monkeypatch.setattr(replica, "WORTH_A_COMPANION", 1)
    rng = random.Random(seed)
    base = prepared.folder / job
    shutil.copytree(base, tmp_path / "timed")
    began = time.perf_counter()
    _run(job, tmp_path / "timed", prepared)
    longest = time.perf_counter() - began
    killed = 0
    for number in range(ROUNDS):
        home = tmp_path / f"round{number}"
        shutil.copytree(base, home)
        killed += _killed_after(rng.uniform(0, longest), job, home, prepared)
        with open_agent(home, prepared.env) as agent:
            found = agent.verify(ignore)
            assert found.is_sound, (number, found.damage)
            JOBS[job](agent, prepared.phone)
            _check_finished(job, agent, prepared)
        shutil.rmtree(home)
    assert killed > ROUNDS // 8, "the job should mostly be killed before it is done"
