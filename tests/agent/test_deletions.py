"""What a deletion in the source does, from the source to what a person sees."""

from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.base.clock import SetClock
from sealwax.demo.apple_database import AppleDatabase
from tests.homes import (
    DAY_MS,
    NOW_MS,
    changed,
    environment,
    ignore,
    importing,
    made_home,
    said,
    texts,
    write_threads,
)

LOST = "+15550100000"
KEPT = "+15550100001"


@pytest.mark.parametrize("is_for_good", [False, True], ids=["recently-deleted", "tombstones"])
def test_a_deleted_thread_of_100_comes_back_and_stays(tmp_path: Path, is_for_good: bool) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    chats = write_threads(phone, [100, 1_200])
    importing(home, env, phone)
    with open_agent(home, env) as agent:
        agent.create_snapshot("before")
        said_before = texts(agent, LOST)
    assert len(said_before) == 100

    def delete(database: AppleDatabase) -> int:
        if is_for_good:
            return database.delete_for_good(chats[0])
        return database.move_to_recently_deleted(chats[0], NOW_MS - 1_000)

    changed(phone, delete)
    with open_agent(home, env) as agent:
        done = agent.import_source(phone, ignore)
        assert (done.trashed, done.is_held) == (100, False)
        assert texts(agent, LOST) == []
        assert texts(agent, LOST, "before") == said_before
        assert agent.search("thread 0 message 7", "before")
        agent.restore("before", Select(chats=(LOST,)))
        assert texts(agent, LOST) == said_before
        again = agent.import_source(phone, ignore)
        assert (again.trashed, again.changed) == (0, 0)
        assert texts(agent, LOST) == said_before
        assert len(texts(agent, KEPT)) == 1_200
        assert agent.verify(ignore).is_sound


def test_what_merely_vanished_from_the_source_stays(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    chats = write_threads(phone, [30, 30])
    importing(home, env, phone)

    def lose(database: AppleDatabase) -> None:
        for table in ("chat_message_join", "message"):
            column = "chat_id" if table == "chat_message_join" else "handle_id"
            database.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (chats[0],))
        # Messages' own triggers leave a tombstone for each; without one nobody knows why it went.
        for table in ("deleted_messages", "sync_deleted_messages"):
            database.connection.execute(f"DELETE FROM {table}")

    changed(phone, lose)
    with open_agent(home, env) as agent:
        done = agent.import_source(phone, ignore)
        assert done.trashed == 0
        assert len(texts(agent, LOST)) == 30


def test_an_old_source_brings_nothing_back_and_overrules_nothing(tmp_path: Path) -> None:
    """A backup from before a deletion must not undo the deletion."""
    env = environment()
    home, _ = made_home(tmp_path, env)
    old, new = tmp_path / "old", tmp_path / "new"
    write_threads(old, [20, 400])
    chats = write_threads(new, [20, 400])

    def delete(database: AppleDatabase) -> None:
        handle, chat = 2, chats[1]
        database.add_messages([said(chat, handle, "NEWEST", "newest", NOW_MS)])
        database.move_to_recently_deleted(chats[0], NOW_MS - 5_000)

    changed(new, delete)
    importing(home, env, new)
    with open_agent(home, env) as agent:
        agent.import_source(old, ignore)
        assert texts(agent, LOST) == []
        assert len(texts(agent, KEPT)) == 401


def test_a_deletion_older_than_the_restore_is_ignored(tmp_path: Path) -> None:
    clock = SetClock(NOW_MS)
    env = environment(clock)
    home, _ = made_home(tmp_path, env)
    phone, other = tmp_path / "phone", tmp_path / "other"
    chats = write_threads(phone, [20, 400])
    write_threads(other, [20, 400])
    importing(home, env, phone)
    with open_agent(home, env) as agent:
        agent.create_snapshot("before")
        agent.delete(Select(chats=(LOST,)))
        clock.advance(DAY_MS)
        agent.restore("before", Select(chats=(LOST,)))
        changed(phone, lambda database: database.move_to_recently_deleted(chats[0], NOW_MS))
        agent.import_source(phone, ignore)
        assert len(texts(agent, LOST)) == 20


def test_the_brake_holds_a_flood_of_deletions_until_a_person_answers(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    chats = write_threads(phone, [10] * 6 + [900])
    importing(home, env, phone)
    for chat in chats[:4]:
        changed(phone, lambda database, c=chat: database.delete_for_good(c))  # type: ignore[misc]
    with open_agent(home, env) as agent:
        done = agent.import_source(phone, ignore)
        assert (done.is_held, done.trashed, done.trashed_conversations) == (True, 40, 4)
        assert done.snapshot_seq is not None
        assert agent.status().held == 40
        assert texts(agent, LOST) == []
        assert len(texts(agent, LOST, str(done.snapshot_seq))) == 10
        agent.answer_held(is_accepted=False)
        assert agent.status().held == 0
        assert len(texts(agent, LOST)) == 10
        agent.import_source(phone, ignore)
        assert len(texts(agent, LOST)) == 10


def test_what_arrives_deleted_is_not_held_for_nobody_loses_it(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    chats = write_threads(phone, [10] * 6)
    for chat in chats[:5]:
        changed(phone, lambda database, c=chat: database.move_to_recently_deleted(c, NOW_MS))  # type: ignore[misc]
    with open_agent(home, env) as agent:
        done = agent.import_source(phone, ignore)
        assert (done.is_held, done.trashed) == (False, 50)
        assert agent.status().counts.trashed == 50
        assert agent.undelete(Select(chats=(LOST,))) >= 10
        assert len(texts(agent, LOST)) == 10


def test_a_confirmed_flood_is_not_held(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    chats = write_threads(phone, [50, 50])
    importing(home, env, phone)
    changed(phone, lambda database: database.delete_for_good(chats[0]))
    with open_agent(home, env) as agent:
        done = agent.import_source(phone, ignore, is_confirmed=True)
        assert (done.is_held, done.trashed) == (False, 50)


def test_accepting_keeps_held_deletions_in_the_trash(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    chats = write_threads(phone, [50, 50])
    importing(home, env, phone)
    changed(phone, lambda database: database.delete_for_good(chats[0]))
    with open_agent(home, env) as agent:
        assert agent.import_source(phone, ignore).is_held
        agent.answer_held(is_accepted=True)
        assert agent.status().held == 0
        assert texts(agent, LOST) == []
        assert agent.undelete(Select(chats=(LOST,))) >= 50
        assert len(texts(agent, LOST)) == 50


def test_a_late_message_in_a_deleted_conversation_is_not_swallowed(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    chats = write_threads(phone, [20, 400])
    importing(home, env, phone)
    with open_agent(home, env) as agent:
        agent.delete(Select(chats=(LOST,)))
        changed(
            phone,
            lambda database: database.add_messages([said(chats[0], 1, "LATE", "late one", NOW_MS)]),
        )
        agent.import_source(phone, ignore)
        assert texts(agent, LOST) == ["late one"]


def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    write_threads(phone, [50, 50])
    importing(home, env, phone)
    with open_agent(home, env) as agent:
        before = agent.status()
        done = agent.import_source(phone, ignore)
        assert (done.commits, done.changed, sum(done.new.values())) == (0, 0, 0)
        assert agent.status() == before
