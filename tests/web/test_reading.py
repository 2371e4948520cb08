"""What the page is given: lists, pages of threads both ways, months, search, snapshots."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.demo.world import RECIPE, RECIPE_FIRST
from sealwax.library.recent import Recent
from sealwax.library.select import Moment
from sealwax.web.reading import Lists
from tests.homes import environment, importing, made_home, write_threads
from tests.web.scene import ATTACKER, LONG_WORDS, MUM, PAYLOADS, Scene, Site, opened_site


def _walk(site: Site, conversation: int, limit: int, **moment: int) -> list[int]:
    """All of a thread from its end to its beginning, oldest first."""
    path = f"/api/conversations/{conversation}/messages"
    page = site.get(path, limit=limit, **moment)
    found = [one["id"] for one in page["items"]]
    while page["has_older"]:
        page = site.get(path, limit=limit, before=page["items"][0]["key"], **moment)
        found = [one["id"] for one in page["items"]] + found
    return found


def test_pages_come_to_the_whole_thread_both_ways(site: Site) -> None:
    mum = site.conversation(MUM)
    head = site.get(f"/api/conversations/{mum}")
    backwards = _walk(site, mum, 17)
    assert len(backwards) == len(set(backwards)) == head["messages"]
    assert sum(month[2] for month in head["months"]) == head["messages"]
    path = f"/api/conversations/{mum}/messages"
    page = site.get(path, date_ms=0, limit=20)
    forwards = [one["id"] for one in page["items"]]
    assert not page["has_older"]
    while page["has_newer"]:
        page = site.get(path, limit=20, after=page["items"][-1]["key"])
        forwards += [one["id"] for one in page["items"]]
    assert forwards == backwards


def test_a_page_around_a_message_has_it_in_its_middle(site: Site) -> None:
    mum = site.conversation(MUM)
    every = _walk(site, mum, 50)
    path = f"/api/conversations/{mum}/messages"
    middle = site.get(path, limit=10, before=site.get(path, limit=30)["items"][0]["key"])["items"][
        -1
    ]
    page = site.get(path, limit=10, around=middle["key"])
    at = [one["id"] for one in page["items"]].index(middle["id"])
    assert at == 5
    assert page["has_older"]
    assert page["has_newer"]
    start = every.index(page["items"][0]["id"])
    assert every[start : start + 10] == [one["id"] for one in page["items"]]


def test_the_list_has_the_newest_first_and_a_filter(site: Site) -> None:
    page = site.get("/api/conversations", limit=200)
    times = [one["time_ms"] for one in page["items"]]
    assert times == sorted(times, reverse=True)
    assert page["total"] == len(times)
    assert page["next_offset"] is None
    assert [
        one["title"] for one in site.get("/api/conversations", words="summer HOUSE")["items"]
    ] == ["Summer house"]
    assert site.get("/api/conversations", words="nobody at all")["total"] == 0


def test_the_first_answer_is_the_list_and_its_first_thread(site: Site) -> None:
    first = site.get("/api/first")
    assert first["list"]["items"] == site.get("/api/conversations")["items"]
    newest = first["list"]["items"][0]["id"]
    assert first["thread"] == site.get(f"/api/conversations/{newest}/messages", limit=20)


def test_a_snapshot_shows_what_was_deleted_since(site: Site) -> None:
    first = site.get("/api/snapshots")[-1]
    assert first["name"] == "first"
    mum = site.conversation(MUM)
    path = f"/api/conversations/{mum}/messages"
    then = site.get(path, at=first["number"])["items"]
    now = {one["id"] for one in site.get(path)["items"]}
    gone = [one for one in then if one.get("since") == "deleted"]
    assert len(gone) == 2
    assert not {one["id"] for one in gone} & now
    changes = site.get(f"/api/snapshots/{first['number']}/changes")
    assert (changes["added"], changes["removed"]) == (0, 2)
    assert changes["conversations"] == [[mum, MUM, 0, 2, 0]]


def test_an_edited_message_has_its_earlier_wordings(site: Site) -> None:
    (hit,) = site.get("/api/search", words="lemon cake 45 minutes")["items"]
    assert hit["message"]["text"] == RECIPE
    assert hit["message"]["wordings"] == 1
    details = site.get(f"/api/messages/{hit['message']['id']}")
    assert [one["text"] for one in details["wordings"]] == [RECIPE_FIRST, RECIPE]


def test_search_quick_and_whole_find_the_same_where_there_is_little(site: Site) -> None:
    for words in ("lemon cake", "駅で", "tomorrow", "zzzz"):
        quick = site.get("/api/search", words=words, quick=True, limit=200)
        whole = site.get("/api/search", words=words, limit=200)
        assert quick["items"] == whole["items"]
        assert not quick["is_partial"]


def test_a_search_brings_the_conversations_of_that_name_along(site: Site) -> None:
    alone = site.get("/api/search", words=MUM)
    both = site.get("/api/search", words=MUM, named=6)
    assert alone["conversations"] == []
    assert both["items"] == alone["items"]
    assert both["conversations"] == site.get("/api/conversations", words=MUM, limit=6)["items"]
    assert len(both["conversations"]) == 1
    there = site.get("/api/search", words=ATTACKER, named=6, trash=True)["conversations"]
    assert there == site.get("/api/conversations", words=ATTACKER, trash=True)["items"] == []


def test_search_at_a_snapshot_and_at_every_moment(site: Site) -> None:
    first = site.get("/api/snapshots")[-1]["number"]
    mum = site.conversation(MUM)
    (gone, *_) = [
        one
        for one in site.get(f"/api/conversations/{mum}/messages", at=first)["items"]
        if one.get("since") == "deleted" and one["text"]
    ]
    for at in (str(first), "all"):
        hits = site.get("/api/search", words=f'"{gone["text"]}"', at=at, limit=200)["items"]
        assert gone["id"] in [hit["message"]["id"] for hit in hits]


def test_hostile_words_come_as_they_are_and_long_ones_are_cut(site: Site) -> None:
    attacker = site.conversation(ATTACKER)
    items = site.get(f"/api/conversations/{attacker}/messages")["items"]
    texts = [one["text"] for one in items]
    assert all(payload in texts for payload in PAYLOADS)
    (long,) = [one for one in items if one.get("is_cut")]
    assert len(long["text"]) < 5_000
    details = site.get(f"/api/messages/{long['id']}")
    assert details["text"].strip() == LONG_WORDS.strip()
    assert len(details["text"].encode()) > 1_000_000


def test_what_is_not_there_is_said(site: Site) -> None:
    for path, code in (
        ("/api/messages/999999999", "nothing-matches"),
        ("/api/conversations/1/messages?at=12345", "snapshot-missing"),
        ("/api/conversations?at=all", "selection-bad"),
        ("/api/conversations/1/messages?around=nonsense", "page-request-malformed"),
        ("/api/conversations/1/messages?limit=99999", "page-request-malformed"),
        ("/api/nothing", "page-request-malformed"),
    ):
        answer = site.client.get(site.base + path)
        assert answer.status_code >= 400, path
        assert answer.json()["code"] == code, path
    assert site.client.get(f"{site.base}/api/conversations/999999").json() is None


def test_a_key_that_is_no_number_is_refused(site: Site) -> None:
    mum = site.conversation(MUM)
    for key in ("1", "1.2", "1.2.3.4", "a.b.c", "1.2.", "9" * 40 + ".1.1", "--1.1.1", "1.1.1;DROP"):
        path = f"{site.base}/api/conversations/{mum}/messages"
        assert site.client.get(path, params={"before": key}).status_code == 409, key


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("crowd")
    env = environment()
    home, _ = made_home(folder, env)
    write_threads(folder / "phone", [1] * 10_000)
    importing(home, env, folder / "phone")
    with opened_site(Scene(home, env)) as opened:
        yield opened


def test_ten_thousand_conversations_come_in_pages(crowd: Site) -> None:
    seen: list[int] = []
    offset: int | None = 0
    while offset is not None:
        page = crowd.get("/api/conversations", offset=offset, limit=200)
        assert len(page["items"]) <= 200
        seen += [one["id"] for one in page["items"]]
        offset = page["next_offset"]
    assert page["total"] == len(seen) == len(set(seen)) == 10_000
    assert crowd.get("/api/conversations", words="+15550109999")["total"] == 1


def test_a_list_that_many_ask_for_at_once_is_made_once() -> None:
    lists, moment = Lists(), Moment(1)
    made: list[Moment] = []
    begun = threading.Event()

    class Slow:
        def recent(self, at: Moment) -> list[Recent]:
            made.append(at)
            begun.set()
            # Long enough for the other one to ask meanwhile.
            time.sleep(0.2)
            return []

        def names(self, _: Moment) -> dict[str, str]:
            return {}

    agent: Any = SimpleNamespace(browse=Slow())
    first = threading.Thread(target=lists.get, args=(agent, moment))
    first.start()
    begun.wait()
    lists.get(agent, moment)
    first.join()
    assert made == [moment]


def test_counting_lists_and_listing_agree(scene: Scene, tmp_path: Path) -> None:
    with open_agent(scene.home, scene.env) as agent:
        for at in (None, "first"):
            moment = agent.browse.moment(at)
            counted = {
                view.record: (view.messages, view.newest_ns) for view in agent.conversations(at)
            }
            listed = {
                item.view.record: (
                    sum(month.messages for month in agent.browse.months(item.view.record, moment)),
                    item.view.newest_ns,
                )
                for item in agent.browse.recent(moment)
            }
            assert listed == counted
