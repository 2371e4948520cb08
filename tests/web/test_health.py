"""Safety in a real browser: every line has a button that does it, or a command to be copied."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from sealwax.agent.doctor.examine import examine
from sealwax.agent.port import Line, Safety
from tests.agent.test_doctor import FAULTS, HEALTHY
from tests.web.browser import NARROW, WIDE, chromium, visit
from tests.web.scene import Site, make_scene, opened_site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    with opened_site(make_scene(tmp_path, talks=4)) as opened:
        yield opened


def _all_faults() -> Safety:
    found = [one for plant, _, _ in FAULTS.values() for one in examine(plant(HEALTHY)).findings]
    lines = [Line(one.level, one.text, one.remedy, one.action, one.subject) for one in found]
    return Safety("Something.", "danger", lines)


def test_each_line_has_a_button_or_a_command_to_copy(
    browser: Browser, own: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _all_faults()
    monkeypatch.setattr(own.port, "safety", lambda: told)
    with visit(browser, own) as one:
        one.go("/health")
        lines = one.page.locator("li.line")
        expect(lines).to_have_count(len(told.lines))
        for at, line in enumerate(told.lines):
            acts = lines.nth(at).locator(".card-acts :is(a, button), button.copy")
            assert acts.count(), line.text
            # A button where one is named; a page that does not know it would show none.
            assert bool(line.action) == bool(lines.nth(at).locator(".card-acts > *").count()), line
            for code in lines.nth(at).locator(".command code").all():
                assert shlex.split(code.text_content() or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_among_all_faults(
    browser: Browser,
    own: Site,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    view: dict[str, int],
) -> None:
    told = _all_faults()
    monkeypatch.setattr(own.port, "safety", lambda: told)
    with visit(browser, own, color_scheme=scheme, viewport=view, bypass_csp=True) as one:
        one.go("/health")
        one.page.wait_for_selector("li.line")
        found = Axe().run(one.page)
        assert found.violations_count == 0, found.generate_report()
        one.page.get_by_role("button", name="Add messages").click()
        one.page.wait_for_selector("dialog[open]")
        found = Axe().run(one.page)
        assert found.violations_count == 0, found.generate_report()
        one.page.keyboard.press("Escape")
        one.page.get_by_role("link", name="Look at it").click()
        one.page.wait_for_selector("sw-source h1")
        found = Axe().run(one.page)
        assert found.violations_count == 0, found.generate_report()


def test_a_command_is_copied(browser: Browser, own: Site) -> None:
    allowed = ["clipboard-read", "clipboard-write"]
    with visit(browser, own, permissions=allowed) as one:
        one.go("/health")
        line = one.page.locator("li.line", has_text="recovery key")
        line.get_by_role("button", name="Copy the command").click()
        copied = one.page.evaluate("navigator.clipboard.readText()")
        assert shlex.split(copied)[-2:] == ["security", "confirm-recovery"]
        assert line.locator("input").count() == 0


def test_a_source_is_added_in_the_page(browser: Browser, own: Site, tmp_path: Path) -> None:
    with visit(browser, own) as one:
        one.go("/health")
        one.page.evaluate("import('./static/adding.js').then((one) => one.addSource())")
        one.page.get_by_label("Path").fill("phone")
        one.page.get_by_role("button", name="Add and import").click()
        expect(one.page.locator(".toast.failed")).to_contain_text("does not say where it begins")
        one.wrong.clear()
        one.page.get_by_label("Path").fill(str(tmp_path / "phone"))
        one.page.get_by_role("button", name="Add and import").click()
        expect(one.page.locator("dialog[open]")).to_have_count(0)
        expect(one.page.locator(".toast.done")).to_contain_text("is read from now on")
        assert own.port.read(lambda agent: agent.sources()) == [str(tmp_path / "phone")]


def test_whose_messages_they_are_is_asked_plainly(
    browser: Browser, own: Site, tmp_path: Path
) -> None:
    with visit(browser, own) as one:
        one.go(f"/source?path={tmp_path / 'phone'}")
        expect(one.page.locator("sw-source")).to_contain_text("joins this history")
        one.page.get_by_role("button", name="Stop reading from it").click()
        # Nothing is held in this home.
        expect(one.page.locator(".toast.failed")).to_contain_text("does not wait for an answer")
        expect(one.page.locator("sw-health h1")).to_be_visible()
