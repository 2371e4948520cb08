"""Every schema of Messages from macOS 10.11 and iOS 12 on, filled with rows: all is understood.

The schemas are read beside the checkout, see tests/samples.py; the rows are made here.
"""

import plistlib
import re
import sqlite3
from pathlib import Path

import pytest

from sealwax.demo.apple_time import nanoseconds, seconds
from sealwax.sources.apple.typedstream.plain import render
from tests.homes import NOW_MS
from tests.samples import FORMATS, needs_samples
from tests.sources.apple.seen import Seen

PERSON, OTHER = "+15550101000", "friend@example.net"
SCHEMAS = {
    "macos10_11_real": "an older version",
    "ios12_real": "iOS 10 to 13",
    "macos12_monterey_beeper": "macOS 12 or iOS 14",
    "macos13_ventura_beeper": "macOS 13",
    "macos15_sequoia_real": "macOS 15",
    "macos26_definitions": "macOS 26",
    "macos27_definitions": "macOS 27",
}
IN_SECONDS = ("macos10_11_real",)
LONG = "x" * 1_000_000


class Database:
    """A database of one schema; rows are put by the columns that it has."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.connection = sqlite3.connect(path)
        for function, count in (
            ("delete_attachment_path", 1),
            ("before_delete_attachment_path", 2),
            ("after_delete_message_plugin", 2),
        ):
            self.connection.create_function(function, count, lambda *_: None)
        self.connection.executescript(schema(FORMATS, name))
        rows = self.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        self.tables = {
            table: {row[1] for row in self.connection.execute(f"PRAGMA table_info({table})")}
            for (table,) in rows.fetchall()
        }

    def date(self, time_ms: int) -> int:
        return int(seconds(time_ms)) if self.name in IN_SECONDS else nanoseconds(time_ms)

    def put(self, table: str, **values: object) -> int:
        present = {name: value for name, value in values.items() if name in self.tables[table]}
        names, marks = ", ".join(present), ", ".join("?" * len(present))
        done = self.connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(present.values())
        )
        return int(done.lastrowid or 0)

    def say(self, chat: int, guid: str, time_ms: int, **values: object) -> int:
        date = values.pop("date", self.date(time_ms))
        row = self.put("message", guid=guid, date=date, **values)
        self.put("chat_message_join", chat_id=chat, message_id=row, message_date=date)
        return row

    def done(self) -> Seen:
        self.connection.commit()
        self.connection.close()
        return Seen(self.path)


def schema(folder: Path, name: str) -> str:
    """The statements of one schema in the collection that lies in `folder`."""
    text = (folder / "chatdb-schemas.sql").read_text("utf-8")
    text = re.sub(r"(?s)/\*.*?\*/", "", text)
    parts = re.split(r"(?m)^-- =+ (\w+) =+$", text)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    lines = sections[name].splitlines()
    # These tables are SQLite's own and make themselves.
    return "\n".join(
        line for line in lines if "sqlite_sequence" not in line and "sqlite_stat" not in line
    )


def _threads(database: Database) -> dict[str, int]:
    """One person over every service that the version knows, and a group; gives the chats."""
    is_any = database.name in ("macos26_definitions", "macos27_definitions")
    services = ["iMessage", "SMS", *(["RCS"] if database.name > "macos15" else [])]
    handles = {
        service: database.put("handle", id=PERSON, service=service, country="us")
        for service in services
    }
    friend = database.put("handle", id=OTHER, service="iMessage")
    chats: dict[str, int] = {}
    for service in services[:1] if is_any else services:
        guid = f"any;-;{PERSON}" if is_any else f"{service};-;{PERSON}"
        chats[service] = database.put(
            "chat", guid=guid, style=45, chat_identifier=PERSON, service_name=service
        )
        database.put("chat_handle_join", chat_id=chats[service], handle_id=handles[service])
    for service in services:
        chats.setdefault(service, chats["iMessage"])
    prefix = "any" if is_any else "iMessage"
    chats["group"] = database.put(
        "chat",
        guid=f"{prefix};+;chat77",
        style=43,
        chat_identifier="chat77",
        room_name="chat77",
        display_name="Everybody",
        service_name="iMessage",
    )
    for handle in (handles["iMessage"], friend):
        database.put("chat_handle_join", chat_id=chats["group"], handle_id=handle)
    return chats


@needs_samples
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_filled_schema_says_all_that_was_put_in(name: str, tmp_path: Path) -> None:
    database = Database(tmp_path / "chat.db", name)
    chats = _threads(database)
    has = database.tables["message"].__contains__
    at = NOW_MS - 10_000_000
    for number, service in enumerate(service for service in chats if service != "group"):
        guid = f"S-{service}"
        database.say(
            chats[service], guid, at + number * 1_000, text=f"by {service}", service=service,
            handle_id=number + 1, date_read=database.date(at + 5_000),
        )  # fmt: skip
    database.say(chats["iMessage"], "ME", at + 10_000, text="mine", is_from_me=1)
    database.say(
        chats["iMessage"], "BLOB", at + 11_000, attributedBody=render("in the blob"), handle_id=1
    )
    database.say(
        chats["iMessage"], "CUT", at + 12_000, text="kept", attributedBody=render("kept")[:40],
        handle_id=1,
    )  # fmt: skip
    database.say(chats["iMessage"], "LONG", at + 13_000, text=LONG, handle_id=1)
    database.say(chats["iMessage"], "ZERO", at, text="no date", date=0, handle_id=1)
    database.say(chats["iMessage"], "FAR", at, text="far away", date=2**63 - 1, handle_id=1)
    database.say(chats["group"], "G", at + 14_000, text="to all", handle_id=1)
    photo = database.say(chats["group"], "PHOTO", at + 15_000, text="\ufffc", handle_id=1)
    attached = database.put(
        "attachment", guid="A", original_guid="A", filename="~/Library/Messages/Attachments/a.jpg",
        mime_type="image/jpeg", transfer_name="a.jpg", total_bytes=5, created_date=1,
    )  # fmt: skip
    database.put("message_attachment_join", message_id=photo, attachment_id=attached)
    if has("associated_message_type"):
        database.say(
            chats["group"], "T", at + 16_000, text="Loved “to all”", handle_id=1,
            associated_message_guid="p:0/G", associated_message_type=2000,
        )  # fmt: skip
    if has("thread_originator_guid"):
        database.say(
            chats["group"], "R", at + 17_000, text="to that", handle_id=1,
            thread_originator_guid="G", thread_originator_part="0:0:6",
        )  # fmt: skip
    if has("date_edited"):
        wordings = [{"d": seconds(at + 18_000), "t": render("frist")}]
        wordings.append({"d": seconds(at + 19_000), "t": render("first")})
        summary = plistlib.dumps({"ec": {"0": wordings}, "ust": True}, fmt=plistlib.FMT_BINARY)
        database.say(
            chats["group"], "E", at + 18_000, text="first", attributedBody=render("first"),
            message_summary_info=summary, date_edited=database.date(at + 19_000), handle_id=1,
        )  # fmt: skip
    if "chat_recoverable_message_join" in database.tables:
        gone = database.put("message", guid="GONE", date=database.date(at), text="bye", handle_id=1)
        database.put(
            "chat_recoverable_message_join",
            chat_id=chats["group"], message_id=gone, delete_date=nanoseconds(at + 20_000),
        )  # fmt: skip
    database.connection.execute("ALTER TABLE message ADD COLUMN zz_from_the_future INTEGER")
    seen = database.done()

    assert seen.description.schema == SCHEMAS[name]
    assert any("zz_from_the_future" in warning for warning in seen.description.warnings)
    direct, group = f"direct:{PERSON}", next(c for c in seen.conversations() if c[:6] == "group:")
    assert {direct, group} <= seen.conversations()
    for service in (service for service in chats if service != "group"):
        message = seen.message(f"S-{service}")
        assert message["text"] == f"by {service}"
        assert message["conversation"] == {direct: True}
        assert message["sender"] == PERSON
        assert message["read_ns"] // 10**9 == (at + 5_000) // 1_000
    assert seen.message("S-iMessage")["time_ns"] // 10**9 == at // 1_000
    assert seen.message("ME")["from_me"] is True
    assert seen.message("BLOB")["text"] == "in the blob"
    assert seen.message("CUT")["text"] == "kept"
    assert seen.message("LONG")["text"] == LONG
    assert [seen.message(guid)["time_ns"] for guid in ("ZERO", "FAR")] == [0, 0]
    assert seen.message("FAR")["text"] == "far away"
    assert seen.message("G")["conversation"] == {group: True}
    assert seen.conversation(group)["name"] == "Everybody"
    assert set(seen.conversation(group)["participant"]) == {PERSON, OTHER}
    assert seen.message("PHOTO")["attachment"] == {"A": 0}
    assert seen.attachment("A")["file_name"] == "a.jpg"
    if has("associated_message_type"):
        (value,) = seen.message("G")["reaction"].values()
        assert value[0] == "loved"
    if has("thread_originator_guid"):
        assert seen.message("R")["reply"] == ["G", "0:0:6"]
    if has("date_edited"):
        assert seen.message("E")["text"] == "frist"
        assert sorted(text for _, text in seen.message("E")["edit"].values()) == ["first", "frist"]
    if "chat_recoverable_message_join" in database.tables:
        assert [item.canonical_id for item in seen.deletions] == ["GONE"]
        assert seen.message("GONE")["text"] == "bye"
    assert seen.whats().count("this message has no date") == 2
