"""Running a program and measuring it: time, processor time, memory of all its processes."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

PASSPHRASE = "only for a benchmark"
_SAMPLE_SECONDS = 0.1


class Measured(NamedTuple):
    """One run: seconds on the clock, seconds of processors, most memory in MB.

    Memory is the most that the program and all processes that it started had at one time; what
    they share is counted once.
    """

    seconds: float
    cpu_seconds: float
    memory_mb: float


class Program:
    """A program with an environment of its own; `run` measures one command."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self._command = command
        self._environment = {**os.environ, **environment, "CI": "true"}
        # As an installed program is: compiled once.
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> Measured:
        """Runs a command to its end; raises CalledProcessError when it fails."""
        before = time.perf_counter()
        process = subprocess.Popen(
            [*self._command, *map(str, arguments)],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=cwd,
        )
        memory = _Memory(process.pid)
        memory.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - before
        memory.stop()
        code = os.waitstatus_to_exitcode(status)
        process.returncode = code
        said = process.stderr.read().decode("utf-8", "replace") if process.stderr else ""
        if code not in (0, 3):
            raise subprocess.CalledProcessError(code, [*self._command, *arguments], None, said)
        cpu_seconds = usage.ru_utime + usage.ru_stime
        return Measured(seconds, cpu_seconds, max(memory.most_kb, usage.ru_maxrss) / 1024)

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Starts a command that goes on by itself; the caller ends it."""
        return subprocess.Popen(
            [*self._command, *arguments],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


class _Memory(threading.Thread):
    """Watches the memory of a process and its children until it is stopped."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._is_over = threading.Event()
        self.most_kb = 0

    def run(self) -> None:
        while not self._is_over.wait(_SAMPLE_SECONDS):
            self.most_kb = max(self.most_kb, sum(map(_proportional_kb, _family(self._process))))

    def stop(self) -> None:
        self._is_over.set()
        self.join()


def _family(process: int) -> list[int]:
    """A process and all that it started, and they."""
    try:
        told = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    except OSError:
        return [process]
    return [process, *(one for child in told.split() for one in _family(int(child)))]


def _proportional_kb(process: int) -> int:
    """Memory of a process; pages that several share are divided among them. 0 where it is gone."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text("ascii")
    except OSError:
        return 0
    found = [line.split()[1] for line in text.splitlines() if line.startswith("Pss:")]
    return int(found[0]) if found else 0


def sealwax(home: Path) -> Program:
    """Sealwax with a home."""
    return Program(
        [sys.executable, "-m", "sealwax"], SEALWAX_HOME=str(home), SEALWAX_PASSPHRASE=PASSPHRASE
    )


def restic(repository: Path) -> Program | None:
    """restic with a repository; None where it is not installed."""
    found = shutil.which("restic")
    if found is None:
        return None
    return Program(
        [found, "--quiet", "--no-cache"],
        RESTIC_REPOSITORY=str(repository),
        RESTIC_PASSWORD=PASSPHRASE,
    )


def folder_bytes(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
