"""`python -m benchmarks`: runs the workload through Sealwax and restic in turns, prints ratios.

    python -m benchmarks [--messages 100000] [--attachments-mb 200] [--import-only] [--write]

`--write` puts the table into docs/performance.md.
"""

import argparse
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.expert import thread_back
from benchmarks.inside import Answer, measure
from benchmarks.performance import write
from benchmarks.programs import Measured, Program, folder_bytes, restic, sealwax
from benchmarks.workload import FILE_BYTES, NEW_FILES, SMALL_CHAT, write_first_day, write_next_day
from sealwax.crypto.padding import padded_length
from sealwax.crypto.sealing import OBJECT_LEAST_BYTES, OVERHEAD_BYTES
from sealwax.demo.apple_database import ATTACHMENTS

SETTLED_SECONDS = 3_600
THREAD = f"+1555{SMALL_CHAT - 1:07d}"
Row = tuple[str, Measured, Measured | None]


class Run:
    """One run of the whole workload in a folder."""

    def __init__(
        self, folder: Path, messages: int, attachment_bytes: int, is_import_only: bool = False
    ) -> None:
        self._is_import_only = is_import_only
        self._folder = folder
        self._messages = messages
        self._attachment_bytes = attachment_bytes
        self._phone = folder / "phone"
        self._home = folder / "home"
        self._repository = folder / "restic"
        self._ours = sealwax(self._home)
        self._theirs = restic(self._repository)
        self.rows: list[Row] = []
        self.sizes: list[tuple[str, int, int | None]] = []
        self.answers: list[Answer] = []

    def run(self) -> None:
        print(f"writing {self._messages:,} messages …", file=sys.stderr)
        write_first_day(self._phone, self._messages, self._attachment_bytes)
        self._settle()
        self._ours.run("init", "--yes")
        if self._theirs:
            self._theirs.run("init")
        backup = ("backup", str(self._phone))
        self._row("first import, sealed and searchable", ("import", str(self._phone)), backup)
        self._row("pinning it", ("snapshot", "create", "--name", "first"), None)
        if self._is_import_only:
            return
        self._size("stored after the first import")
        self._size("of it messages", self._files_bytes())
        before = self._vault_bytes()
        write_next_day(self._phone, self._messages)
        self._settle()
        self._row("next day", ("import", "--yes", str(self._phone)), backup)
        self._size("added by the next day", before)
        ours, theirs = _stored_bytes(NEW_FILES)
        self._size("of it messages", (before[0] + ours, before[1] + theirs))
        self._row("nothing changed", ("import", str(self._phone)), backup)
        self._row(
            "one deleted thread back",
            ("restore", "first", "--chat", THREAD, "--yes"),
            ("restore", "latest", "--target", str(self._folder / "back")),
        )
        self._expert_row()
        self._row("search", ("search", "number 77"), None)
        self._row("verify everything", ("verify",), ("check", "--read-data"))
        self._row("verify, and add up what is inside", ("verify", "--deep"), None)
        print("inside the process", file=sys.stderr)
        self.answers = list(measure(self._home, self._messages))

    def _settle(self) -> None:
        """A database that was written a second ago is copied before it is read; a phone's backup,
        or a Mac's at night, was not."""
        written = time.time() - SETTLED_SECONDS
        os.utime(self._phone / "chat.db", (written, written))

    def _row(self, name: str, ours: tuple[str, ...], theirs: tuple[str, ...] | None) -> None:
        print(name, file=sys.stderr)
        mine = self._ours.run(*ours)
        other: Program | None = self._theirs if theirs else None
        self.rows.append((name, mine, other.run(*theirs) if other and theirs else None))

    def _expert_row(self) -> None:
        """The same thread by `restic mount` and SQL, where something can be mounted."""
        name = "one deleted thread back, by mounting and SQL"
        print(name, file=sys.stderr)
        mine = self.rows[-1][1]
        if self._theirs and shutil.which("fusermount"):
            found = thread_back(self._theirs, self._phone, THREAD, self._folder / "expert")
            if found is not None:
                self.rows.append((name, mine, found))

    def _files_bytes(self) -> tuple[int, int]:
        """The bytes of attachments, each once: random, so they get no smaller."""
        files = (path for path in (self._phone / ATTACHMENTS).rglob("*") if path.is_file())
        return _stored_bytes(len({hashlib.sha256(path.read_bytes()).digest() for path in files}))

    def _vault_bytes(self) -> tuple[int, int]:
        return folder_bytes(self._home / "vault"), folder_bytes(self._repository)

    def _size(self, name: str, before: tuple[int, int] = (0, 0)) -> None:
        ours, theirs = self._vault_bytes()
        other = theirs - before[1] if self._theirs else None
        self.sizes.append((name, ours - before[0], other))


def _stored_bytes(files: int) -> tuple[int, int]:
    """The bytes that so many files take in Sealwax, which pads them, and in restic."""
    ours = padded_length(OVERHEAD_BYTES + FILE_BYTES, OBJECT_LEAST_BYTES)
    return files * ours, files * FILE_BYTES


def table(run: Run) -> list[str]:
    """The results as lines of Markdown."""
    lines = ["| | Sealwax | restic | ratio |", "|---|---|---|---|"]
    for name, mine, other in run.rows:
        lines.append(_line(f"{name}: time", mine, other, lambda m: m.seconds, "s"))
    whole = [row for row in run.rows if row[2] is None or row[2].memory_mb]
    for name, mine, other in whole:
        lines.append(_line(f"{name}: processors", mine, other, lambda m: m.cpu_seconds, "s"))
    for name, mine, other in whole:
        lines.append(_line(f"{name}: memory", mine, other, lambda m: m.memory_mb, "MB"))
    for name, ours, theirs in run.sizes:
        ratio = f"{ours / theirs:.3f}" if theirs else ""
        said = f"{theirs / 1e6:.2f} MB" if theirs is not None else ""
        lines.append(f"| {name} | {ours / 1e6:.2f} MB | {said} | {ratio} |")
    for answer in run.answers:
        lines.append(f"| {answer.name} | {answer.value:,.1f} {answer.unit} | | |")
    return lines


def _line(
    name: str,
    mine: Measured,
    other: Measured | None,
    pick: Callable[[Measured], float],
    unit: str,
) -> str:
    ours = pick(mine)
    if other is None:
        return f"| {name} | {ours:.2f} {unit} | | |"
    theirs = pick(other)
    return f"| {name} | {ours:.2f} {unit} | {theirs:.2f} {unit} | {ours / theirs:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--attachments-mb", type=int, default=200)
    parser.add_argument("--import-only", action="store_true", help="the first import alone")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    if shutil.which("restic") is None:
        print("restic is not installed: only Sealwax is measured (apt install restic).")
    with tempfile.TemporaryDirectory(prefix="sealwax-bench-") as folder:
        files_bytes = arguments.attachments_mb * 1_000_000
        run = Run(Path(folder), arguments.messages, files_bytes, arguments.import_only)
        run.run()
    lines = table(run)
    print("\n".join(lines))
    if arguments.write:
        title = f"{arguments.messages:,} messages, {arguments.attachments_mb:,} MB of attachments"
        write(title, [f"Python {platform.python_version()}, {platform.machine()}.", "", *lines])


if __name__ == "__main__":
    main()
