"""A power cut while a home is at work: whatever is left of the vault opens and verifies, and holds
all that the device had been told was safe. The library is a cache, and is made anew."""

import random
import shutil
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.home import LIBRARY_FILE
from sealwax.agent.selecting import Select
from sealwax.base.paths import write_durably
from sealwax.demo.world import write_world
from sealwax.library.database import remove_files
from sealwax.trust import heads as heads_module
from sealwax.trust.heads import HEADS_FILE
from tests.homes import DAY_MS, NOW_MS, environment, ignore, importing, made_home
from tests.laws import cases
from tests.stores.disk import Disk, Step, crash

pytestmark = pytest.mark.laws
CUTS = cases(12, 400)


def _left(home: Path, steps: list[Step], base: Path, target: Path, rng: random.Random) -> int:
    """A home as a power cut may leave it; gives the number of commits that were promised."""
    shutil.copytree(base, target)
    remove_files(target / LIBRARY_FILE)
    vault_steps = [step for step in steps if step.path.name != HEADS_FILE]
    left, _ = crash(vault_steps, rng)
    for path, data in left.items():
        place = target / path.relative_to(home)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    remembered = [step for step in steps if step.path.name == HEADS_FILE]
    if remembered:
        (target / HEADS_FILE).write_bytes(remembered[-1].data)
    return len(remembered)


def test_what_was_promised_is_there_after_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = environment()
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=120, photos=4)
    home, _ = made_home(tmp_path, env)
    shutil.copytree(home, tmp_path / "base")
    disk = Disk(monkeypatch)

    def remember(path: Path, data: bytes) -> None:
        write_durably(path, data)
        disk.steps.append(Step("remembered", path, data))

    monkeypatch.setattr(heads_module, "write_durably", remember)
    importing(home, env, world.path)
    with open_agent(home, env) as agent:
        counts = agent.status().counts
        agent.create_snapshot("kept")
        agent.delete(Select())
        agent.restore("kept", Select())
    monkeypatch.undo()
    steps = [step for step in disk.steps if step.path.is_relative_to(home)]
    assert sum(step.path.name == HEADS_FILE for step in steps) > 4
    rng = random.Random(5)
    for number in range(CUTS):
        end = rng.randrange(len(steps) + 1)
        target = tmp_path / f"cut{number}"
        _left(home, steps[:end], tmp_path / "base", target, rng)
        # Opening refuses a vault that lacks a commit whose head was remembered.
        with open_agent(target, env) as agent:
            assert agent.verify(ignore).is_sound
            agent.import_source(world.path, ignore)
            assert agent.status().counts.messages + agent.status().counts.trashed >= counts.messages
        shutil.rmtree(target)
