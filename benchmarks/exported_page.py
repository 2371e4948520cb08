"""`python -m benchmarks.exported_page`: how fast an exported conversation opens.

python -m benchmarks.exported_page [--messages 100000] [--write]
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.performance import write
from benchmarks.programs import sealwax
from benchmarks.workload import END_MS
from sealwax.demo.bulk import write_bulk

CHROMIUM = "/usr/bin/chromium"
OPENINGS = 5
LIMIT_MS = 1_000


def main() -> None:
    """Exports one conversation, opens its index and its newest page, prints medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exported_page")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealwax-page-") as name:
        folder = Path(name)
        print(f"writing {arguments.messages:,} messages …", file=sys.stderr)
        write_bulk(folder / "phone", arguments.messages, 0, 0, END_MS, conversations=1)
        program = sealwax(folder / "home")
        program.run("init", "--yes")
        program.run("import", folder / "phone")
        exported = program.run("export", "html", folder / "pages")
        opened = _open_all(folder / "pages")
    lines = ["| | |", "|---|---|", f"| the export | {exported.seconds:.1f} s |"]
    lines += [f"| {name} | {taken:.0f} ms |" for name, taken in opened.items()]
    print("\n".join(lines))
    if arguments.write:
        write(f"HTML of one conversation of {arguments.messages:,} messages", lines)
    sys.exit(any(taken > LIMIT_MS for taken in opened.values()))


def _open_all(folder: Path) -> dict[str, float]:
    pages = sorted(folder.rglob("*.html"))
    index = folder / "index.html"
    longest = max((page for page in pages if page != index), key=lambda page: page.stat().st_size)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page()
            return {
                "opening the index in Chromium": _opened_ms(page, index),
                "opening its largest page in Chromium": _opened_ms(page, longest),
            }
        finally:
            browser.close()


def _opened_ms(page: Page, path: Path) -> float:
    """From the navigation's start to the end of loading, the median of several."""
    taken = []
    for _ in range(OPENINGS):
        page.goto(path.as_uri(), wait_until="load")
        taken.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    return statistics.median(taken)


if __name__ == "__main__":
    main()
