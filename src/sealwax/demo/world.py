"""Ten years of a made-up person's messages, written as a genuine Messages database.

The same seed gives the same history, byte for byte, apart from the day on which it ends.
"""

import plistlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow, MessageRow
from sealwax.demo.apple_time import nanoseconds, seconds
from sealwax.demo.chance import Chance
from sealwax.demo.photo import draw_photo
from sealwax.demo.talk import PEOPLE, Person, answer, opener
from sealwax.demo.typedstream_writer import FILE_TRANSFER, PART, PLACE, Run, write_attributed
from sealwax.sources.apple.typedstream.plain import render

YEARS = 10
DAY_MS = 24 * 60 * 60 * 1000
TALKS = 1_400
GROUP_NAME = "Summer house"
RECIPE_FIRST = "The lemon cake: 4 eggs, 200 g sugar, 200 g butter, 2 lemons. Bake 40 minutes."
RECIPE = "The lemon cake: 4 eggs, 200 g sugar, 200 g butter, 3 lemons! Bake 45 minutes."
CAKE_WORDS = "lemon cake eggs"


class World(NamedTuple):
    """What was written: the database, the row of the thread with Mum, and how much there is."""

    path: Path
    mum_chat: int
    messages: int
    photos: int


class _Thread(NamedTuple):
    chat: int
    handles: tuple[int, ...]
    service: str
    room: str | None


def write_world(folder: Path, end_ms: int, talks: int = TALKS, photos: int = 40) -> World:
    """Writes a history that ends at `end_ms`: `talks` short exchanges over ten years."""
    chance = Chance("sealwax demo")
    database = AppleDatabase(folder)
    try:
        threads = _threads(database)
        start_ms = end_ms - YEARS * 365 * DAY_MS
        rows = list(_talks(chance, threads, start_ms, end_ms, talks))
        rows.sort(key=lambda row: row.date)
        database.add_messages(rows)
        pictures = list(_photos(chance, threads, start_ms, end_ms, photos, folder))
        database.add_messages(row for row, _ in pictures)
        database.add_attachments((row.guid, attachment) for row, attachment in pictures)
        _recipe(chance, database, threads[0], start_ms + 900 * DAY_MS)
        return World(database.path, threads[0].chat, len(rows) + len(pictures) + 1, len(pictures))
    finally:
        database.close()


def delete_thread(folder: Path, chat: int, time_ms: int) -> int:
    """Deletes a thread as a person does in Messages; gives the number of messages."""
    database = AppleDatabase(folder)
    try:
        return database.move_to_recently_deleted(chat, time_ms)
    finally:
        database.close()


def _threads(database: AppleDatabase) -> list[_Thread]:
    handles = [database.handle(person.address, person.service) for person in PEOPLE]
    threads = [
        _Thread(
            database.direct_chat(person.address, handle, person.service),
            (handle,),
            person.service,
            None,
        )
        for person, handle in zip(PEOPLE, handles, strict=True)
    ]
    members = handles[1:4]
    room = "chat815550100"
    guid = "6D1F0F5E-6A0B-4B0E-9D3C-5EA15EA15EA1"
    group = database.group_chat(room, GROUP_NAME, members, guid)
    return [*threads, _Thread(group, tuple(members), "iMessage", room)]


def _talks(
    chance: Chance, threads: list[_Thread], start_ms: int, end_ms: int, talks: int
) -> Iterator[MessageRow]:
    weighted = [at for at, person in enumerate(PEOPLE) for _ in range(_share(person))]
    weighted += [len(threads) - 1] * 10
    for number in range(talks):
        thread = threads[weighted[chance.below(len(weighted))]]
        span = (end_ms - start_ms) // talks
        time_ms = start_ms + number * span + chance.below(span)
        yield from _talk(chance, thread, time_ms)


def _share(person: Person) -> int:
    return person.share


