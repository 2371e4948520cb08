"""sms.db of iOS 5: SMS beside iMessage in one table, filled by hand and read back."""

import plistlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.demo.apple_time import seconds
from sealwax.sources.apple.madrid import MadridDatabase
from sealwax.sources.apple.typedstream.plain import render
from sealwax.sources.base import Source
from sealwax.sources.registry import open_source
from tests.homes import environment, ignore, importing, made_home
from tests.samples import FORMATS, needs_samples
from tests.sources.apple.seen import Seen
from tests.sources.apple.test_schemas import schema
from tests.sources.contract import SourceContract

AT = 1_330_000_000
"""23 February 2012, in seconds since 1970."""
SMS_SENT, SMS_RECEIVED, SMS_DELETED = 3, 2, 129
MADRID_SENT, MADRID_RECEIVED = 36869, 12289
PERSON, OTHER, THIRD = "+1 (555) 010-1000", "+15550101001", "friend@example.net"
DIRECT = "direct:+15550101000"
TABLES = """
CREATE TABLE message (
    ROWID INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT, date INTEGER, text TEXT, flags INTEGER,
    group_id INTEGER, subject TEXT, madrid_attributedBody BLOB, madrid_handle TEXT,
    madrid_guid TEXT, madrid_roomname TEXT, madrid_service TEXT, madrid_flags INTEGER,
    is_madrid INTEGER, madrid_date_read INTEGER, madrid_date_delivered INTEGER
);
CREATE TABLE msg_group (ROWID INTEGER PRIMARY KEY, type INTEGER, newest_message INTEGER);
CREATE TABLE group_member (ROWID INTEGER PRIMARY KEY, group_id INTEGER, address TEXT);
CREATE TABLE msg_pieces (
    ROWID INTEGER PRIMARY KEY, message_id INTEGER, data BLOB, part_id INTEGER, content_type TEXT
);
CREATE TABLE madrid_attachment (
    ROWID INTEGER PRIMARY KEY, attachment_guid TEXT, filename TEXT, uti_type TEXT, mime_type TEXT,
    message_id INTEGER
);
CREATE TABLE madrid_chat (ROWID INTEGER PRIMARY KEY, room_name TEXT, participants BLOB);
"""


class _Phone:
    """A database of iOS 5 and the folder of its attachments."""

    def __init__(self, folder: Path, tables: str = TABLES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "sms.db"
        self.connection = sqlite3.connect(self.path)
        # Triggers of the phone ask whether flags say that a message was read.
        self.connection.create_function("read", 1, lambda flags: 1)
        self.connection.executescript(tables)

    def put(self, table: str, **values: object) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        done = self.connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())
        )
        return int(done.lastrowid or 0)

    def sms(self, text: str | None, flags: int, at: int, **values: object) -> int:
        told: dict[str, object] = {"address": PERSON, "group_id": 1, "is_madrid": 0, **values}
        return self.put("message", text=text, flags=flags, date=at, **told)

    def madrid(self, guid: str, text: str | None, flags: int, at: int, **values: object) -> int:
        told: dict[str, object] = {"madrid_handle": PERSON, "madrid_service": "Madrid", **values}
        return self.put(
            "message", madrid_guid=guid, text=text, madrid_flags=flags, is_madrid=1,
            date=int(seconds(at * 1_000)), flags=0, **told,
        )  # fmt: skip

    def fill(self) -> None:
        self.put("msg_group", ROWID=1, type=0)
        self.put("group_member", group_id=1, address=PERSON)
        self.put("msg_group", ROWID=2, type=1)
        for member in (PERSON, OTHER):
            self.put("group_member", group_id=2, address=member)
        people = plistlib.dumps([PERSON, THIRD], fmt=plistlib.FMT_BINARY)
        self.put("madrid_chat", room_name="chat55", participants=people)
        self.sms("came in", SMS_RECEIVED, AT, subject="A subject")
        for _ in range(2):
            self.sms("went out, twice", SMS_SENT, AT + 60)
        self.sms("was deleted", SMS_DELETED, AT + 90)
        mms = self.sms(None, SMS_RECEIVED, AT + 120, group_id=2, address=OTHER)
        self.put("msg_pieces", message_id=mms, part_id=0, content_type="text/plain", data=b"to two")
        self.put("msg_pieces", message_id=mms, part_id=1, content_type="image/jpeg", data=b"\xff")
        self.madrid("M1", "blue", MADRID_RECEIVED, AT + 180, madrid_date_read=352_000_000)
        self.madrid("M2", None, MADRID_SENT, AT + 200, madrid_attributedBody=render("in the blob"))
        self.madrid("M3", "to the room", MADRID_RECEIVED, AT + 220, madrid_roomname="chat55")
        photo = self.madrid("M4", "\ufffc", MADRID_RECEIVED, AT + 240)
        self.put(
            "madrid_attachment", attachment_guid="A1", message_id=photo, mime_type="image/jpeg",
            filename="/var/mobile/Library/SMS/Attachments/01/a.jpg", uti_type="public.jpeg",
        )  # fmt: skip
        self.sms("no date", SMS_RECEIVED, 0)

    def close(self) -> Path:
        self.connection.commit()
        self.connection.close()
        return self.path


