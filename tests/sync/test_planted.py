"""The simulation is worth something: it catches mistakes that are planted in the program."""

from pathlib import Path

import pytest

from sealwax.base.errors import SealwaxError
from tests.laws import IS_LONG
from tests.sync.simulation.planted_in_step import IN_STEP, Planted
from tests.sync.simulation.planted_rules import RULES
from tests.sync.simulation.run import simulate
from tests.sync.simulation.size import LIVELY

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


@pytest.mark.laws
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_mistake_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: Planted
) -> None:
    planted.plant(monkeypatch)
    caught: Exception | None = None
    for seed in range(TRIES):
        try:
            simulate(tmp_path / str(seed), seed, LIVELY, OPERATIONS, planted.story)
        except (AssertionError, SealwaxError, LookupError) as error:
            caught = error
            break
    assert caught is not None
