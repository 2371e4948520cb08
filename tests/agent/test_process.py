"""The running agent as a real process: killed at any moment, a second one, commands through it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwax.agent.presence import AGENT_FILE, TOKEN_FILE, find_presence
from tests.homes import NOW_MS, changed, said, write_threads

PATIENCE_SECONDS = 120
ROUNDS = 6


class Process:
    """A home and the agent on it, as `sealwax agent run`."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.phone = folder / "phone"
        self._env = {
            **os.environ,
            "SEALWAX_HOME": str(self.home),
            "SEALWAX_PASSPHRASE": "a passphrase of a test",
            "CI": "true",
        }
        write_threads(self.phone, [4])
        self.run("init", "--yes")
        self.run("source", "add", self.phone)
        self.agent: subprocess.Popen[str] | None = None

    def run(self, *arguments: str | Path, code: int = 0, passphrase: bool = True) -> str:
        env = {name: value for name, value in self._env.items() if passphrase or "PASS" not in name}
        done = subprocess.run(
            [sys.executable, "-m", "sealwax", *map(str, arguments)],
            check=False,
            env=env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self.run("--json", *arguments, passphrase=False))

    def start(self) -> None:
        self.agent = subprocess.Popen(
            [sys.executable, "-m", "sealwax", "agent", "run"],
            env=self._env,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self.until(lambda: self._pid() == self.agent.pid)  # type: ignore[union-attr]

    def _pid(self) -> int:
        presence = find_presence(self.home)
        return presence.pid if presence else 0

    def until(self, is_so: Any) -> None:
        """Waits for something to become true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, "it never came to be"
            time.sleep(0.02)

    def kill(self) -> None:
        assert self.agent is not None
        self.agent.kill()
        self.agent.wait()

    def end(self, signal_number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ends it in order; its exit code and what it logged."""
        assert self.agent is not None
        self.agent.send_signal(signal_number)
        _, log = self.agent.communicate(timeout=PATIENCE_SECONDS)
        return self.agent.returncode, log

    def message(self, text: str) -> None:
        changed(
            self.phone, lambda db: db.add_messages([said(1, 1, text, text, NOW_MS - 86_400_000)])
        )

    def messages(self) -> int:
        return int(self.json("status")["status"]["counts"]["messages"])


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    made = Process(tmp_path)
    yield made
    if made.agent is not None and made.agent.poll() is None:
        made.kill()


def test_commands_work_through_it_and_a_second_one_is_refused(process: Process) -> None:
    process.start()
    process.until(lambda: process.messages() == 4)
    assert [view["messages"] for view in process.json("list")] == [4]
    assert process.json("search", "message")
    process.run("snapshot", "create", "--name", "by me", passphrase=False)
    assert "by me" in [made["name"] for made in process.json("snapshot", "list")]
    process.message("a new one")
    process.until(lambda: process.messages() == 5)
    told = process.run("agent", "run", code=1)
    assert "An agent runs for this home already" in told
    assert str(process.agent.pid) in told  # type: ignore[union-attr]
    process.run("verify", passphrase=False)
    for name in (AGENT_FILE, TOKEN_FILE):
        assert (process.home / name).stat().st_mode & 0o777 == 0o600
    token = (process.home / TOKEN_FILE).read_text()
    code, log = process.end()
    assert token not in log
    assert "a new one" not in log
    assert str(process.phone) not in log
    assert code == 0
    assert not (process.home / AGENT_FILE).exists()
    assert not (process.home / TOKEN_FILE).exists()
    assert "5" in process.run("status")


def test_killed_at_any_moment_it_goes_on_where_it_was(process: Process) -> None:
    rng = random.Random(11)
    for number in range(ROUNDS):
        process.start()
        process.message(f"round {number}")
        time.sleep(rng.uniform(0, 0.6))
        process.kill()
        assert (process.home / AGENT_FILE).exists()
    # What the killed one left behind misleads nobody.
    process.run("verify")
    process.start()
    process.until(lambda: process.messages() == 4 + ROUNDS)
    process.run("verify", passphrase=False)
    assert process.end(signal.SIGINT)[0] == 0
