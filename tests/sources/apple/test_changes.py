"""Reading only what changed: whatever happened to the database, nothing that a full reading would
show is missed. The full reading is the oracle."""

import random
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.agent.bootstrap import open_agent
from sealwax.demo.apple_database import AppleDatabase, AttachmentRow, MessageRow
from sealwax.demo.apple_time import nanoseconds
from sealwax.demo.world import write_world
from sealwax.sources.apple.chatdb.memory import decode_memory
from sealwax.sources.apple.chatdb.source import ChatDatabase
from sealwax.sources.apple.typedstream.plain import render
from sealwax.sources.base import Item, Observation
from tests.homes import (
    DAY_MS,
    NOW_MS,
    changed,
    environment,
    ignore,
    made_home,
    said,
    write_threads,
)
from tests.laws import cases

ROWS = cases(600, 6_000)


class _Read(NamedTuple):
    items: set[bytes]
    looked_at: int
    state: bytes | None


def _told(item: Item) -> bytes:
    if isinstance(item, Observation):
        # The time of the whole database moves with its newest message; facts do not.
        kind, name, _, entries, content = item
        return msgspec.msgpack.encode((kind, name, entries, str(content)), order="deterministic")
    return repr(item).encode()


def _read(path: Path, scratch: Path, known: bytes | None) -> _Read:
    with closing(ChatDatabase(path, scratch, known)) as source:
        items = [item for batch in source.read() for item in batch]
        messages = sum(isinstance(item, Observation) and item.kind == 2 for item in items)
        return _Read({_told(item) for item in items}, messages, source.state())


def _someone(rng: random.Random, database: AppleDatabase) -> int:
    rows = database.connection.execute("SELECT ROWID FROM message ORDER BY ROWID").fetchall()
    return int(rng.choice(rows)[0])


