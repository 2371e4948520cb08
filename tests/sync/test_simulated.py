"""Simulated accounts: whatever befalls them, their devices end equal, nothing that was said is
missing, and snapshots show what they showed. After honest operations, no device raises an alarm.

`tests/sync/simulation` says what happens in them; `test_planted.py` shows that they are worth
something.
"""

from pathlib import Path

import pytest

from sealwax.sync import opening
from tests.laws import IS_LONG
from tests.sync.simulation.run import simulate
from tests.sync.simulation.size import LARGE, LIVELY
from tests.sync.simulation.stories import (
    CLOCKS,
    HONEST,
    IMAGES,
    INFECTED,
    LYING,
    PLAIN,
    REMOVED,
    STOLEN,
    Story,
)

HONEST_OPERATIONS = 100_000 if IS_LONG else 20_000
LIVELY_OPERATIONS = 30_000 if IS_LONG else 2_500
HONEST_SEEDS = range(8) if IS_LONG else range(2)
SEEDS = range(8) if IS_LONG else range(1)
STORIES = {
    "plain": PLAIN,
    "clocks": CLOCKS,
    "images": IMAGES,
    "honest": HONEST,
    "infected": INFECTED,
    "stolen": STOLEN,
    "removed": REMOVED,
    "lying": LYING,
}


@pytest.fixture(autouse=True)
def _in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "can_have_companions", lambda: False)


@pytest.mark.laws
@pytest.mark.parametrize("seed", HONEST_SEEDS)
def test_honest_devices_end_equal_and_raise_no_alarm(tmp_path: Path, seed: int) -> None:
    simulate(tmp_path, seed, LARGE, HONEST_OPERATIONS, HONEST)


@pytest.mark.laws
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "story",
    [
        # What a stolen device takes away is not got back in every world yet.
        pytest.param(story, id=name, marks=[pytest.mark.long] if story is STOLEN else [])
        for name, story in STORIES.items()
    ],
)
def test_many_small_acts(tmp_path: Path, story: Story, seed: int) -> None:
    simulate(tmp_path, seed, LIVELY, LIVELY_OPERATIONS, story)
