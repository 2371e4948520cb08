"""The page in a real browser, before a real server and a real home."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from tests.web.browser import NARROW, WIDE, chromium, visit
from tests.web.scene import ATTACKER, MUM, PAYLOADS, Scene, Site, make_scene, opened_site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def test_it_shows_the_list_the_newest_thread_and_what_is_safe(browser: Browser, site: Site) -> None:
    with visit(browser, site) as one:
        expect(one.page.locator("sw-list .row[aria-current]")).to_have_count(1)
        expect(one.page.locator("li.message").last).to_be_visible()
        expect(one.page.locator(".safety")).not_to_contain_text("Looking")
        assert one.page.url.startswith(site.base)
        assert "enter" not in one.page.url


def test_scrolling_goes_through_the_whole_thread_and_keeps_few_messages(
    browser: Browser, site: Site
) -> None:
    mum = site.conversation(MUM)
    total = site.get(f"/api/conversations/{mum}")["messages"]
    with visit(browser, site) as one:
        one.thread(mum)
        seen: set[str] = set()
        for _ in range(200):
            keys = one.page.eval_on_selector_all(
                "li.message", "(all) => all.map((one) => one.dataset.key)"
            )
            assert len(keys) <= 300
            assert keys == sorted(keys, key=lambda key: [int(part) for part in key.split(".")])
            seen |= set(keys)
            if len(seen) == total:
                break
            one.page.evaluate("document.querySelector('.thread-scroll').scrollTop = 0")
            one.page.wait_for_timeout(40)
        assert len(seen) == total
        expect(one.page.locator(".thread-edge")).to_have_text("The beginning")


def test_what_is_in_sight_stays_when_older_messages_come(browser: Browser, site: Site) -> None:
    mum = site.conversation(MUM)
    with visit(browser, site) as one:
        one.thread(mum)
        moved = one.page.evaluate(
            """async () => {
              const scroller = document.querySelector('.thread-scroll');
              const list = document.querySelector('ol.messages');
              const first = list.firstElementChild;
              scroller.scrollTop = 300;
              const before = first.getBoundingClientRect().top;
              for (let at = 0; at < 200 && list.firstElementChild === first; at++) {
                await new Promise((done) => setTimeout(done, 20));
              }
              await new Promise((done) => requestAnimationFrame(() => done()));
              return [list.firstElementChild !== first, first.getBoundingClientRect().top - before];
            }"""
        )
        assert moved[0], "older messages should have come"
        assert abs(moved[1]) < 40


def test_the_next_older_messages_are_there_before_they_are_asked_for(
    browser: Browser, site: Site
) -> None:
    mum = site.conversation(MUM)
    with visit(browser, site) as one:
        with one.page.expect_response(lambda told: "before=" in told.url):
            one.thread(mum)
        first = one.page.locator("li.message").first.get_attribute("data-key")
        # From here on nothing is answered any more.
        one.page.route("**/messages?**", lambda _: None)
        one.page.evaluate("document.querySelector('.thread-scroll').scrollTop = 0")
        expect(one.page.locator("li.message").first).not_to_have_attribute("data-key", first or "")
        one.page.unroute_all(behavior="ignoreErrors")


def test_words_of_messages_never_become_markup(browser: Browser, site: Site) -> None:
    attacker = site.conversation(ATTACKER)
    with visit(browser, site) as one:
        one.thread(attacker)
        shown = one.texts()
        assert all(payload in shown for payload in PAYLOADS)
        bad = (
            "iframe, script:not([src]), form, base, math, style, li.message svg:not(.icon), object"
        )
        assert one.page.locator(f":is({bad}):not(head > *)").count() == 0
        assert one.page.locator("a[href^='javascript' i]").count() == 0
        one.page.locator("li.message").first.locator("button.more").dispatch_event("click")
        expect(one.page.locator("dialog[open]")).to_be_visible()
        one.page.keyboard.press("Escape")
        for payload in PAYLOADS[:6]:
            one.page.locator("sw-list input").fill(payload)
            one.page.wait_for_timeout(60)
        one.page.locator("sw-list input").fill("")
        assert one.page.evaluate("window.owned === undefined")


def test_a_message_of_a_megabyte_is_cut_and_shown_whole_when_asked(
    browser: Browser, site: Site
) -> None:
    attacker = site.conversation(ATTACKER)
    with visit(browser, site) as one:
        one.thread(attacker)
        one.page.get_by_role("button", name="Show all of it").click()
        whole = one.page.locator("dialog .words")
        expect(whole).to_be_visible()
        assert len(whole.text_content() or "") > 1_000_000


def test_the_slider_goes_back_in_time_and_marks_what_is_gone(browser: Browser, site: Site) -> None:
    mum = site.conversation(MUM)
    with visit(browser, site) as one:
        one.thread(mum)
        slider = one.page.get_by_role("slider", name="Moment")
        expect(slider).to_have_attribute("aria-valuetext", "The present")
        slider.focus()
        one.page.keyboard.press("Home")
        expect(one.page.locator(".since-deleted")).to_have_count(2)
        expect(one.page.locator("sw-moments")).to_have_class(re.compile("past"))
        expect(one.page.get_by_text("Deleted since")).to_have_count(2)
        one.page.get_by_role("button", name="Back to the present").click()
        expect(one.page.locator(".since-deleted")).to_have_count(0)


@pytest.mark.parametrize("view", [WIDE, NARROW, {"width": 1100, "height": 800}])
def test_the_slider_stays_under_the_hand_that_drags_it(
    browser: Browser, site: Site, view: dict[str, int]
) -> None:
    with visit(browser, site, viewport=view) as one:
        slider = one.page.get_by_role("slider", name="Moment")
        expect(slider).to_have_attribute("max", "2")
        box = slider.bounding_box()
        assert box is not None
        mouse, y = one.page.mouse, box["y"] + box["height"] / 2
        mouse.move(box["x"] + box["width"] - 10, y)
        mouse.down()
        for share, stop in (
            (0.9, "2"),
            (0.6, "1"),
            (0.5, "1"),
            (0.4, "1"),
            (0.1, "0"),
            (0.02, "0"),
        ):
            mouse.move(box["x"] + box["width"] * share, y)
            expect(slider).to_have_js_property("value", stop)
            # Once it rests, the moment is shown.
            one.page.wait_for_timeout(250)
            assert slider.bounding_box() == box
        mouse.up()
        expect(one.page.locator("sw-moments")).to_have_class(re.compile("past"))


def test_search_finds_as_one_types_and_leads_there(browser: Browser, site: Site) -> None:
    with visit(browser, site) as one:
        one.page.keyboard.press("/")
        one.page.keyboard.type("lemon cake 45", delay=15)
        hit = one.page.locator(".hit")
        expect(hit).to_have_count(1)
        expect(hit.locator("mark").first).to_have_text(re.compile("lemon", re.IGNORECASE))
        one.page.keyboard.press("ArrowDown")
        one.page.keyboard.press("Enter")
        expect(one.page.locator("li.message.found .words")).to_contain_text("lemon cake")
        expect(one.page.locator("li.message.found .badge")).to_contain_text("Edited")


def test_months_lead_through_the_years(browser: Browser, site: Site) -> None:
    mum = site.conversation(MUM)
    with visit(browser, site) as one:
        one.thread(mum)
        months = one.page.get_by_role("slider", name="Month")
        months.focus()
        one.page.keyboard.press("Home")
        expect(one.page.locator(".thread-edge")).to_have_text("The beginning")
        first = site.get(f"/api/conversations/{mum}/messages", date_ms=0)["items"][0]
        expect(one.page.locator("li.message").first).to_have_attribute("data-key", first["key"])


def test_who_is_going_somewhere_gets_there_whatever_comes_in_meanwhile(
    browser: Browser, site: Site
) -> None:
    """News has the page read again what it shows; a jump that is on its way is not lost by it."""
    mum = site.conversation(MUM)
    with visit(browser, site) as one:
        one.thread(mum)
        months = one.page.get_by_role("slider", name="Month")
        months.focus()
        one.page.evaluate(
            "document.querySelector('sw-months').addEventListener('keydown',"
            " () => document.querySelector('sw-thread').refresh())"
        )
        one.page.keyboard.press("Home")
        expect(one.page.locator(".thread-edge")).to_have_text("The beginning")
        expect(months).to_be_focused()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    with opened_site(make_scene(tmp_path, talks=40)) as opened:
        yield opened


def test_a_conversation_is_restored_with_the_plan_shown_and_taken_back(
    browser: Browser, own: Site
) -> None:
    mum = own.conversation(MUM)
    first = own.get("/api/snapshots")[-1]["number"]
    with visit(browser, own) as one:
        one.thread(mum, f"?at={first}")
        one.page.locator(".thread-acts").get_by_role("link", name="Restore").click()
        expect(one.page.locator(".sum .good dd")).to_have_text("+2")
        one.page.locator("sw-confirm").get_by_role("button", name="Restore").click()
        expect(one.page.locator(".plan .done")).to_contain_text("2 messages came back")
        one.page.locator("sw-confirm").get_by_role("button", name="Undo").click()
        expect(one.page.locator(".sum .bad dd")).to_have_text("−2")
        one.page.locator("sw-confirm").get_by_role("button", name="Undo").click()
        expect(one.page.locator(".plan .done")).to_contain_text("2 messages went to the trash")


def test_a_message_is_deleted_and_the_toast_undoes_it(browser: Browser, own: Site) -> None:
    mum = own.conversation(MUM)
    with visit(browser, own) as one:
        one.thread(mum)
        last = one.page.locator("li.message").last
        record = last.get_attribute("data-id")
        last.locator("button.more").dispatch_event("click")
        one.page.get_by_role("button", name="Delete this message").click()
        one.page.get_by_role("button", name="Move to the trash").click()
        expect(one.page.locator(".toast")).to_contain_text("1 message went to the trash")
        one.page.wait_for_selector(f"sw-thread[data-shown='{mum}'] li.message")
        expect(one.page.locator(f"li.message[data-id='{record}']")).to_have_count(0)
        one.page.locator(".toast").get_by_role("button", name="Undo").click()
        expect(one.page.locator(f"li.message[data-id='{record}']")).to_have_count(1)


def test_back_up_now_and_the_safety_screen(browser: Browser, own: Site) -> None:
    with visit(browser, own) as one:
        one.go("/snapshots")
        cards = one.page.locator("sw-snapshots .card")
        expect(cards).to_have_count(2)
        one.page.get_by_role("button", name="Back up now").click()
        expect(cards).to_have_count(3)
        one.page.get_by_role("button", name="What changed since").last.click()
        expect(one.page.locator(".changes table")).to_contain_text(MUM)
        one.go("/health")
        expect(one.page.locator(".lines")).to_contain_text("Not from losing")


def test_the_keyboard_alone_goes_everywhere(browser: Browser, site: Site) -> None:
    with visit(browser, site) as one:
        focused = "document.activeElement"
        one.page.keyboard.press("Tab")
        assert "Skip" in one.page.evaluate(f"{focused}.textContent")
        one.page.keyboard.press("l")
        one.page.keyboard.press("ArrowDown")
        one.page.keyboard.press("ArrowDown")
        assert one.page.evaluate(f"{focused}.closest('li').dataset.index") == "2"
        wanted = one.page.evaluate(f"{focused}.dataset.id")
        one.page.keyboard.press("Enter")
        one.page.wait_for_selector(f"sw-thread[data-shown='{wanted}'] li.message")
        one.page.keyboard.press("m")
        last = one.page.evaluate(f"{focused}.dataset.key")
        one.page.keyboard.press("ArrowUp")
        assert one.page.evaluate(f"{focused}.dataset.key") != last
        outline = one.page.evaluate(f"getComputedStyle({focused}).outlineStyle")
        assert outline != "none"
        one.page.keyboard.press("Enter")
        expect(one.page.locator("dialog[open]")).to_be_visible()
        one.page.keyboard.press("Escape")
        expect(one.page.locator("dialog[open]")).to_have_count(0)
        assert one.page.evaluate(f"{focused}.matches('li.message')")
        one.page.keyboard.press("[")
        expect(one.page.locator("sw-moments")).to_have_class(re.compile("past"))
        one.page.keyboard.press("p")
        expect(one.page.locator("sw-moments")).not_to_have_class(re.compile("past"))
        for key, tag in (("s", "sw-snapshots"), ("d", "sw-devices"), ("h", "sw-health")):
            one.page.keyboard.press(key)
            one.page.wait_for_selector(f"{tag} h1")
        one.page.keyboard.press("?")
        expect(one.page.locator("dialog .keys")).to_be_visible()
        one.page.keyboard.press("Escape")
        one.page.keyboard.press("t")
        assert one.page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing(browser: Browser, site: Site, scheme: str, view: dict[str, int]) -> None:
    mum, first = site.conversation(MUM), site.get("/api/snapshots")[-1]["number"]
    places = {
        "messages": "/messages", "thread": f"/c/{mum}", "snapshots": "/snapshots",
        "hostile": f"/c/{site.conversation(ATTACKER)}",
        "past": f"/c/{mum}?at={first}", "devices": "/devices",
        "health": "/health", "restore": f"/restore?at={first}", "delete": f"/delete?c={mum}",
        "trash": "/trash",
    }  # fmt: skip
    # Axe is put into the page as a script, which the page's own policy would not let happen.
    with visit(browser, site, color_scheme=scheme, viewport=view, bypass_csp=True) as one:
        for name, place in places.items():
            one.go(place)
            one.page.wait_for_timeout(350)
            found = Axe().run(one.page)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        one.thread(mum)
        one.page.locator("li.message").last.locator("button.more").dispatch_event("click")
        one.page.wait_for_selector("dialog[open]")
        found = Axe().run(one.page)
        assert found.violations_count == 0, f"details: {found.generate_report()}"


@pytest.mark.parametrize("width", [360, 800, 1440, 2560])
def test_nothing_is_wider_than_the_window(browser: Browser, site: Site, width: int) -> None:
    mum, first = site.conversation(MUM), site.get("/api/snapshots")[-1]["number"]
    with visit(browser, site, viewport={"width": width, "height": 900}) as one:
        for place in (f"/c/{mum}", f"/c/{mum}?at={first}", "/snapshots", "/devices", "/health"):
            one.go(place)
            one.page.wait_for_timeout(200)
            assert one.page.evaluate("document.documentElement.scrollWidth") <= width, place


@pytest.mark.parametrize("view", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_long_title_is_cut_and_moves_nothing_aside(
    browser: Browser, site: Site, view: dict[str, int]
) -> None:
    title = "A name that goes on " * 9 + "x" * 60

    def renamed(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        for item in told["items"]:
            item["title"] = title
        route.fulfill(response=answer, json={**told, "conversations": []})

    first = site.get("/api/snapshots")[-1]["number"]
    with visit(browser, site, viewport=view) as one:
        one.page.route(re.compile(r"/api/(conversations\?|search)"), renamed)
        one.go(f"/messages?at={first}&list=1")
        row = one.page.locator("sw-list .row").first
        expect(row.locator(".row-title")).to_have_text(title)
        for words, name in (("", ".list-scroll"), ("lemon cake", ".results")):
            one.page.locator("sw-list input").fill(words)
            expect(one.page.locator(f"{name} .row-title").first).to_have_text(title)
            place = one.page.locator(name)
            assert place.evaluate("(one) => one.scrollWidth <= one.clientWidth")
            inside, date = place.bounding_box(), place.locator("time").first.bounding_box()
            assert inside is not None
            assert date is not None
            assert date["x"] + date["width"] <= inside["x"] + inside["width"]


def test_a_page_left_open_says_that_sealwax_was_ended_and_started_again(
    browser: Browser, scene: Scene
) -> None:
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    with opened_site(scene) as first:
        number = int(first.page.address.rpartition(":")[2])
        page.goto(first.page.new_link())
        page.wait_for_selector("li.message")
    expect(page.locator(".safety")).to_contain_text("does not answer", timeout=15_000)
    with opened_site(scene, number) as second:
        expect(page.locator(".safety")).to_contain_text("was started again", timeout=15_000)
        page.goto(second.page.new_link())
        page.wait_for_selector("li.message")
        expect(page.locator(".safety")).not_to_contain_text("Looking")
    context.close()


def test_no_script_and_no_markup_can_be_put_into_the_page(browser: Browser, site: Site) -> None:
    with visit(browser, site) as one:
        tried = one.page.evaluate(
            """() => {
              const outcomes = [];
              for (const attempt of [
                () => { document.createElement('div').innerHTML = '<b>x</b>'; },
                () => { document.createElement('script').text = '1'; },
                () => { trustedTypes.createPolicy('mine', {}); },
              ]) {
                try { attempt(); outcomes.push('done'); } catch { outcomes.push('refused'); }
              }
              return outcomes;
            }"""
        )
        assert tried == ["refused"] * 3
        # The browser tells of each in the console: that is what was wanted.
        one.wrong.clear()
