"""A companion answers, keeps no secrets of the environment, and never outlives its pipe."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sealwax.base.companion import Companion, CompanionLost

ECHO = """
import os
from sealwax.base.companion import Messages

messages = Messages()
print("this is not part of the talk")
for message in messages:
    if message == b"environment":
        message = repr(sorted(name for name in os.environ if "SEALWAX" in name)).encode()
    elif message == b"private":
        import ctypes, resource
        is_dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
        message = repr((is_dumpable, resource.getrlimit(resource.RLIMIT_CORE))).encode()
    elif message == b"number":
        message = str(os.getpid()).encode()
    elif message == b"end":
        break
    messages.send(message)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module of an echoing companion."""
    (tmp_path / "echoing.py").write_text(ECHO)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SEALWAX_PASSPHRASE", "secret")
    return "echoing"


def test_messages_of_any_size_go_both_ways(module: str) -> None:
    companion = Companion(module)
    for message in (b"", b"x", os.urandom(3_000_000)):
        companion.send(message)
        assert companion.receive() == message
    companion.close()


def test_settings_of_ours_are_not_handed_on(module: str) -> None:
    companion = Companion(module)
    companion.send(b"environment")
    assert companion.receive() == b"[]"
    companion.close()


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_it_keeps_to_itself_before_it_is_told_anything(module: str) -> None:
    companion = Companion(module)
    companion.send(b"private")
    assert companion.receive() == b"(0, (0, 0))"
    companion.close()


def test_one_that_ended_is_told(module: str) -> None:
    companion = Companion(module)
    companion.send(b"end")
    with pytest.raises(CompanionLost):
        companion.receive()
    companion.close()


def test_one_that_was_killed_is_told(module: str) -> None:
    companion = Companion(module)
    companion.send(b"number")
    os.kill(int(companion.receive()), signal.SIGKILL)
    with pytest.raises(CompanionLost):
        companion.receive()
    companion.close()


def test_it_ends_when_its_command_is_killed(module: str, tmp_path: Path) -> None:
    script = (
        "from sealwax.base.companion import Companion\n"
        "import time\n"
        f"companion = Companion({module!r})\n"
        "companion.send(b'number')\n"
        "print(companion.receive().decode(), flush=True)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment
    )
    assert command.stdout is not None
    number = int(command.stdout.readline())
    command.kill()
    command.wait()
    command.stdout.close()
    for _ in range(200):
        if not _runs(number):
            return
        time.sleep(0.05)
    pytest.fail("the companion outlived its command")


def _runs(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