def _talk(chance: Chance, thread: _Thread, time_ms: int) -> Iterator[MessageRow]:
    """An exchange of a few messages, with tapbacks, a reply, an effect now and then."""
    first = ""
    for turn in range(chance.between(2, 7)):
        time_ms += chance.between(8_000, 400_000)
        text = opener(chance) if turn == 0 else answer(chance)
        row = _words(chance, thread, time_ms, text, chance.happens(0.5))
        if turn == 1 and chance.happens(0.1):
            row = row._replace(thread_originator_guid=first, thread_originator_part="0:0:1")
        if chance.happens(0.01):
            style = "com.apple.messages.effect.CKConfettiEffect"
            row = row._replace(expressive_send_style_id=style)
        first = first or row.guid
        yield row
        if thread.service == "iMessage" and chance.happens(0.09):
            yield _tapback(chance, thread, row, time_ms + chance.between(2_000, 90_000))


def _words(
    chance: Chance, thread: _Thread, time_ms: int, text: str, is_from_me: bool
) -> MessageRow:
    date = nanoseconds(time_ms)
    return MessageRow(
        chat=thread.chat,
        guid=chance.guid(),
        date=date,
        # Messages leaves the column empty now and then: the words are in the body alone.
        text=None if chance.happens(0.2) else text,
        attributedBody=render(text, is_mutable=chance.happens(0.5)),
        handle_id=0 if is_from_me and thread.room else chance.pick(thread.handles),
        is_from_me=int(is_from_me),
        service=thread.service,
        date_delivered=date + 1_500_000_000 if is_from_me else 0,
        date_read=date + 30_000_000_000,
        cache_roomnames=thread.room,
    )


def _tapback(chance: Chance, thread: _Thread, on: MessageRow, time_ms: int) -> MessageRow:
    kind = 2000 + chance.below(7)
    row = _words(chance, thread, time_ms, "Reacted to a message", not on.is_from_me)
    return row._replace(
        associated_message_guid=f"p:0/{on.guid}",
        associated_message_type=kind,
        associated_message_emoji=chance.pick(("🥹", "🎉", "🦊")) if kind == 2006 else None,
    )


def _photos(
    chance: Chance,
    threads: list[_Thread],
    start_ms: int,
    end_ms: int,
    photos: int,
    folder: Path,
) -> Iterator[tuple[MessageRow, AttachmentRow]]:
    for number in range(photos):
        thread = threads[0] if number % 3 == 0 else chance.pick(threads)
        time_ms = start_ms + (end_ms - start_ms) * (number + 1) // (photos + 1)
        data = draw_photo(chance)
        guid = chance.guid()
        path = f"{guid[:2].lower()}/{number % 16:02d}/{guid}/IMG_{1000 + number}.jpeg"
        file = folder / ATTACHMENTS / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        row = _words(chance, thread, time_ms, PLACE, chance.happens(0.4))
        body = write_attributed([Run(PLACE, {PART: 0, FILE_TRANSFER: guid})])
        name = path.rsplit("/", 1)[-1]
        attachment = AttachmentRow(
            guid, path, name, "image/jpeg", "public.jpeg", time_ms, len(data)
        )
        yield row._replace(text=PLACE, attributedBody=body, cache_has_attachments=1), attachment


def _recipe(chance: Chance, database: AppleDatabase, thread: _Thread, time_ms: int) -> None:
    """A message that was edited: its row says only the new words, its summary both."""
    row = _words(chance, thread, time_ms, RECIPE_FIRST, False)
    database.add_messages([row._replace(text=RECIPE_FIRST)])
    later_ms = time_ms + 180_000
    wordings = [
        {"d": seconds(time_ms), "t": render(RECIPE_FIRST)},
        {"d": seconds(later_ms), "t": render(RECIPE)},
    ]
    summary = {
        "otr": {"0": {"lo": 0, "le": len(RECIPE_FIRST)}},
        "ec": {"0": wordings},
        "ep": [0],
        "ust": True,
    }
    packed = plistlib.dumps(summary, fmt=plistlib.FMT_BINARY)
    database.edit(row.guid, RECIPE, render(RECIPE), packed, later_ms)
