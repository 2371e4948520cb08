"""The simulation is worth something: it catches mistakes that are planted in the program, in worlds
that pass when nothing is planted in them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

from sealwax.base.errors import SealwaxError
from tests.laws import IS_LONG
from tests.sync.simulation.planted_in_step import IN_STEP, Planted
from tests.sync.simulation.planted_rules import RULES
from tests.sync.simulation.run import simulate
from tests.sync.simulation.size import LIVELY
from tests.sync.simulation.stories import Story

Run: TypeAlias = Callable[[Story, int], None]

OPERATIONS = 6_000 if IS_LONG else 3_000
TRIES = 8 if IS_LONG else 4
PLANTED = [
    pytest.param(
        planted,
        id=planted.plant.__name__,
        marks=[pytest.mark.long] if planted.is_subtle else [],
    )
    for planted in (*IN_STEP, *RULES)
]


@pytest.fixture(scope="module")
def nothing_planted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a world in which nothing is planted: once for all mistakes that it catches."""
    return cache(lambda story, seed: _run(tmp_path_factory.mktemp("sound"), story, seed))


@pytest.mark.laws
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_mistake_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_planted: Run, planted: Planted
) -> None:
    for seed in range(TRIES):
        with monkeypatch.context() as patch:
            planted.plant(patch)
            is_caught = _is_caught(tmp_path / str(seed), planted.story, seed)
        if is_caught:
            nothing_planted(planted.story, seed)
            return
    pytest.fail(f"{TRIES} worlds pass with it.")


def _is_caught(folder: Path, story: Story, seed: int) -> bool:
    try:
        _run(folder, story, seed)
    except (AssertionError, SealwaxError, LookupError):
        return True
    return False


def _run(folder: Path, story: Story, seed: int) -> None:
    simulate(folder, seed, LIVELY, OPERATIONS, story)
