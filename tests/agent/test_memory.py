"""An import's memory is bounded, and does not grow with the history."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealwax.demo.bulk import write_bulk
from tests.homes import DAY_MS, NOW_MS

LIMIT_KIB = 250 * 1024
GROWTH_KIB = 24 * 1024
"""What may differ between two runs by chance: page caches, the heap's holes."""
ATTACHMENT_BYTES = 200_000_000
FILE_BYTES = 2_000_000
_MEASURING = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
assert status == 0, status
print(usage.ru_maxrss)
"""
"""Linux counts the memory of whoever starts a process as that process's own. So a small one starts
it, and not the tests, which have grown by then."""


def _peak_kib(folder: Path, messages: int) -> int:
    """The most memory that the program had while it imported a history of this size."""
    write_bulk(folder / "phone", messages, ATTACHMENT_BYTES, FILE_BYTES, NOW_MS - DAY_MS)
    env = {
        **os.environ,
        "SEALWAX_PASSPHRASE": "a passphrase of a test",
        "SEALWAX_HOME": str(folder / "home"),
        "CI": "true",
    }
    program = [sys.executable, "-m", "sealwax"]
    subprocess.run([*program, "init", "--yes"], env=env, check=True, capture_output=True)
    command = [*program, "import", str(folder / "phone")]
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURING, *command], env=env, check=True, capture_output=True
    )
    return int(measured.stdout)


def test_100_000_messages_with_200_mb_take_under_250_mb(tmp_path: Path) -> None:
    assert _peak_kib(tmp_path, 100_000) < LIMIT_KIB


@pytest.mark.long
def test_200_000_messages_take_no_more(tmp_path: Path) -> None:
    once, twice = _peak_kib(tmp_path / "once", 100_000), _peak_kib(tmp_path / "twice", 200_000)
    assert twice < LIMIT_KIB
    assert twice < once + GROWTH_KIB
