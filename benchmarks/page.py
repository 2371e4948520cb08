"""`python -m benchmarks.page`: the web app in headless Chromium, over a history of any size.

python -m benchmarks.page [--messages 1000000] [--home HOME] [--write]

`--home` measures a home that is there already (its passphrase in SEALWAX_PASSPHRASE) instead of
writing one. The largest conversation of the workload holds a sixth of all messages.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.performance import write
from benchmarks.workload import END_MS
from sealwax.agent.bootstrap import create_home, open_agent, system_environment
from sealwax.demo.bulk import write_bulk

CHROMIUM = "/usr/bin/chromium"
PASSPHRASE = "only for measuring"
SETTLE_SECONDS = 1.0
"""A browser takes longer to start than this."""
OPENINGS, PAGES, SNAPSHOT_OPENINGS = 7, 60, 8
SEARCHES = (
    "tomorrow",
    "lemon cake",
    "are you coming",
    "book called",
    "明日の朝",
    "snowing",
    "12345",
)
VIEW = {"width": 1440, "height": 900}
WATCH = """
addEventListener('DOMContentLoaded', () => {
  const seen = new MutationObserver(() => {
    if (document.querySelector('li.message')) {
      window.firstMessage = performance.now();
      seen.disconnect();
    }
  });
  seen.observe(document, { childList: true, subtree: true });
});
"""
BYTES = """() => [...performance.getEntriesByType('navigation'),
  ...performance.getEntriesByType('resource')]
  .filter((one) => one.responseEnd && one.responseEnd <= window.firstMessage)
  .reduce((sum, one) => sum + one.transferSize, 0)"""
OLDER = """() => new Promise((done) => {
  const scroller = document.querySelector('.thread-scroll');
  const list = document.querySelector('ol.messages');
  const first = list.firstElementChild;
  const began = performance.now();
  const seen = new MutationObserver(() => {
    if (list.firstElementChild === first) return;
    seen.disconnect();
    const inserted = performance.now();
    requestAnimationFrame(() => setTimeout(() => done(inserted - began), 60));
  });
  seen.observe(list, { childList: true });
  setTimeout(() => (seen.disconnect(), done(-1)), 5000);
  scroller.scrollTop = 0;
  scroller.dispatchEvent(new Event('scroll'));
})"""
SEARCH = """(words) => new Promise((done) => {
  const input = document.querySelector('sw-list input');
  const results = document.querySelector('.results');
  const began = performance.now();
  const seen = new MutationObserver(() => { seen.disconnect(); done(performance.now() - began); });
  seen.observe(results, { childList: true });
  setTimeout(() => (seen.disconnect(), done(-1)), 5000);
  input.value = words;
  input.dispatchEvent(new Event('input'));
})"""
SNAPSHOT = """(hash) => new Promise((done) => {
  const list = document.querySelector('ol.messages');
  const began = performance.now();
  const seen = new MutationObserver(() => {
    if (!list.querySelector('li.message')) return;
    seen.disconnect();
    done(performance.now() - began);
  });
  seen.observe(list, { childList: true });
  setTimeout(() => (seen.disconnect(), done(-1)), 8000);
  location.hash = hash;
})"""


class Bar(NamedTuple):
    """A measure with what it may be at most."""

    name: str
    measured: float
    limit: float
    unit: str

    @property
    def is_kept(self) -> bool:
        return 0 <= self.measured <= self.limit

    def row(self) -> str:
        sign = "" if self.is_kept else " ✗"
        return f"| {self.name} | {self.measured:,.1f} {self.unit}{sign} | {self.limit:,.0f} |"


def main() -> None:
    """Measures, prints the table, and fails where a bar is not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    with _home(arguments.home, arguments.messages) as (home, passphrase):
        with open_agent(home, system_environment(passphrase), is_lenient=True) as agent:
            largest = max(agent.conversations(), key=lambda view: view.messages)
            snapshot, messages = agent.snapshots()[-1].number, agent.status().counts.messages
        bars = _measured(Program(home, passphrase), largest.record, snapshot)
    lines = ["| | measured | at most |", "|---|---|---|", *(bar.row() for bar in bars)]
    print("\n".join(lines))
    if arguments.write:
        write(f"The web app: {messages:,} messages, a thread of {largest.messages:,}", lines)
    sys.exit(not all(bar.is_kept for bar in bars))