def _act(rng: random.Random, database: AppleDatabase, number: int) -> None:
    run = database.connection.execute
    row = _someone(rng, database)
    date = nanoseconds(NOW_MS + number)
    match rng.randrange(12):
        case 0 | 1:
            guid = f"new-{number}-{rng.random()}"
            database.add_messages(
                [said(rng.randint(1, 3), 1, guid, "new " * rng.randrange(1, 9), NOW_MS)]
            )
        case 2:
            run("UPDATE message SET date_read = ? WHERE ROWID = ?", (date, row))
        case 3:
            text = "edited " * rng.choice((1, 300, 3_000))
            run("UPDATE message SET text = ?, attributedBody = ? WHERE ROWID = ?",
                (text, render(text), row))  # fmt: skip
        case 4:
            # Of the same length: SQLite may write it over the old one in place.
            run("UPDATE message SET text = replace(text, 'e', 'a') WHERE ROWID = ?", (row,))
            run("UPDATE message SET attributedBody = NULL WHERE ROWID = ?", (row,))
        case 5:
            run("DELETE FROM message WHERE ROWID = ?", (row,))
        case 6:
            run("INSERT OR IGNORE INTO chat_message_join (chat_id, message_id, message_date)"
                " VALUES (?, ?, ?)", (rng.randint(1, 3), row, date))  # fmt: skip
        case 7:
            file = AttachmentRow(
                f"at-{number}-{rng.random()}", "a/b", "b", "image/png", "png", NOW_MS, 9
            )
            guid = run("SELECT guid FROM message WHERE ROWID = ?", (row,)).fetchone()[0]
            database.add_attachments([(guid, file)])
        case 8:
            run("UPDATE attachment SET transfer_name = ? WHERE ROWID % 3 = 0", (f"name {number}",))
        case 9:
            database.move_to_recently_deleted(rng.randint(1, 3), NOW_MS + number)
        case 10:
            run("UPDATE handle SET id = ? WHERE ROWID = 2", (f"+1777000{number:04d}",))
        case 11:
            run(rng.choice(("VACUUM", "REINDEX", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)")))


@pytest.mark.laws
@settings(max_examples=cases(25, 2_000), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_nothing_is_missed_whatever_happened(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    rng = random.Random(seed)
    folder = tmp_path_factory.mktemp("changes")
    path, scratch = folder / "chat.db", folder / "scratch"
    write_threads(folder, [ROWS // 2, ROWS // 3, ROWS // 6], seed=str(seed))
    database = AppleDatabase(folder)
    for number in range(9):
        long = "long words " * rng.choice((10, 500, 2_000))
        database.add_messages([said(1, 1, f"long {number}", long, NOW_MS - number)])
    if rng.random() < 0.5:
        database.connection.pragma("wal_autocheckpoint", 0)
    state: bytes | None = None
    known: set[bytes] = set()
    for number in range(6):
        for _ in range(rng.randrange(4)):
            _act(rng, database, number)
        found = _read(path, scratch, state)
        known |= found.items
        state = found.state
        full = _read(path, scratch, None)
        missed = full.items - known
        assert not missed, sorted(missed)[:3]
    database.close()


def test_an_unchanged_database_is_not_read(tmp_path: Path) -> None:
    world = write_world(tmp_path, NOW_MS - DAY_MS, talks=80, photos=3)
    first = _read(world.path, tmp_path / "scratch", None)
    with closing(ChatDatabase(world.path, tmp_path / "none", first.state)) as source:
        assert list(source.read()) == []
        assert source.describe().messages > 0
        assert source.state() == first.state
    assert not (tmp_path / "none").exists()


def test_one_new_message_reads_few_rows(tmp_path: Path) -> None:
    write_threads(tmp_path, [20_000])
    first = _read(tmp_path / "chat.db", tmp_path / "scratch", None)
    database = AppleDatabase(tmp_path)
    database.add_messages([said(1, 1, "NEW", "the new one", NOW_MS)])
    database.connection.execute("UPDATE message SET date_read = 7e17 WHERE ROWID = 9000")
    database.close()
    second = _read(tmp_path / "chat.db", tmp_path / "scratch", first.state)
    assert 2 <= second.looked_at < 200
    assert any(b"the new one" in item for item in second.items)


def test_a_value_written_over_in_place_on_an_overflow_page_is_seen(tmp_path: Path) -> None:
    """SQLite writes only the pages that differ: here the row's leaf stays as it was."""
    write_threads(tmp_path, [2_000])
    database = AppleDatabase(tmp_path)
    text = "a" * 9_000
    row = MessageRow(1, "LONG", nanoseconds(NOW_MS), text + "before")
    database.add_messages([row])
    database.connection.pragma("wal_checkpoint(TRUNCATE)")
    first = _read(tmp_path / "chat.db", tmp_path / "scratch", None)
    database.connection.execute(
        "UPDATE message SET text = ? WHERE guid = 'LONG'", (text + "behind",)
    )
    database.close()
    second = _read(tmp_path / "chat.db", tmp_path / "scratch", first.state)
    assert any(b"behind" in item for item in second.items)
    assert second.looked_at < 100


def test_a_file_that_turned_up_is_found_though_the_database_is_as_it_was(tmp_path: Path) -> None:
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=20, photos=4)
    hidden = tmp_path / "hidden"
    (tmp_path / "phone" / "Attachments").rename(hidden)
    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        first = agent.import_source(world.path, ignore)
        assert (first.files, first.problem_count) == (0, 4)
        assert agent.import_source(world.path, ignore).seen["messages"] == 0
        hidden.rename(tmp_path / "phone" / "Attachments")
        again = agent.import_source(world.path, ignore)
        assert (again.files, again.problem_count) == (4, 0)
        assert agent.import_source(world.path, ignore).files == 0
        assert agent.verify(ignore).is_sound


def test_an_older_memory_is_forgotten(tmp_path: Path) -> None:
    write_threads(tmp_path, [5])
    first = _read(tmp_path / "chat.db", tmp_path / "scratch", None)
    assert decode_memory(first.state) is not None
    assert decode_memory(b"junk") is None
    other = msgspec.msgpack.decode(first.state or b"")
    other[0] += 1
    old = msgspec.msgpack.encode(other)
    assert decode_memory(old) is None
    assert _read(tmp_path / "chat.db", tmp_path / "scratch", old).looked_at == 5


def test_a_group_that_was_only_renamed_has_its_new_name(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    database = AppleDatabase(phone)
    handles = [database.handle(f"+1555010000{number}") for number in range(2)]
    chat = database.group_chat("chat1", "Pub", handles, "GROUP-1")
    database.add_messages([said(chat, handles[0], "ONE", "hello", NOW_MS)])
    database.close()
    with open_agent(home, env) as agent:
        agent.import_source(phone, ignore)
        changed(phone, _renamed)
        agent.import_source(phone, ignore)
        assert [view.title for view in agent.conversations()] == ["Book club"]
        assert agent.import_source(phone, ignore, is_full=True).commits == 0


def _renamed(base: AppleDatabase) -> None:
    base.connection.execute("UPDATE chat SET display_name = 'Book club'")
