"""The brake on a pull: what another device deletes without a person's word is held."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.selecting import Select
from sealwax.library.select import Selection
from sealwax.storage.plan import Target, plan_delete
from sealwax.sync.holding import BEFORE
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing
from tests.homes import DAY_MS, NOW_MS, changed, ignore, write_threads
from tests.server.running import running
from tests.sync.homes_on_server import Household

SIZES = (10, 10, 10, 10, 10, 400)
CHATS = [f"+1555010{number:04d}" for number in range(len(SIZES))]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    """Two homes with the same six conversations."""
    phone = tmp_path / "phone"
    phone.mkdir()
    write_threads(phone, SIZES)
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone, ignore)
        house.sync(0, 1)
        yield house


HOUR_MS = 60 * 60 * 1000


def _fall(agent: Agent, *chats: str) -> None:
    """Deletes conversations as a device does that has no brake."""
    library, journal = agent.device.history.library, agent.device.journal
    wanted = Selection(tuple(agent.conversation(chat).record for chat in chats))
    rows = library.read.messages(wanted, library.now())
    targets = [Target(row.uid, row.state) for row in rows]
    changes = tuple(plan_delete(targets, NOW_MS, journal.device))
    journal.write(Writing(changes, Part(reason="import-deletions")))


def _held(house: Household, number: int) -> int:
    with house.agent(number) as agent:
        return agent.status().held


def _sync(house: Household, number: int) -> int:
    with house.agent(number) as agent:
        done = agent.sync.now()
        assert done.is_verified, done
        return done.held


def test_what_is_too_much_is_held_on_all_and_comes_back_on_all(house: Household) -> None:
    with house.agent(0) as agent:
        _fall(agent, *CHATS[:4])
    assert _sync(house, 1) == 40
    assert house.texts(1, CHATS[0]) == []
    assert _held(house, 1) == 40
    with house.agent(1) as agent:
        assert [shot.reason for shot in agent.snapshots()] == [BEFORE]
        number = str(agent.snapshots()[0].number)
    assert len(house.texts(1, CHATS[0], number)) == 10
    # The mark is for all; whoever has it does not set it again.
    assert _sync(house, 0) == 0
    assert _held(house, 0) == 40
    with house.agent(0) as agent:
        house.clock.advance(60 * 24 * 60 * 60 * 1000)
        assert agent.storage.plan_empty_trash().messages == 0
        assert agent.answer_held(is_accepted=False) == 40
    house.sync(0, 1)
    for number in (0, 1):
        assert _held(house, number) == 0
        assert len(house.texts(number, CHATS[0])) == 10
    assert len(house.texts(1, CHATS[0], str(1_000_000_000 + 1))) == 10


def test_what_a_person_confirmed_is_not_held(house: Household) -> None:
    with house.agent(0) as agent:
        for chat in CHATS[:4]:
            agent.delete(Select((chat,)))
    assert _sync(house, 1) == 0
    assert house.texts(1, CHATS[0]) == []
    assert _held(house, 1) == 0


def test_what_a_person_confirmed_while_sync_was_off_is_not_held(house: Household) -> None:
    with house.agent(0) as agent:
        agent.sync.switch(False)
        agent.delete(Select((CHATS[5],)))
        agent.sync.switch(True)
    house.sync(0)
    assert _sync(house, 1) == 0
    assert house.texts(1, CHATS[5]) == []


def test_a_little_is_not_held(house: Household) -> None:
    with house.agent(0) as agent:
        _fall(agent, *CHATS[:3])
    assert _sync(house, 1) == 0
    assert house.texts(1, CHATS[0]) == []


def _one_by_one(house: Household, chats: list[str], pause_ms: int = 60_000) -> list[int]:
    """Each conversation falls by a commit of its own and is pulled by itself; what was held."""
    held = []
    for chat in chats:
        house.clock.advance(pause_ms)
        with house.agent(0) as agent:
            _fall(agent, chat)
        held.append(_sync(house, 1))
    return held


def test_many_small_pulls_are_held_as_one_large_one_is(house: Household) -> None:
    assert _one_by_one(house, CHATS[:5]) == [0, 0, 0, 40, 10]
    assert _held(house, 1) == 50
    with house.agent(1) as agent:
        # One snapshot for one flood: it has the fourth and the fifth.
        assert [shot.reason for shot in agent.snapshots()] == [BEFORE]
        number = str(agent.snapshots()[0].number)
        agent.answer_held(is_accepted=False)
    assert len(house.texts(1, CHATS[3], number)) == 10
    house.sync(1, 0)
    for chat in CHATS[:5]:
        assert len(house.texts(0, chat)) == 10


def test_small_pulls_of_different_days_are_not_held(house: Household) -> None:
    assert _one_by_one(house, CHATS[:5], DAY_MS + 1) == [0] * 5


def test_a_library_made_anew_forgets_nothing_of_the_day(house: Household) -> None:
    assert _one_by_one(house, CHATS[:3]) == [0, 0, 0]
    for path in house.homes[1].glob("library.db*"):
        path.unlink()
    assert _one_by_one(house, CHATS[3:4]) == [40]


def test_what_a_person_answered_or_confirmed_does_not_count_any_more(house: Household) -> None:
    assert _one_by_one(house, CHATS[:4]) == [0, 0, 0, 40]
    with house.agent(1) as agent:
        agent.answer_held(is_accepted=True)
    house.sync(1, 0)
    assert _one_by_one(house, CHATS[4:5]) == [0]


def test_what_a_person_deleted_too_does_not_count(house: Household) -> None:
    with house.agent(0) as agent:
        _fall(agent, *CHATS[:3])
    with house.agent(1) as agent:
        # Without hearing of the others: to switch sync off would tell them, and hear.
        agent.device.journal.is_sharing = False
        for chat in CHATS[:3]:
            agent.delete(Select((chat,)))
    assert _sync(house, 1) == 0
    house.sync(0)
    assert _one_by_one(house, CHATS[3:4]) == [0]


def test_what_a_person_confirmed_long_ago_is_no_news_in_a_reset(house: Household) -> None:
    with house.agent(0) as agent:
        for chat in CHATS[:3]:
            agent.delete(Select((chat,)))
    house.sync(0, 1)
    house.clock.advance(2 * DAY_MS)
    with house.agent(0) as agent:
        agent.sync.reset()
    assert _sync(house, 1) == 0
    assert _one_by_one(house, CHATS[3:4]) == [0]


def test_what_came_back_does_not_count_any_more(house: Household) -> None:
    assert _one_by_one(house, CHATS[:3]) == [0, 0, 0]
    with house.agent(0) as agent:
        agent.undelete(Select((CHATS[0],)))
        agent.undelete(Select((CHATS[1],)))
    house.sync(0, 1)
    assert _one_by_one(house, CHATS[3:5]) == [0, 0]


def test_a_clock_that_is_wrong_by_a_day_changes_nothing(house: Household) -> None:
    assert _one_by_one(house, CHATS[:2]) == [0, 0]
    # The device that deletes is set back by a day: what it wrote then counts with what it wrote.
    house.clock._now_ms -= DAY_MS + HOUR_MS
    assert _one_by_one(house, CHATS[2:4]) == [0, 40]


def test_a_reset_is_no_new_deletion(house: Household) -> None:
    assert _one_by_one(house, CHATS[:3]) == [0, 0, 0]
    with house.agent(0) as agent:
        agent.sync.reset()
    assert _sync(house, 1) == 0
    assert _held(house, 1) == 0


def test_an_import_that_is_held_already_is_not_held_twice(house: Household, tmp_path: Path) -> None:
    for chat in range(1, 5):
        changed(tmp_path / "phone", lambda database, c=chat: database.delete_for_good(c))  # type: ignore[misc]
    with house.agent(0) as agent:
        assert agent.import_source(tmp_path / "phone", ignore).is_held
    house.sync(0)
    assert _sync(house, 1) == 0
    assert _held(house, 1) == 40
    with house.agent(1) as agent:
        agent.answer_held(is_accepted=True)
    house.sync(1, 0)
    assert _held(house, 0) == 0
    assert house.texts(0, CHATS[0]) == []


def test_a_library_made_anew_holds_nothing_that_was_answered(house: Household) -> None:
    with house.agent(0) as agent:
        _fall(agent, *CHATS[:4])
    assert _sync(house, 1) == 40
    with house.agent(1) as agent:
        agent.answer_held(is_accepted=True)
    for path in house.homes[1].glob("library.db*"):
        path.unlink()
    assert _sync(house, 1) == 0
    assert _held(house, 1) == 0


def test_what_falls_is_held_though_the_device_stops_in_between(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.agent(0) as agent:
        _fall(agent, *CHATS[:4])
    with house.agent(1) as agent:
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(agent.device.sync, "settle_held", _stop)
            agent.sync.now()
        assert agent.status().held == 0
    # The next opening marks it.
    assert _held(house, 1) == 40


def _stop() -> int:
    raise KeyboardInterrupt
