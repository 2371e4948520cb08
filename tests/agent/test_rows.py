"""A source's rows through a whole home: nothing new twice, the source's order, rows not final."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.selecting import Select
from sealwax.demo.apple_database import AppleDatabase, MessageRow
from sealwax.demo.apple_time import nanoseconds
from tests.homes import DAY_MS, NOW_MS, environment, ignore, made_home

ANNA, BOB = "+15550100001", "+15550100002"
WORDS = [f"line {number}" for number in range(1, 9)]
SECOND_MS = NOW_MS - DAY_MS
YEAR_MS = 365 * DAY_MS


def database(folder: Path) -> Path:
    """Eight messages of one second from Anna, whose ids have another order; one from Bob."""
    made = AppleDatabase(folder)
    anna, bob = made.handle(ANNA), made.handle(BOB)
    chats = [made.direct_chat(ANNA, anna), made.direct_chat(BOB, bob)]
    names = ["7F", "02", "C8", "04", "91", "15", "A3", "06"]
    made.add_messages(
        MessageRow(chats[0], name, nanoseconds(SECOND_MS), text, handle_id=anna)
        for name, text in zip(names, WORDS, strict=True)
    )
    made.add_messages(
        [MessageRow(chats[1], "B", nanoseconds(SECOND_MS + 60_000), "hi", handle_id=bob)]
    )
    made.close()
    return made.path


@contextmanager
def editing(path: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path))
    yield connection
    connection.close()


def words(agent: Agent, who: str = ANNA) -> list[str]:
    return [view.text for view in agent.read(agent.conversation(who).record)]


def test_the_same_database_twice_writes_nothing_nor_does_bookkeeping(tmp_path: Path) -> None:
    path, env = database(tmp_path / "phone"), environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        done = agent.import_source(path, ignore)
        assert done.kept_raw["message.account"] == 9
        again = agent.import_source(path, ignore, is_full=True)
        assert (again.commits, again.kept_raw) == (0, {})
        with editing(path) as phone:
            phone.execute(
                "UPDATE message SET ck_sync_state = 1, ck_record_id = guid || 'x',"
                " ck_record_change_tag = guid, was_data_detected = 1, index_state = 3"
            )
            phone.execute("UPDATE chat SET ck_sync_state = 1, server_change_token = 'new'")
            phone.execute("UPDATE chat_message_join SET index_state = 2")
        assert agent.import_source(path, ignore).commits == 0
        with editing(path) as phone:
            phone.execute("UPDATE message SET is_spam = 1 WHERE guid = 'B'")
        assert agent.import_source(path, ignore).commits == 1


def test_messages_of_one_second_stand_in_the_order_of_their_source(tmp_path: Path) -> None:
    path, env = database(tmp_path / "phone"), environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        agent.import_source(path, ignore)
        agent.export("jsonl", tmp_path / "jsonl", Select())
    # A library that came to its records in another order shows them in the same one.
    lines = (tmp_path / "jsonl" / "records.jsonl").read_text().splitlines()
    (tmp_path / "turned.jsonl").write_text("\n".join([lines[0], *sorted(lines[1:])]) + "\n")
    create_home(tmp_path / "other", None, "other", env)
    with open_agent(tmp_path / "other", env) as agent:
        agent.import_source(tmp_path / "turned.jsonl", ignore, is_confirmed=True)
        assert words(agent) == WORDS
        assert [hit.message.text for hit in agent.search("line")] == WORDS[::-1]
        record, before = agent.conversation(ANNA).record, None
        paged: list[str] = []
        while page := agent.read(record, limit=3, before=before):
            paged, before = [view.text for view in page] + paged, page[0].key
        assert paged == WORDS
        agent.export("csv", tmp_path / "csv", Select())
        with (tmp_path / "csv" / "messages.csv").open(newline="") as file:
            rows = [row["text"] for row in csv.DictReader(file)]
        assert [text for text in rows if text in WORDS] == WORDS
        # The first source's order stays: another one's numbers write nothing.
        with editing(path) as phone:
            phone.execute("UPDATE message SET ROWID = ROWID + 1000 WHERE guid <> 'B'")
            phone.execute(
                "UPDATE chat_message_join SET message_id = message_id + 1000 WHERE chat_id = 1"
            )
        assert agent.import_source(path, ignore).changed == 0
        assert words(agent) == WORDS


def test_a_scheduled_message_gives_way_to_what_was_sent(tmp_path: Path) -> None:
    path, env = database(tmp_path / "phone"), environment()
    home, _ = made_home(tmp_path, env)
    with editing(path) as phone:
        insert(phone, "S", "come next year", SECOND_MS + YEAR_MS, "2, 0, 0, 0")
    with open_agent(home, env) as agent:
        agent.import_source(path, ignore)
        newest = [(one.title, one.newest_ns // 10**6) for one in agent.conversations()]
        assert newest == [(BOB, SECOND_MS + 60_000), (ANNA, SECOND_MS)]
        last = agent.read(agent.conversation(ANNA).record)[-1]
        assert (last.text, last.standing) == ("come next year", "scheduled")
        assert last.time_ns == (SECOND_MS + YEAR_MS) * 10**6
        assert [hit.message.origin for hit in agent.search("year")] == ["S"]
        assert agent.import_source(path, ignore, is_full=True).commits == 0
        with editing(path) as phone:
            phone.execute("UPDATE message SET text = 'come in June' WHERE guid = 'S'")
        agent.import_source(path, ignore)
        assert words(agent)[-1] == "come in June"
        with editing(path) as phone:
            phone.execute(
                "UPDATE message SET text = 'come now', is_sent = 1, is_finished = 1,"
                " date = ? WHERE guid = 'S'",
                (nanoseconds(SECOND_MS + 90_000),),
            )
        agent.import_source(path, ignore)
        last = agent.read(agent.conversation(ANNA).record)[-1]
        assert (last.text, last.standing) == ("come now", None)
        assert last.time_ns == (SECOND_MS + 90_000) * 10**6
        assert agent.conversations()[0].title == ANNA
        assert not list(agent.search("June"))
        assert agent.import_source(path, ignore, is_full=True).commits == 0
        assert agent.verify(ignore).is_sound


def test_a_failed_message_is_shown_as_failed_everywhere(tmp_path: Path) -> None:
    path, env = database(tmp_path / "phone"), environment()
    home, _ = made_home(tmp_path, env)
    with editing(path) as phone:
        insert(phone, "F", "are you there", SECOND_MS + 1_000, "0, 0, 1, 22")
    with open_agent(home, env) as agent:
        agent.import_source(path, ignore)
        for kind in ("text", "html", "csv", "jsonl"):
            agent.export(kind, tmp_path / kind, Select())
    texts = [file.read_text() for file in (tmp_path / "text").glob("*.txt")]
    assert sum("Me (not sent)\n    are you there" in text for text in texts) == 1
    pages = "".join(file.read_text() for file in (tmp_path / "html").rglob("*.html"))
    assert pages.count("not sent") == 1
    with (tmp_path / "csv" / "messages.csv").open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file) if row["state"] == "failed"] == ["F"]
    lines = map(json.loads, (tmp_path / "jsonl" / "records.jsonl").read_text().splitlines())
    shown = [line["id"] for line in lines if line.get("shown", {}).get("standing") == "failed"]
    assert shown == ["F"]
    with editing(path) as phone:
        phone.execute("UPDATE message SET error = 0, is_sent = 1 WHERE guid = 'F'")
        insert(phone, "G", "sent now", SECOND_MS + 120_000, "0, 1, 1, 0")
    with open_agent(home, env) as agent:
        agent.import_source(path, ignore)
        assert all(view.standing is None for view in agent.read(agent.conversation(ANNA).record))


def insert(phone: apsw.Connection, guid: str, text: str, time_ms: int, standing: str) -> None:
    """A message of one's own to Anna; `standing` is schedule_type, is_sent, is_finished, error."""
    date = nanoseconds(time_ms)
    phone.execute(
        "INSERT INTO message (guid, text, date, is_from_me, handle_id, service, schedule_type,"
        f" is_sent, is_finished, error) VALUES (?, ?, ?, 1, 1, 'iMessage', {standing})",
        (guid, text, date),
    )
    phone.execute(
        "INSERT INTO chat_message_join (chat_id, message_id, message_date)"
        " VALUES (1, last_insert_rowid(), ?)",
        (date,),
    )
