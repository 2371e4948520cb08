"""Debian's Chromium for tests of the page; without it they are skipped, loudly."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.web.scene import Site

CHROMIUM = Path("/usr/bin/chromium")
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    if not CHROMIUM.exists():
        warnings.warn("no /usr/bin/chromium: the page was NOT tested in a browser", stacklevel=2)
        pytest.skip("Chromium is not installed: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


class Visit:
    """A page that was opened by a link, and all that it did wrong."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.site = site
        self.wrong: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(site.page.new_link())
        self.page.wait_for_url(f"{site.base}/**")
        self.page.wait_for_selector("sw-list .row", state="attached")

    def go(self, place: str) -> None:
        """Goes to a place within the page, as a link would."""
        self.page.evaluate("(place) => { location.hash = place; }", place)

    def thread(self, conversation: int, query: str = "") -> None:
        """Opens a conversation and waits for its messages."""
        self.go(f"/c/{conversation}{query}")
        self.page.wait_for_selector(f"sw-thread[data-shown='{conversation}'] li.message")

    def texts(self) -> list[str]:
        """The words of the messages in the page."""
        found: list[str] = self.page.eval_on_selector_all(
            "li.message .words", "(all) => all.map((one) => one.textContent)"
        )
        return found

    def _said(self, told: Any) -> None:
        if told.type in ("error", "warning"):
            self.wrong.append(told.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.site.page.address, "data:", "blob:")):
            self.wrong.append(f"a request to {request.url}")


@contextmanager
def visit(browser: Browser, site: Site, **options: Any) -> Iterator[Visit]:
    """Somebody who looks at the page; nothing may have gone wrong when they leave."""
    context = browser.new_context(**{"viewport": WIDE, **options})
    try:
        visitor = Visit(context, site)
        yield visitor
        assert not visitor.wrong, visitor.wrong
    finally:
        context.close()
