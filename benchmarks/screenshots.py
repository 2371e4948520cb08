"""`python -m benchmarks.screenshots FOLDER`: each screen of the web app, light and dark, narrow and
wide, over the demo's made-up messages. `--pictures` makes those of the README too."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import Environment, create_home, open_agent
from sealwax.agent.ported import port_of
from sealwax.agent.selecting import Select
from sealwax.base.clock import SetClock, SystemClock
from sealwax.base.condition import Condition, SetConditions
from sealwax.base.entropy import SystemEntropy
from sealwax.demo.talk import PEOPLE
from sealwax.demo.world import write_world
from sealwax.web.serving import served

CHROMIUM = "/usr/bin/chromium"
PASSPHRASE = "only for pictures"
DAY_MS = 24 * 60 * 60 * 1000
WIDTHS = {360: 780, 800: 1_000, 1440: 900, 2560: 1_440}
PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
PICTURE_COLOURS = 255
MOMENTS = ((0, "first"), (420, ""), (500, ""), (600, "before the new phone"), (240, ""))
SETTLE_MS = 700


class Shown(NamedTuple):
    """A served demo: the link's maker, a conversation, a past and an older moment of it."""

    link: str
    mum: int
    past: int
    first: int


def main() -> None:
    """Makes all pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screenshots")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", action="store_true", help="those of the README too")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sealwax-pictures-") as name:
        home, env = _made(Path(name))
        with open_agent(home, env) as agent, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                for width, height in WIDTHS.items():
                    with _visit(agent, browser, scheme, width, height) as (page, shown):
                        _all(page, shown, arguments.folder / f"{scheme}-{width}")
            if arguments.pictures:
                _pictures(agent, browser)
            browser.close()


def _made(folder: Path) -> tuple[Path, Environment]:
    """Ten years of messages, with snapshots over four of them and something deleted since."""
    now_ms = SystemClock().now_ms()
    clock = SetClock(now_ms - sum(days for days, _ in MOMENTS) * DAY_MS - 30 * DAY_MS)
    env = Environment(clock, SystemEntropy(), PASSPHRASE, None)
    world = write_world(folder / "phone", now_ms - DAY_MS)
    home = folder / "home"
    create_home(home, None, "laptop", env)
    with open_agent(home, env) as agent:
        agent.import_source(world.path, lambda _: None)
        for days, name in MOMENTS:
            clock.advance(days * DAY_MS)
            agent.create_snapshot(name, "by hand" if name else "daily")
        clock.advance(now_ms - clock.now_ms() - DAY_MS // 24)
        mum = agent.conversation(PEOPLE[0].address)
        newest = agent.read(mum.record, limit=9)
        agent.delete(Select(messages=tuple(str(one.record) for one in newest[3:6])))
        agent.create_snapshot("", "daily")
    return home, env


@contextmanager
def _visit(
    agent: Agent, browser: Browser, scheme: str, width: int, height: int
) -> Iterator[tuple[Page, Shown]]:
    clock = SystemClock()
    snapshots = agent.snapshots()
    mum = agent.conversation(PEOPLE[0].address).record
    with (
        port_of(agent, clock, SetConditions(Condition())) as port,
        served(port, SystemEntropy(), clock) as site,
    ):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page = context.new_page()
        page.goto(site.new_link())
        page.wait_for_selector("sw-list .row", state="attached")
        yield page, Shown(site.address, mum, snapshots[-2].number, snapshots[0].number)
        port.end_events()
        context.close()


def _all(page: Page, shown: Shown, stem: Path) -> None:
    places = {
        "messages": "/messages",
        "thread": f"/c/{shown.mum}",
        "past": f"/c/{shown.mum}?at={shown.past}",
        "snapshots": "/snapshots",
        "devices": "/devices",
        "safety": "/health",
        "restore": f"/restore?at={shown.first}",
        "delete": f"/delete?c={shown.mum}",
        "source": "/source?path=/Volumes/Old disk/Messages/chat.db",
        "trash": "/trash",
    }
    for name, place in places.items():
        _shoot(page, place, Path(f"{stem}-{name}.png"))
    page.evaluate("(place) => { location.hash = place; }", places["past"])
    page.wait_for_timeout(SETTLE_MS)
    page.locator(".since-deleted .more").last.click()
    page.wait_for_selector("dialog[open]")
    page.screenshot(path=f"{stem}-details.png")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.screenshot(path=f"{stem}-keys.png")
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '/messages'")
    page.wait_for_timeout(SETTLE_MS)
    page.keyboard.press("/")
    page.keyboard.type("lemon cake")
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=f"{stem}-search.png")


def _pictures(agent: Agent, browser: Browser) -> None:
    """Three for the documents: few colours, so that they are small."""
    PICTURES.mkdir(exist_ok=True)
    with _visit(agent, browser, "light", 1280, 800) as (page, shown):
        _shoot(page, f"/c/{shown.mum}", PICTURES / "thread.png")
        _shoot(page, f"/c/{shown.mum}?at={shown.past}", PICTURES / "past.png")
    with _visit(agent, browser, "dark", 1280, 800) as (page, shown):
        _shoot(page, f"/restore?at={shown.past}&c={shown.mum}", PICTURES / "restore.png")
    for path in PICTURES.glob("*.png"):
        with Image.open(path) as image:
            image.quantize(PICTURE_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def _shoot(page: Page, place: str, path: Path) -> None:
    page.evaluate("(place) => { location.hash = place; }", place)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=path)


if __name__ == "__main__":
    main()
