"""Reading, searching and restoring through the agent: what a person asks and gets."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import BadSelection, NothingMatches, Select, SeveralMatch
from sealwax.demo.world import CAKE_WORDS, RECIPE_FIRST, write_world
from sealwax.snapshot.pins import SnapshotMissing, SnapshotNameBad
from tests.homes import DAY_MS, NOW_MS, environment, ignore, importing, made_home, texts

MUM = "+15550100101"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object]:
    folder = tmp_path_factory.mktemp("reading")
    env = environment()
    made, _ = made_home(folder, env)
    importing(made, env, write_world(folder / "phone", NOW_MS - DAY_MS, talks=300, photos=9).path)
    with open_agent(made, env) as agent:
        agent.create_snapshot("first")
        agent.delete(Select(chats=(MUM,)))
    return made, env


@pytest.fixture
def agent(home: tuple[Path, object]) -> Agent:
    with open_agent(*home) as opened:  # type: ignore[arg-type]
        yield opened  # type: ignore[misc]


@pytest.mark.parametrize(
    "words",
    "駅で 爬山 오늘 ありがとう завтра نلتقي sábado sabado 🎂 RUNNING".split(),
)
def test_search_finds_any_script(agent: Agent, words: str) -> None:
    found = agent.search(words, "first")
    assert found
    assert all(hit.message.text for hit in found)


def test_search_finds_earlier_wordings_and_the_trash(agent: Agent) -> None:
    (hit,) = agent.search("Bake 40 minutes")
    assert hit.message.in_trash
    assert "45 minutes" in hit.message.text
    assert hit.message.wordings[0].text == RECIPE_FIRST


def test_search_in_the_past_shows_the_past(agent: Agent) -> None:
    (hit,) = agent.search(CAKE_WORDS, "first")
    assert not hit.message.in_trash


def test_search_for_nothing_finds_nothing(agent: Agent) -> None:
    assert agent.search("zzzzzzzz") == []
    assert agent.search('"unbalanced AND (') == []


def test_a_conversation_is_found_by_number_address_or_part(agent: Agent) -> None:
    group = agent.conversation("summer")
    assert group.title == "Summer house"
    assert agent.conversation(str(group.record)) == group
    assert agent.conversation("(555) 0100102".replace("(555) ", "+1555")).participants
    with pytest.raises(SeveralMatch):
        agent.conversation("+1555")
    with pytest.raises(NothingMatches):
        agent.conversation("nobody of this name")


def test_the_present_lacks_what_the_snapshot_has(agent: Agent) -> None:
    assert texts(agent, MUM) == []
    assert len(texts(agent, MUM, "first")) == agent.conversation(MUM, "first").messages > 0


def test_an_unknown_snapshot_and_a_bad_date_are_named(agent: Agent) -> None:
    with pytest.raises(SnapshotMissing):
        agent.conversations("no such snapshot")
    with pytest.raises(BadSelection):
        agent.affected(Select(since="yesterdayish"))
    with pytest.raises(SnapshotNameBad):
        agent.create_snapshot("first")


def test_a_person_is_what_they_say_and_what_is_said_to_them(agent: Agent) -> None:
    alex = Select(people=("+15550100102",))
    with_alex = agent.read(agent.conversation("+15550100102").record, limit=100_000)
    in_group = agent.read(agent.conversation("summer").record, limit=100_000)
    said_in_group = sum(view.sender == "+15550100102" for view in in_group)
    assert said_in_group
    assert agent.affected(alex).messages == len(with_alex) + said_in_group
    found = {hit.message.origin for hit in agent.search("late", select=alex)}
    assert found < {hit.message.origin for hit in agent.search("late")}


def test_media_of_the_past_reads_whole(agent: Agent) -> None:
    photos = list(agent.media(Select(chats=(MUM,)), "first"))
    assert photos
    for item in photos:
        data = b"".join(agent.attachment_bytes(item.attachment))
        assert data.startswith(b"\xff\xd8")
        assert len(data) == item.attachment.size_bytes


def test_a_page_reaches_every_message_once(agent: Agent) -> None:
    record = agent.conversation("summer").record
    everything = agent.read(record, limit=100_000)
    seen, before = [], None
    while page := agent.read(record, limit=7, before=before):
        seen = [*page, *seen]
        before = page[0].key
    assert [view.origin for view in seen] == [view.origin for view in everything]


def test_restore_says_first_what_it_does(home: tuple[Path, object], tmp_path: Path) -> None:
    with open_agent(*home) as agent:  # type: ignore[arg-type]
        plan = agent.plan_restore("first", Select(chats=(MUM,)))
        expected = agent.conversation(MUM, "first").messages
        assert plan.messages_back == expected
        assert plan.samples
        assert agent.plan_restore("first", Select(chats=("summer",))).is_nothing
        assert agent.verify(ignore).is_sound
