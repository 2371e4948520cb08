"""A page on a device that has files on demand: small pictures show, no photo is fetched for it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from sealwax.agent.port import Port
from sealwax.stores.counting import CountingStore
from tests.homes import ignore
from tests.server.running import running
from tests.sync.homes_on_server import Household
from tests.thumbnail.photos import CHAT, made_all, some_photos, write_photos
from tests.web.browser import chromium, visit
from tests.web.scene import Scene, Site, opened_site

FILES = some_photos(3)
LATER = some_photos(1, seed="later")


@pytest.fixture(scope="module")
def far_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three photos with small pictures, and one that came later and has none yet."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with running(folder / "server") as server:
        house = Household(folder, server)
        with house.agent(1) as agent:
            agent.sync.keep_files(0)
        write_photos(folder / "phone", FILES)
        with house.agent(0) as agent:
            agent.import_source(folder / "phone", ignore)
            assert made_all(agent).made == 3
            write_photos(folder / "later", LATER, seed="later")
            agent.import_source(folder / "later", ignore)
        house.sync(0, 1)
        with opened_site(Scene(house.homes[1], house.env)) as site:
            yield site


def _counted(port: Port) -> CountingStore:
    """Counts what is asked of the server from now on."""

    def ask(agent: object) -> CountingStore:
        from sealwax.agent.api import Agent

        assert isinstance(agent, Agent)
        mirror = agent.device.mirror
        assert mirror is not None
        mirror.far = CountingStore(mirror.far)
        return mirror.far

    return port.read(ask)


def test_a_thread_shows_small_pictures_and_fetches_no_photo(far_site: Site) -> None:
    far = _counted(far_site.port)
    chat = far_site.conversation(CHAT)
    items = far_site.get(f"/api/conversations/{chat}/messages")["items"]
    files = {file["name"]: file for one in items for file in one.get("files", [])}
    assert {name for name, file in files.items() if file["is_elsewhere"]} == LATER.keys()
    assert all(file["is_kept"] for file in files.values())
    for name, file in files.items():
        answer = far_site.client.get(f"{far_site.base}/api/thumbnails/{file['id']}")
        assert answer.status_code == (204 if name in LATER else 200)
        assert answer.content.startswith(b"\xff\xd8") == (name in FILES)
    assert (far.calls["get_object"], far.bytes_read) == (0, 0)
    # Whoever opens a photo fetches that one.
    one = files["photo0.jpeg"]["id"]
    assert (
        far_site.client.get(f"{far_site.base}/api/files/{one}").content == FILES["photo0.jpeg"][1]
    )
    assert far.calls["get_object"] == 1


def test_a_photo_that_is_elsewhere_is_a_frame_that_opens_it(far_site: Site) -> None:
    with chromium() as browser, visit(browser, far_site) as one:
        one.thread(far_site.conversation(CHAT))
        small = one.page.locator("button.photo img")
        expect(small).to_have_count(3)
        for image in small.all():
            expect(image).to_have_js_property("complete", True)
            assert image.evaluate("(one) => one.naturalWidth") > 1
        frame = one.page.get_by_role("button", name="Fetch and open photo later0.jpeg")
        expect(frame).to_contain_text("not on this computer")
        frame.click()
        whole = one.page.locator("dialog.lightbox img")
        expect(whole).to_have_js_property("naturalWidth", 800)
        one.page.keyboard.press("Escape")
        expect(whole).to_have_count(0)
