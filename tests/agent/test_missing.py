"""A conversation that somebody misses is followed to the first gap."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.doctor.facts import Facts, HistoryFact, SourceFact, StoreFact
from sealwax.agent.doctor.missing import Way, follow
from sealwax.agent.selecting import Select
from sealwax.agent.tracing import SourceTrace, Traced
from tests.homes import NOW_MS, changed, environment, ignore, made_home, said, write_threads

ANN = "+15550100000"
STORE = StoreFact("https://example.net", verified_ms=NOW_MS)
FACTS = Facts(NOW_MS, "/home", HistoryFact(5), store=STORE, sources=(SourceFact("/chat.db"),))
WHOLE = Traced("Ann", (SourceTrace("/chat.db", 5),), 5, 0)


def _gap(traced: Traced, facts: Facts = FACTS) -> str:
    gap = follow(traced, facts).gap
    assert gap is None or gap.remedy
    return gap.place if gap else ""


def test_a_conversation_that_is_everywhere_has_no_gap() -> None:
    way = follow(WHOLE, FACTS)
    assert way.gap is None
    assert [stop.place for stop in way.stops] == [
        *("source", "import", "device", "switches", "queue", "server")
    ]


def test_the_first_gap_is_named() -> None:
    nothing = SourceTrace("/chat.db")
    assert _gap(WHOLE._replace(sources=())) == "source"
    assert _gap(Traced("Ann", (nothing._replace(trouble="No.", hint="Yes."),), 0, 0)) == "source"
    assert _gap(Traced("Ann", (nothing,), 0, 0)) == "source"
    held = FACTS._replace(sources=(SourceFact("/chat.db", is_held=True),))
    assert _gap(Traced("Ann", (SourceTrace("/chat.db", 5, absent=5),), 0, 0), held) == "account"
    assert _gap(Traced("Ann", (SourceTrace("/chat.db", 5, absent=2),), 3, 0)) == "import"
    assert _gap(Traced("Ann", (SourceTrace("/chat.db", 5, trashed=5),), 0, 5)) == "trash"
    assert _gap(Traced("Ann", (SourceTrace("/chat.db", 5, purged=1),), 4, 0)) == "trash"
    assert _gap(WHOLE, FACTS._replace(is_sync_on=False)) == "switches"
    assert _gap(WHOLE, FACTS._replace(store=STORE._replace(waiting_messages=1))) == "queue"
    down = STORE._replace(trouble="The server does not answer.", trouble_since_ms=NOW_MS - 1)
    assert _gap(WHOLE, FACTS._replace(store=down)) == "server"


def test_of_one_that_nobody_knows_nothing_is_said_to_be_well() -> None:
    way = follow(Traced("nosuch", (SourceTrace("/chat.db"),), 0, 0), FACTS)
    assert [(stop.place, stop.is_gap) for stop in way.stops] == [("source", True)]


def _trace(agent: Agent, chat: str | None = None) -> Traced:
    return agent.tracing.trace(chat, ignore)


def test_messages_are_looked_for_one_by_one(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    write_threads(phone, [4, 3])
    with open_agent(home, env) as agent:
        agent.add_source(phone)
        before = _trace(agent, ANN)
        assert before == Traced(ANN, (SourceTrace(str(phone), 4, absent=4),), 0, 0)
        agent.import_source(phone, ignore)
        assert _trace(agent, ANN).sources == (SourceTrace(str(phone), 4),)
        assert _trace(agent).sources == (SourceTrace(str(phone), 7),)
        changed(phone, lambda db: db.add_messages([said(1, 1, "new", "new", NOW_MS - 9)]))
        assert _trace(agent, ANN).sources == (SourceTrace(str(phone), 5, absent=1),)
        agent.import_source(phone, ignore)
        agent.delete(Select(chats=(ANN,)))
        after = _trace(agent, ANN)
        assert after.sources == (SourceTrace(str(phone), 5, trashed=5),)
        assert (after.present, after.trashed) == (0, 5)
        assert _trace(agent, "nobody").sources == (SourceTrace(str(phone)),)
        (phone / "chat.db").write_bytes(b"damaged")
        (broken,) = _trace(agent, ANN).sources
        assert "not an SQLite database" in broken.trouble


def test_a_way_without_stops_has_no_gap() -> None:
    assert Way(()).gap is None


@pytest.mark.parametrize("chat", ["", " ", "\x00", "direct:", "9" * 400])
def test_odd_names_find_nothing(tmp_path: Path, chat: str) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        assert _trace(agent, chat).sources == ()
