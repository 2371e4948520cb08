"""What a row holds that nothing decodes: kept as it was, within bounds."""

import plistlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwax.demo.apple_time import nanoseconds
from sealwax.demo.typedstream_writer import PART, Run, write_attributed
from sealwax.model.form import COLUMNS_LIMIT
from sealwax.model.record import Kind
from sealwax.sources.apple.chatdb.columns import KNOWN_MESSAGE
from sealwax.sources.apple.chatdb.kept import (
    BOOKKEEPING,
    DECODED,
    ROW_LIMIT_BYTES,
    VALUE_LIMIT_BYTES,
)
from sealwax.sources.apple.chatdb.properties import settled_properties
from tests.homes import NOW_MS
from tests.sources.apple.seen import Seen
from tests.sources.apple.test_chatdb import ANNA, Phone

_ALONE = {"reply_to_guid", "fallback_hash", "sort_id", "date_edited", "date_retracted"}
_TABLES = ("message", "chat", "handle", "attachment")


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path)


def test_every_column_of_a_message_is_decoded_or_bookkeeping_or_kept(phone: Phone) -> None:
    phone.say("A")
    columns = {
        name
        for (name,) in phone.database.connection.execute(
            "SELECT name FROM pragma_table_info('message')"
        )
    }
    wanted = sorted(columns - DECODED["message"] - BOOKKEEPING["message"])
    assert wanted
    for name in wanted:
        phone.sql(f'UPDATE message SET "{name}" = 77')
    message = phone.seen().message("A")
    told = {**message["row"]["message"], **message["raw"]}
    assert {name: str(value) for name, value in told.items()} == dict.fromkeys(wanted, "77")
    assert _ALONE & columns == set(message["raw"])


def test_columns_of_other_tables_are_kept(phone: Phone) -> None:
    phone.say("A")
    phone.sql("UPDATE handle SET person_centric_id = 'person', service = 'SMS' WHERE ROWID = 1")
    phone.sql("UPDATE chat SET is_filtered = 1, is_blackholed = 1 WHERE ROWID = ?", phone.direct)
    phone.sql("UPDATE chat SET last_read_message_timestamp = ?", nanoseconds(NOW_MS))
    seen = phone.seen()
    contact = seen.records[int(Kind.CONTACT), "+15550100001"]["row"]
    assert contact == {"handle:SMS": {"service": "SMS", "person_centric_id": "person"}}
    conversation = seen.conversation("direct:+15550100001")
    kept = conversation["row"][f"chat:any;-;{ANNA}"]
    assert (kept["is_filtered"], kept["is_blackholed"]) == (1, 1)
    assert conversation["read_through_ns"] == NOW_MS * 10**6


def test_what_a_row_usually_says_is_left_out_and_anything_else_is_not(phone: Phone) -> None:
    phone.say("usual", is_from_me=1)
    phone.say("read", date_read=nanoseconds(NOW_MS))
    phone.say("odd")
    phone.sql(
        "UPDATE message SET is_finished = 0, part_count = 3, is_read = 1, is_delivered = 0"
        " WHERE guid = 'odd'"
    )
    seen = phone.seen()
    usual = {"account": "e:me@example.net"}
    assert seen.message("usual")["row"]["message"] == usual
    assert seen.message("read")["row"]["message"] == usual
    odd = {"is_finished": 0, "part_count": 3, "is_read": 1, "is_delivered": 0}
    assert seen.message("odd")["row"]["message"] == {**usual, **odd}


def test_bookkeeping_is_not_kept(phone: Phone) -> None:
    phone.say("A")
    before = _told(phone.folder)
    for table in _TABLES:
        present = {
            name
            for (name,) in phone.database.connection.execute(
                "SELECT name FROM pragma_table_info(?)", (table,)
            )
        }
        for name in sorted(BOOKKEEPING.get(table, frozenset()) & present):
            phone.sql(f'UPDATE {table} SET "{name}" = 5')
    assert _told(phone.folder) == before


def test_columns_of_a_later_version_are_kept_and_named(phone: Phone) -> None:
    phone.say("A")
    phone.sql('ALTER TABLE message ADD COLUMN "from ""tomorrow""" INTEGER DEFAULT 4')
    phone.sql("ALTER TABLE message ADD COLUMN mood TEXT")
    phone.say("B")
    phone.sql('UPDATE message SET mood = \'calm\', "from ""tomorrow""" = 9 WHERE guid = \'B\'')
    seen = phone.seen()
    kept = seen.message("B")["row"]["message"]
    assert (kept["mood"], kept['from "tomorrow"']) == ("calm", 9)
    # What the schema gives by default says nothing.
    assert 'from "tomorrow"' not in seen.message("A")["row"]["message"]
    assert any("kept as they are" in warning for warning in seen.description.warnings)


