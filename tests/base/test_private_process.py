"""What other programs of the same user can read of a process that holds keys: nothing."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.base.probing import CLOSED

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

ORDINARY_USER = """
import ctypes, os, resource
from sealwax.base.private_process import keep_to_itself
from tests.base.probing import what_it_reads
NOBODY = 65534
if os.geteuid() == 0:
    # Root reads everything of everybody.
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    # A program that is started begins so.
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
{act}
parent = os.getpid()
if os.fork() == 0:
    print(repr(what_it_reads(parent)), flush=True)
    os._exit(0)
os.wait()
"""
COMMAND = """
import ctypes, resource, sys
from sealwax.cli import main as module
sys.argv = ["sealwax", "--version"]
module.main()
print(repr((ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))))
"""
DECODER = """
from sealwax.base.companion import Companion
from sealwax.base.private_process import keep_to_itself
keep_to_itself()
companion = Companion("tests.base.probing")
companion.send(b"stand back")
print(companion.receive().decode())
companion.close()
"""


def _told_by(script: str) -> Any:
    """The value that a program of its own prints in its last line."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "SEALWAX_PASSPHRASE": "a secret", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout.strip().splitlines()[-1])


def test_its_memory_and_environment_are_closed_to_the_same_user() -> None:
    assert _told_by(ORDINARY_USER.format(act="keep_to_itself()")) == CLOSED


def test_without_it_they_would_be_open() -> None:
    """What the test above is worth: the same reading succeeds where nothing was closed."""
    assert _told_by(ORDINARY_USER.format(act=""))["environ"] == "read"


def test_every_command_leaves_no_core_dump_and_cannot_be_read() -> None:
    assert _told_by(COMMAND) == (0, (0, 0))


def test_what_opens_pictures_reads_nothing_of_who_started_it() -> None:
    """Also where that is root, who could read everything: it is root no longer then."""
    assert _told_by(DECODER) == CLOSED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could read it otherwise")
def test_as_root_it_could_read_all_before_it_stood_back() -> None:
    assert _told_by(DECODER.replace("stand back", "wait"))["environ"] == "read"