def _filled(folder: Path, tables: str = TABLES) -> Path:
    phone = _Phone(folder, tables)
    phone.fill()
    return phone.close()


def _check(seen: Seen) -> None:
    texts = {seen.message(name).get("text"): name for name in seen.messages()}
    came = seen.message(texts["came in"])
    assert texts["came in"].startswith(f"sms:+15550101000:{AT}000:in:")
    assert came["time_ns"] == AT * 10**9
    assert (came["from_me"], came["service"], came["sender"]) == (False, "SMS", PERSON)
    assert (came["conversation"], came["subject"]) == ({DIRECT: True}, "A subject")
    twice = sorted(name for name in seen.messages() if f":{AT + 60}000:out:" in name)
    assert [name[-2:] for name in twice] == [":0", ":1"]
    assert all(seen.message(name)["from_me"] for name in twice)
    mms = seen.message(texts["to two"])
    assert mms["conversation"] == {"group:+15550101000,+15550101001": True}
    assert mms["raw"] == {"msg_pieces:1": b"\xff"}
    assert seen.message("M1")["service"] == "Madrid"
    assert seen.message("M1")["time_ns"] == (AT + 180) * 10**9
    assert seen.message("M1")["read_ns"] == (352_000_000 + 978_307_200) * 10**9
    assert seen.message("M1")["conversation"] == {DIRECT: True}
    assert (seen.message("M2")["text"], seen.message("M2")["from_me"]) == ("in the blob", True)
    assert seen.message("M3")["conversation"] == {"group:chat55": True}
    assert set(seen.conversation("group:chat55")["participant"]) == {PERSON, THIRD}
    assert seen.conversation("group:chat55")["is_group"] is True
    assert seen.message("M4")["attachment"] == {"A1": 0}
    assert seen.attachment("A1")["file_name"] == "a.jpg"
    (deletion,) = seen.deletions
    assert seen.message(deletion.canonical_id)["text"] == "was deleted"
    assert seen.whats().count("this message has no date") == 1
    assert seen.description.schema == "iOS 5"


def test_all_that_was_put_in_is_read(tmp_path: Path) -> None:
    path = _filled(tmp_path)
    (tmp_path / "Attachments" / "01").mkdir(parents=True)
    (tmp_path / "Attachments" / "01" / "a.jpg").write_bytes(b"photo")
    seen = Seen(path)
    _check(seen)
    assert seen.files["A1"] is not None


@needs_samples
def test_the_real_schema_is_read_alike(tmp_path: Path) -> None:
    _check(Seen(_filled(tmp_path, schema(FORMATS, "ios5_real"))))


def test_missing_tables_and_strange_rows_are_problems_at_most(tmp_path: Path) -> None:
    phone = _Phone(tmp_path)
    for table in ("msg_group", "group_member", "msg_pieces", "madrid_attachment", "madrid_chat"):
        phone.connection.execute(f"DROP TABLE {table}")
    phone.sms("alone", SMS_RECEIVED, AT, address=None)
    phone.sms("from nobody known", SMS_RECEIVED, 2**62)
    phone.madrid("M", None, MADRID_SENT, AT, madrid_attributedBody=b"\x04\x0bstreamtyped")
    seen = Seen(phone.close())
    texts = {seen.message(name).get("text"): seen.message(name) for name in seen.messages()}
    assert texts["alone"]["conversation"] == {"orphans:": True}
    assert texts["from nobody known"]["time_ns"] == 0
    assert None in texts
    assert texts[None]["raw"] == {"madrid_attributedBody": b"\x04\x0bstreamtyped"}
    assert seen.whats()[0] == "this message has no date"
    assert seen.whats()[1].startswith("its styled text cannot be read")


def test_a_room_of_people_that_cannot_be_read_is_a_room(tmp_path: Path) -> None:
    phone = _Phone(tmp_path)
    phone.put("madrid_chat", room_name="chat1", participants=b"bplist00 broken")
    phone.madrid("M", "words", MADRID_RECEIVED, AT, madrid_roomname="chat1")
    seen = Seen(phone.close())
    assert seen.message("M")["conversation"] == {"group:chat1": True}
    assert "participant" not in seen.conversation("group:chat1")


def test_importing_twice_changes_nothing_and_deleted_messages_are_in_the_trash(
    tmp_path: Path,
) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    path = _filled(tmp_path / "phone")
    importing(home, env, path)
    with open_agent(home, env) as agent:
        before = agent.status()
        assert agent.verify(ignore).is_sound
    assert (before.counts.messages, before.counts.trashed) == (9, 1)
    importing(home, env, path)
    with open_agent(home, env) as agent:
        assert agent.status().counts == before.counts
        assert agent.status().head == before.head


class TestMadridDatabase(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        path = _filled(tmp_path)
        with closing(open_source(path, tmp_path / "scratch")) as source:
            assert isinstance(source, MadridDatabase)
            yield source
