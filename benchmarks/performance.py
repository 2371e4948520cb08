"""Putting what was measured into docs/performance.md."""

import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path

from benchmarks.inside import Answer

PERFORMANCE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"


def tell(title: str, answers: Iterable[Answer], is_written: bool) -> None:
    """Prints answers as a table, and puts it under a title where that is asked for."""
    lines = [f"| {one.name} | {one.value:,.2f} {one.unit} |" for one in answers]
    lines = ["| | |", "|---|---|", *lines]
    print("\n".join(lines))
    if is_written:
        machine = f"Python {platform.python_version()}, {os.cpu_count()} processors, loopback."
        write(title, [machine, "", *lines])


def write(title: str, lines: list[str]) -> None:
    """Puts a table under its title into docs/performance.md, in the place of an earlier one."""
    text = PERFORMANCE.read_text("utf-8")
    section = f"## {title}\n\n" + "\n".join(lines) + "\n"
    pattern = re.compile(rf"## {re.escape(title)}\n.*?(?=\n## |\Z)", re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section, text)
    else:
        text = text.rstrip() + "\n\n" + section
    PERFORMANCE.write_text(text, "utf-8")