def test_more_columns_than_are_kept_are_counted(phone: Phone) -> None:
    for number in range(COLUMNS_LIMIT + 100):
        phone.sql(f"ALTER TABLE message ADD COLUMN many_{number:04d} INTEGER DEFAULT 0")
    phone.say("A")
    for first in range(0, COLUMNS_LIMIT + 100, 50):
        told = ", ".join(
            f"many_{number:04d} = 1"
            for number in range(first, first + 50)
            if number < COLUMNS_LIMIT + 100
        )
        phone.sql(f"UPDATE message SET {told}")
    seen = phone.seen()
    assert 0 < len(seen.message("A")["row"]["message"]) <= COLUMNS_LIMIT
    assert any("more columns than can be kept" in what for what in seen.whats())


def test_values_that_are_too_large_are_counted_and_the_row_is_read(phone: Phone) -> None:
    phone.say("A")
    phone.say("B")
    phone.sql(
        "UPDATE message SET service_center = zeroblob(?), reply_to_guid = zeroblob(?)"
        " WHERE guid = 'A'",
        VALUE_LIMIT_BYTES + 1,
        VALUE_LIMIT_BYTES + 1,
    )
    several = ROW_LIMIT_BYTES // VALUE_LIMIT_BYTES + 2
    for number in range(several):
        phone.sql(f"ALTER TABLE message ADD COLUMN large_{number} BLOB")
        phone.sql(
            f"UPDATE message SET large_{number} = zeroblob(?) WHERE guid = 'B'", VALUE_LIMIT_BYTES
        )
    seen = phone.seen()
    assert seen.message("A")["text"] == seen.message("B")["text"] == "hi"
    assert "service_center" not in seen.message("A")["row"]["message"]
    kept = [name for name in seen.message("B")["row"]["message"] if name.startswith("large")]
    assert 0 < len(kept) < several
    assert seen.whats().count("some of its columns hold too much to be kept") == 2


def test_a_deleted_part_and_unknown_columns_of_joins_are_kept(phone: Phone) -> None:
    phone.say("A")
    phone.sql("ALTER TABLE chat_message_join ADD COLUMN told_by TEXT")
    phone.sql("UPDATE chat_message_join SET told_by = 'watch'")
    phone.sql(
        "INSERT INTO recoverable_message_part (chat_id, message_id, part_index, delete_date,"
        " part_text) VALUES (1, 1, 2, 99, x'C0FFEE')"
    )
    kept = phone.seen().message("A")["row"]
    assert kept["recoverable_message_part:2"] == {
        "part_index": 2,
        "delete_date": 99,
        "part_text": b"\xc0\xff\xee",
    }
    assert kept["chat_message_join"] == {"told_by": "watch"}


def test_the_styled_body_of_an_edited_message_is_kept(phone: Phone) -> None:
    phone.say("A", "first")
    runs = [Run("see ", {PART: 0}), Run("@Bob", {PART: 0, "__kIMMention": "b"})]
    text = "see @Bob"
    body = write_attributed(runs)
    first = write_attributed([Run("first", {PART: 0})])
    edits = {"ec": {"1": [{"d": 1.0, "t": first}, {"d": 2.0, "t": first}]}, "otr": {}}
    summary = plistlib.dumps(edits, fmt=plistlib.FMT_BINARY)
    phone.database.edit("A", text, body, summary, NOW_MS)
    raw = phone.seen().message("A")["raw"]
    assert {name.partition(":")[0]: value for name, value in raw.items() if ":" in name} == {
        "attributedBody": body,
        "message_summary_info": summary,
    }


def test_notes_in_the_properties_of_a_chat_are_left_out() -> None:
    def stored(**more: Any) -> bytes:
        return plistlib.dumps({"EnableReadReceiptForChat": True, **more}, fmt=plistlib.FMT_BINARY)

    settled = settled_properties(stored(lastSeenMessageGuid="A", pv=1))
    assert settled == settled_properties(stored(pv=2, lastSeenMessageGuid="B"))
    assert plistlib.loads(settled) == {"EnableReadReceiptForChat": True}
    assert settled != settled_properties(stored(groupPhotoGuid="P"))
    assert settled_properties(b"bplist00 of nothing") == b"bplist00 of nothing"
    assert settled_properties("text") == "text"


def test_the_lists_of_columns_name_columns_that_there_are() -> None:
    assert DECODED["message"] <= KNOWN_MESSAGE
    assert not DECODED["message"] & BOOKKEEPING["message"]


def _told(folder: Path) -> list[Any]:
    return list(_items(Seen(folder / "chat.db")))


def _items(seen: Seen) -> Iterator[Any]:
    yield from sorted((name, repr(value)) for name, value in seen.records.items())
