"""Values of a form that nobody writes, from a device of the account: no harm to anything else."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.device import Environment
from sealwax.agent.selecting import NothingMatches, Select
from sealwax.crypto.keyed_hash import record_ids
from sealwax.demo.world import write_world
from sealwax.library.conversation import NAMELESS
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import CONVERSATION, ORIGIN, PLACED, PURGED, TEXT, TIME_NS
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing
from tests.agent.using import use_everything
from tests.homes import DAY_MS, NOW_MS, environment, importing, made_home
from tests.laws import cases
from tests.model.odd import ENTRIES
from tests.web.scene import Scene, Site, opened_site

MUM = "+15550100101"
VICTIM = "direct:+15550100202"
DEVICE = b"e" * 16


class World(NamedTuple):
    home: Path
    env: Environment


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("odd")
    env = environment()
    home, _ = made_home(folder, env)
    importing(home, env, write_world(folder / "phone", NOW_MS - DAY_MS, talks=6, photos=2).path)
    with open_agent(home, env) as agent:
        agent.create_snapshot("before")
    return World(home, env)


def _told(agent: Agent, number: int, entries: list[Entry]) -> Iterator[Change]:
    """Records of each kind with these values, some of them otherwise whole; `number` tells the
    records of one case from those of another."""
    names = [(int(kind), f"odd-{number}-{place}") for kind in Kind for place in range(3)]
    ids = _ids(agent, names)
    for place, told in enumerate(entries):
        at = place % len(names)
        kind, name = names[at]
        whole = (
            entry(ORIGIN, [NAMESPACE_APPLE, name]),
            entry(TIME_NS, (NOW_MS - place) * 1_000_000),
            entry(TEXT, "odd words"),
            Entry("conversation", 6, VICTIM, True),
        )
        extra = whole if place % 4 else ()
        yield Change(kind, ids[at], place % 3, NOW_MS, DEVICE, (told, *extra))
    (conversation,) = _ids(agent, [(int(Kind.CONVERSATION), VICTIM)])
    origin = entry(ORIGIN, [NAMESPACE_APPLE, VICTIM])
    yield Change(int(Kind.CONVERSATION), conversation, 0, NOW_MS, DEVICE, (origin,))


def _ids(agent: Agent, names: list[tuple[int, str]]) -> list[bytes]:
    return record_ids(agent.device.history.keys.roots, NAMESPACE_APPLE, names)


def _write(agent: Agent, changes: list[Change]) -> None:
    agent.device.journal.write(Writing(tuple(changes), Part(reason="odd")))


def _seen(agent: Agent) -> list[object]:
    view = agent.conversation(MUM)
    return [view, *agent.read(view.record, limit=1_000)]


ODD = settings(
    max_examples=cases(8, 500),
    deadline=None,
    # The home goes on from case to case, so a smaller case is not the same.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


BRICKS = [
    *(Entry("content", 1, "", value) for value in ([b"x"], "x", 5, {})),
    Entry("life", 2, "", "x"),
    *(Entry("origin", 1, "", value) for value in ("x", ["imessage"], [1, 2])),
    Entry("parts", 5, "", [1, [5]]),
    Entry("edit", 6, "\u00b2:0:aa", [1, "words"]),
    Entry("reaction", 2, "0:me", []),
    Entry("unsent", 6, "\u00b2", True),
]


@ODD
@example(entries=BRICKS * 4, number=0)
@given(entries=st.lists(ENTRIES, min_size=10, max_size=60), number=st.uuids())
def test_nothing_fails_and_other_conversations_show_as_before(
    world: World, entries: list[Entry], number: object
) -> None:
    with TemporaryDirectory() as out, open_agent(*world) as agent:
        before = _seen(agent)
        _write(agent, list(_told(agent, hash(number), entries)))
        use_everything(agent, Path(out), "odd")
        assert _seen(agent) == before
        _act(agent)
        assert _seen(agent) == before
        assert agent.verify(lambda _: None).is_sound


@pytest.mark.parametrize("way", ["purged", "placed"])
def test_messages_are_shown_whatever_became_of_their_conversation(
    world: World, tmp_path: Path, way: str
) -> None:
    with open_agent(*world) as agent:
        name = f"direct:{way}"
        message, conversation = _ids(
            agent, [(int(Kind.MESSAGE), f"in {way}"), (int(Kind.CONVERSATION), name)]
        )
        whole = (
            entry(ORIGIN, [NAMESPACE_APPLE, f"in {way}"]),
            entry(TIME_NS, NOW_MS * 1_000_000),
            entry(TEXT, f"words in {way}"),
            entry(CONVERSATION, True, name),
        )
        origin = (entry(ORIGIN, [NAMESPACE_APPLE, name]),)
        told = Change(int(Kind.CONVERSATION), conversation, 0, NOW_MS, DEVICE, origin)
        _write(agent, [Change(int(Kind.MESSAGE), message, 0, NOW_MS, DEVICE, whole), told])
        before = agent.conversations()
        if way == "purged":
            gone = told._replace(life=None, entries=(entry(PURGED, 9),))
        else:
            nowhere = (entry(PLACED, "nowhere"),)
            gone = Change(int(Kind.MESSAGE), message, 0, NOW_MS + 1, DEVICE, nowhere)
        _write(agent, [gone])
        after = agent.conversations()
        assert sum(view.messages for view in after) == sum(view.messages for view in before)
        (found,) = agent.search(f"words in {way}")
        home = found.message.conversation
        recent = agent.browse.recent(agent.browse.moment(None))
        for listed in (after, [one.view for one in recent]):
            (view,) = [view for view in listed if view.record == home]
            assert view.title == NAMELESS
        assert [one.text for one in agent.read(view.record)] == [f"words in {way}"]
        agent.export("text", tmp_path / "out", Select())
        words = [path.read_text("utf-8") for path in (tmp_path / "out").glob("*.txt")]
        assert any(f"words in {way}" in text for text in words)


def _act(agent: Agent) -> None:
    """Deletes, brings back, and purges what is odd."""
    victim = Select(chats=("+15550100202",))
    try:
        agent.conversation("+15550100202")
    except NothingMatches:
        return
    agent.delete(victim)
    agent.undelete(victim)
    agent.storage.purge(victim)
    agent.storage.empty_trash()


@settings(ODD, max_examples=cases(3, 100))
@given(entries=st.lists(ENTRIES, min_size=30, max_size=90), number=st.uuids())
def test_the_page_shows_it(world: World, entries: list[Entry], number: object) -> None:
    with open_agent(*world) as agent:
        _write(agent, list(_told(agent, hash(number), entries)))
    with opened_site(Scene(*world)) as site:
        _look_at_all(site)


def _look_at_all(site: Site) -> None:
    site.get("/api/first")
    site.get("/api/safety")
    for hit in site.get("/api/search", words="odd")["items"]:
        assert hit["message"]["id"]
    for moment in ({}, {"at": 1}, {"trash": True}):
        for one in site.get("/api/conversations", limit=200, **moment)["items"]:
            path = f"/api/conversations/{one['id']}"
            site.get(path, **moment)
            page = site.get(f"{path}/messages", limit=100, **moment)
            for message in page["items"]:
                site.get(f"/api/messages/{message['id']}", **moment)
                site.get(f"{path}/messages", around=message["key"], **moment)
                for file in message.get("files", ()):
                    for what in ("files", "thumbnails"):
                        answer = site.client.get(f"{site.base}/api/{what}/{file['id']}")
                        assert answer.status_code in (200, 204, 404), answer.text
    for snapshot in site.get("/api/snapshots"):
        site.get(f"/api/snapshots/{snapshot['number']}/changes")
