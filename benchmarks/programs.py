"""Running a program and measuring it: time, processor time, memory of all its processes."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

PASSPHRASE = "benchmark"


class Measured(NamedTuple):
    """One run: seconds on the clock, seconds of processors, most memory in MB."""

    seconds: float
    cpu_seconds: float
    memory_mb: float


class Program:
    """A program with an environment of its own; `run` measures one command."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self._command = command
        self._environment = {**os.environ, **environment, "CI": "true"}

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
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - before
        code = os.waitstatus_to_exitcode(status)
        process.returncode = code
        said = process.stderr.read().decode("utf-8", "replace") if process.stderr else ""
        if code not in (0, 3):
            raise subprocess.CalledProcessError(code, [*self._command, *arguments], None, said)
        return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


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
