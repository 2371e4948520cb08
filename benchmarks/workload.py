"""The workload: ten years in the newest schema, and the day after."""

import plistlib
from pathlib import Path

from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow, MessageRow
from sealwax.demo.apple_time import nanoseconds, seconds
from sealwax.demo.bulk import CONVERSATIONS, Bulk, write_bulk
from sealwax.demo.chance import Chance, seeded_bytes
from sealwax.sources.apple.typedstream.plain import render

END_MS = 1_795_000_000_000
FILE_BYTES = 2_000_000
SMALL_CHAT = CONVERSATIONS - 1
NEW_MESSAGES, NEW_FILES, EDITS, RECEIPTS = 150, 5, 3, 60


def write_first_day(folder: Path, messages: int, attachment_bytes: int) -> Bulk:
    """The history of ten years."""
    return write_bulk(folder, messages, attachment_bytes, FILE_BYTES, END_MS)


def write_next_day(folder: Path, messages: int) -> None:
    """150 messages, 5 files, 3 edits, 60 receipts, one small thread deleted."""
    chance = Chance("the next day")
    database = AppleDatabase(folder)
    try:
        rows = [_message(chance, number) for number in range(NEW_MESSAGES)]
        database.add_messages(rows)
        database.add_attachments(
            (rows[number].guid, _file(folder, chance, number)) for number in range(NEW_FILES)
        )
        for number in range(EDITS):
            _edit(database, messages - 10 - number)
        read = nanoseconds(END_MS + 50_000)
        database.connection.execute(
            "UPDATE message SET date_read = ? WHERE ROWID > ? AND ROWID <= ?",
            (read, messages - RECEIPTS, messages),
        )
        database.move_to_recently_deleted(SMALL_CHAT, END_MS + 80_000)
    finally:
        database.close()


def _message(chance: Chance, number: int) -> MessageRow:
    text = f"a message of the next day, number {number}"
    chat = 1 + chance.below(20)
    date = nanoseconds(END_MS + number * 60_000)
    return MessageRow(chat, chance.guid(), date, text, render(text), chat)


def _file(folder: Path, chance: Chance, number: int) -> AttachmentRow:
    guid = chance.guid()
    path = f"ff/15/{guid}/NEW_{number}.heic"
    file = folder / ATTACHMENTS / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(seeded_bytes(f"new {number}", FILE_BYTES))
    name = file.name
    return AttachmentRow(guid, path, name, "image/heic", "public.heic", END_MS, FILE_BYTES)


def _edit(database: AppleDatabase, row: int) -> None:
    found = database.connection.execute(
        "SELECT guid FROM message WHERE ROWID = ?", (row,)
    ).fetchone()
    assert found is not None
    wordings = [
        {"d": seconds(END_MS), "t": render("before the edit")},
        {"d": seconds(END_MS + 60_000), "t": render("after the edit")},
    ]
    summary = plistlib.dumps({"ec": {"0": wordings}, "ust": True}, fmt=plistlib.FMT_BINARY)
    text = "after the edit"
    database.edit(str(found[0]), text, render(text), summary, END_MS + 60_000)