class Program(NamedTuple):
    """`sealwax open` of a home, as people start it."""

    home: Path
    passphrase: str

    @contextmanager
    def opened(self) -> Iterator[str]:
        """The link that it prints."""
        command = [sys.executable, "-m", "sealwax", "--home", str(self.home), "open"]
        process = subprocess.Popen(
            [*command, "--no-browser"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "SEALWAX_PASSPHRASE": self.passphrase},
        )
        try:
            assert process.stdout is not None
            link = process.stdout.readline().split()[-1]
            time.sleep(SETTLE_SECONDS)
            yield link
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def _home(home: Path | None, messages: int) -> Iterator[tuple[Path, str]]:
    if home is not None:
        yield home, os.environ["SEALWAX_PASSPHRASE"]
        return
    environment = system_environment(PASSPHRASE)
    with tempfile.TemporaryDirectory(prefix="sealwax-page-") as name:
        folder = Path(name)
        print(f"writing {messages:,} messages …", file=sys.stderr)
        written = write_bulk(folder / "phone", messages, 0, 0, END_MS)
        create_home(folder / "home", None, "this computer", environment)
        with open_agent(folder / "home", environment) as agent:
            print("importing …", file=sys.stderr)
            agent.import_source(written.path, lambda _: None)
            agent.create_snapshot("first")
        yield folder / "home", PASSPHRASE


def _measured(program: Program, largest: int, snapshot: int) -> list[Bar]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            first, size_bytes = _openings(program, browser)
            rest = _session(program, browser, largest, snapshot)
        finally:
            browser.close()
    return [
        Bar("first message, cold: median", statistics.median(first), 600, "ms"),
        Bar("first message, cold: slowest", max(first), 600, "ms"),
        Bar("transferred before the first message", size_bytes / 1000, 60, "KB"),
        *rest,
    ]


def _openings(program: Program, browser: Browser) -> tuple[list[float], float]:
    """Each with a server and a browser's context of its own: nothing is kept from before."""
    taken, size_bytes = [], 0.0
    for _ in range(OPENINGS):
        with _page(program, browser) as (page, _):
            page.wait_for_selector("li.message")
            taken.append(page.evaluate("window.firstMessage"))
            size_bytes = page.evaluate(BYTES)
    return taken, size_bytes


@contextmanager
def _page(program: Program, browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page that has been let in, and what it should not have done: errors, requests elsewhere."""
    wrong: list[str] = []
    with program.opened() as link:
        address = link.partition("/enter/")[0]
        context = browser.new_context(viewport=VIEW)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("console", lambda told: told.type == "error" and wrong.append(told.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith(address) or wrong.append(asked.url))
        page.add_init_script(WATCH)
        page.goto(link)
        page.wait_for_url(f"{address}/")
        yield page, wrong
        context.close()


def _session(program: Program, browser: Browser, largest: int, number: int) -> list[Bar]:
    with _page(program, browser) as (page, wrong):
        page.wait_for_selector("li.message")
        page.evaluate(f"location.hash = '/c/{largest}'")
        page.wait_for_timeout(800)
        older = [page.evaluate(OLDER) for _ in range(PAGES)]
        kept = page.evaluate("document.querySelectorAll('li.message').length")
        heap = _heap_bytes(page)
        typed = [words[:end] for words in SEARCHES for end in range(1, len(words) + 1)]
        typed = [words for words in typed if len(words) > 1 or ord(words[0]) > 0x2E80]
        searches = [page.evaluate(SEARCH, words) for words in typed]
        page.evaluate(SEARCH, "")
        opened = []
        for _ in range(SNAPSHOT_OPENINGS):
            opened.append(page.evaluate(SNAPSHOT, f"/c/{largest}?at={number}"))
            page.evaluate(SNAPSHOT, f"/c/{largest}")
    for what in wrong:
        print("wrong:", what, file=sys.stderr)
    percent = _percentile
    return [
        Bar("older page, p50", percent(older, 50), 50, "ms"),
        Bar("older page, p95", percent(older, 95), 120, "ms"),
        Bar("search at each letter, p50", percent(searches, 50), 100, "ms"),
        Bar("search at each letter, p95", percent(searches, 95), 100, "ms"),
        Bar("opening a snapshot, slowest", max(opened), 1_000, "ms"),
        Bar(f"heap after {PAGES * 60:,} messages", heap / 1_000_000, 10, "MB"),
        Bar("messages in the page", kept, 300, ""),
        Bar("console errors, requests off loopback", len(wrong), 0, ""),
    ]


def _heap_bytes(page: Page) -> float:
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    told: dict[str, Any] = session.send("Runtime.getHeapUsage")
    return float(told["usedSize"])


def _percentile(values: list[float], share: int) -> float:
    ordered = sorted(values)
    if ordered[0] < 0:
        return -1.0
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


if __name__ == "__main__":
    main()
