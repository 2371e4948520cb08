"""A history of any size in the newest schema, for tests and benchmarks.

The workload: messages over ten years, in conversations by Zipf, a fifth with words in the body
alone, five in a hundred tapbacks, attachments of random bytes of which a tenth are duplicates.
"""

from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path
from typing import NamedTuple

from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow, MessageRow
from sealwax.demo.apple_time import nanoseconds
from sealwax.demo.chance import Chance, seeded_bytes
from sealwax.demo.talk import answer, opener
from sealwax.demo.typedstream_writer import FILE_TRANSFER, PART, PLACE, Run, write_attributed
from sealwax.sources.apple.typedstream.plain import render

CONVERSATIONS = 200
YEARS_MS = 10 * 365 * 24 * 3600 * 1000
BATCH_ROWS = 20_000
_PHRASES = 4_096


class Bulk(NamedTuple):
    """What was written."""

    path: Path
    messages: int
    attachments: int
    attachment_bytes: int


def write_bulk(
    folder: Path,
    messages: int,
    attachment_bytes: int,
    file_bytes: int,
    end_ms: int,
    conversations: int = CONVERSATIONS,
) -> Bulk:
    """Writes a database of so many messages, with files of `file_bytes` that add up to
    `attachment_bytes`."""
    chance = Chance(f"bulk {messages}")
    files = attachment_bytes // file_bytes if file_bytes else 0
    database = AppleDatabase(folder)
    try:
        chats = []
        for number in range(conversations):
            address = f"+1555{number:07d}"
            handle = database.handle(address)
            chats.append((database.direct_chat(address, handle), handle))
        rows = _rows(chance, chats, messages - files, end_ms)
        while batch := list(islice(rows, BATCH_ROWS)):
            database.add_messages(batch)
        attached = _attached(chance, chats, files, file_bytes, end_ms, folder)
        while pairs := list(islice(attached, 1_000)):
            database.add_messages(row for row, _ in pairs)
            database.add_attachments((row.guid, attachment) for row, attachment in pairs)
        return Bulk(database.path, messages, files, files * file_bytes)
    finally:
        database.close()


def _rows(
    chance: Chance, chats: list[tuple[int, int]], messages: int, end_ms: int
) -> Iterator[MessageRow]:
    phrases = [_phrase(chance) for _ in range(_PHRASES)]
    weights = list(accumulate(1_000_000 // (rank + 1) for rank in range(len(chats))))
    step_ms = YEARS_MS // max(messages, 1)
    number, guid = chance.number, chance.guid
    # A reaction is to the message before it in the same conversation.
    before: dict[int, str] = {}
    for at in range(messages):
        drawn = number()
        chat, handle = chats[_rank(weights, drawn % weights[-1])]
        date = nanoseconds(end_ms - YEARS_MS + at * step_ms)
        text = f"{phrases[drawn >> 52]} {at}"
        is_from_me = drawn >> 7 & 1
        row = MessageRow(
            chat=chat,
            guid=guid(),
            date=date,
            text=None if drawn >> 8 & 0xFF < 51 else text,
            attributedBody=render(text, bool(drawn >> 17 & 1)),
            handle_id=handle,
            is_from_me=is_from_me,
            date_read=date + 40_000_000_000,
            date_delivered=date + 2_000_000_000 if is_from_me else 0,
        )
        if chat in before and drawn >> 20 & 0xFF < 13:
            kind = 2000 + (drawn >> 30) % 6
            row = row._replace(
                associated_message_guid=f"p:0/{before[chat]}", associated_message_type=kind
            )
        else:
            before[chat] = row.guid
        yield row


def _phrase(chance: Chance) -> str:
    return opener(chance) if chance.happens(0.4) else f"{answer(chance)} {answer(chance)}"


def _rank(weights: list[int], point: int) -> int:
    low, high = 0, len(weights) - 1
    while low < high:
        middle = (low + high) // 2
        if weights[middle] <= point:
            low = middle + 1
        else:
            high = middle
    return low


def _attached(
    chance: Chance,
    chats: list[tuple[int, int]],
    files: int,
    file_bytes: int,
    end_ms: int,
    folder: Path,
) -> Iterator[tuple[MessageRow, AttachmentRow]]:
    for number in range(files):
        chat, handle = chats[chance.below(len(chats))]
        time_ms = end_ms - YEARS_MS + YEARS_MS * number // files
        guid = chance.guid()
        path = f"{number % 256:02x}/{number % 16:02d}/{guid}/IMG_{number}.heic"
        file = folder / ATTACHMENTS / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # Every tenth file is the one before it again.
        content = number - 1 if number % 10 == 9 else number
        file.write_bytes(seeded_bytes(f"file {content}", file_bytes))
        body = write_attributed([Run(PLACE, {PART: 0, FILE_TRANSFER: guid})])
        row = MessageRow(
            chat=chat,
            guid=chance.guid(),
            date=nanoseconds(time_ms),
            text=PLACE,
            attributedBody=body,
            handle_id=handle,
            cache_has_attachments=1,
        )
        name = path.rsplit("/", 1)[-1]
        yield (
            row,
            AttachmentRow(guid, path, name, "image/heic", "public.heic", time_ms, file_bytes),
        )
