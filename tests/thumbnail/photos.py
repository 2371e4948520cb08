"""A phone with photos that are too large to be small themselves, and with what only claims to be
one."""

import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from sealwax.agent.api import Agent
from sealwax.agent.thumbnails import ThumbnailsMade
from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow, MessageRow
from sealwax.demo.apple_time import nanoseconds
from sealwax.demo.chance import Chance
from sealwax.demo.typedstream_writer import FILE_TRANSFER, PART, PLACE, Run, write_attributed
from tests.homes import DAY_MS, NOW_MS

CHAT = "+15550900000"
_SIDE_PIXELS = 200


def photo(seed: str) -> bytes:
    """A JPEG of about 60 KB; no two of other seeds are alike."""
    chance = Chance(seed)
    noise = bytes(chance.below(256) for _ in range(_SIDE_PIXELS * _SIDE_PIXELS))
    written = io.BytesIO()
    drawn = Image.frombytes("L", (_SIDE_PIXELS, _SIDE_PIXELS), noise).convert("RGB")
    drawn.resize((800, 600), Image.Resampling.NEAREST).save(written, "JPEG", quality=60)
    return written.getvalue()


def bomb() -> bytes:
    """A PNG of 30 KB that claims 2.5 thousand million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    text = chunk(b"tEXt", b"key\0" + b"x" * 30_000)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + text + body + chunk(b"IEND", b"")


def write_photos(folder: Path, files: Mapping[str, tuple[str, bytes]], seed: str = "photo") -> None:
    """A Messages database with one message for each file, by name: (type, bytes). Called again, it
    adds to the one that is there."""
    folder.mkdir(exist_ok=True)
    database = AppleDatabase(folder)
    handle = database.handle(CHAT)
    chat = database.direct_chat(CHAT, handle)
    for at, (name, (kind, data)) in enumerate(files.items()):
        guid, path = f"{seed}-FILE-{at}", f"aa/{seed}/{at}/{name}"
        target = folder / ATTACHMENTS / path
        target.parent.mkdir(parents=True)
        target.write_bytes(data)
        time_ms = NOW_MS - DAY_MS + at * 60_000
        body = write_attributed([Run(PLACE, {PART: 0, FILE_TRANSFER: guid})])
        row = MessageRow(
            chat, f"{seed}-{at}", nanoseconds(time_ms), PLACE, body, handle,
            cache_has_attachments=1,
        )  # fmt: skip
        database.add_messages([row])
        told = AttachmentRow(guid, path, name, kind, "public.data", time_ms, len(data))
        database.add_attachments([(row.guid, told)])
    database.close()


def some_photos(count: int, seed: str = "photo") -> dict[str, tuple[str, bytes]]:
    """So many photos by name."""
    return {
        f"{seed}{number}.jpeg": ("image/jpeg", photo(f"{seed} {number}")) for number in range(count)
    }


def made_all(agent: Agent) -> ThumbnailsMade:
    """Makes all that can be made."""
    total = ThumbnailsMade()
    while True:
        batch = agent.thumbnails.make_some()
        total += batch
        if batch.why or batch.is_nothing:
            return total
