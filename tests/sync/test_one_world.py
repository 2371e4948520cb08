"""A seed names one simulated world: what it shows once, it shows again, in every process."""

import os
import subprocess
import sys
from pathlib import Path

OPERATIONS = 1_500
_PRINTING_A_WORLD = f"""
import sys
from contextlib import closing
from pathlib import Path

from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from tests.sync.simulation.size import LIVELY
from tests.sync.simulation.steady import steady
from tests.sync.simulation.stories import HONEST
from tests.sync.simulation.world import World

with steady(), closing(World(Path(sys.argv[1]), 0, LIVELY, HONEST.off_ms)) as world:
    world.run(HONEST.turns, {OPERATIONS}, lambda *_: None, lambda *_: None)
    place = world.place
    for zone in place.list_zones():
        print(zone, commit_hash(place.get_commit(zone, place.head_seq(zone))).hex())
    print(world.rng.random(), *(name.hex() for name in place.disk._objects))
"""


def test_a_seed_names_one_world_whatever_the_order_of_sets(tmp_path: Path) -> None:
    first, second = (_printed(tmp_path / str(number), number) for number in (1, 2))
    assert len(first.splitlines()) > 1
    assert first == second


def _printed(folder: Path, hash_seed: int) -> str:
    """What a process prints of the world; sets are in another order for each hash seed."""
    run = subprocess.run(
        [sys.executable, "-c", _PRINTING_A_WORLD, str(folder)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        check=True,
        text=True,
    )
    return run.stdout
