"""Which chats of a database are one conversation."""

from pathlib import Path
from typing import NamedTuple

from sealwax.demo.apple_database import AppleDatabase
from sealwax.model.field import ALIAS
from sealwax.sources.apple.chatdb.same_threads import MARKS_LIMIT, same_threads
from tests.sources.apple.seen import Seen


class _Chat(NamedTuple):
    canonical_id: str
    is_group: bool = True


def test_chats_that_share_a_mark_are_one() -> None:
    chats = {1: _Chat("a"), 2: _Chat("b"), 3: _Chat("c"), 4: _Chat("d")}
    marks = {
        1: [("identifier", "chat1")],
        2: [("identifier", "chat1"), ("lookup", "x")],
        3: [("lookup", "x")],
        4: [("lookup", "y")],
    }
    assert same_threads(chats, marks) == {1: ["b"], 2: ["c"]}


def test_a_group_and_a_talk_of_two_stay_two() -> None:
    chats = {1: _Chat("a"), 2: _Chat("b", is_group=False)}
    marks = {1: [("lookup", "x")], 2: [("lookup", "x")]}
    assert same_threads(chats, marks) == {}


def test_rows_of_one_conversation_need_no_word() -> None:
    chats = {1: _Chat("a"), 2: _Chat("a")}
    assert same_threads(chats, {1: [("group", "g")], 2: [("group", "g")]}) == {}


def test_a_mark_that_all_share_tells_nothing() -> None:
    chats = {row: _Chat(f"c{row}") for row in range(MARKS_LIMIT + 1)}
    assert same_threads(chats, {row: [("group", "0")] for row in chats}) == {}


def test_chats_that_messages_looks_up_by_one_name_are_one(tmp_path: Path) -> None:
    """The table has columns beside those that are read."""
    database = AppleDatabase(tmp_path / "mac")
    handle = database.handle("+15550100001")
    chats = [database.group_chat(f"chat{row}", "Book club", [handle], f"G{row}") for row in (1, 2)]
    database.connection.executemany(
        "INSERT INTO chat_lookup (identifier, domain, chat, priority) VALUES (?, ?, ?, ?)",
        [("book-club", f"service {row}", chat, row) for row, chat in enumerate(chats)],
    )
    database.close()
    seen = Seen(tmp_path / "mac" / "chat.db")
    aliases = [seen.conversation(one).get(ALIAS.name, {}) for one in seen.conversations()]
    assert sum(map(len, aliases)) == 1
    assert seen.problems == []
