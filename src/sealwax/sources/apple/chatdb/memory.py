"""What is remembered of a database that was read whole, so that next time only changes are read."""

import hashlib
from pathlib import Path

import apsw
import msgspec

from sealwax.sources.apple.chatdb.joins import Joins
from sealwax.sources.apple.chatdb.pages import PageHashes
from sealwax.sources.apple.chatdb.rows import select
from sealwax.sources.apple.chatdb.threads import Threads
from sealwax.sources.base import Description

READER_VERSION = 2
"""Raised with everything that makes this reader see more or otherwise: then all is read again."""
MISSING_LIMIT = 50_000
_HEADER_BYTES = 100
_COUNTER = slice(24, 28)


class Marks(msgspec.Struct, frozen=True, array_like=True):
    """What tells without reading a database that it did not change: its size, time of change, inode
    and SQLite's change counter; the same of its WAL with a hash of its content, for SQLite writes
    a WAL over in place, and two writes in one tick of the clock have the same time."""

    database: tuple[int, int, int, bytes]
    wal: tuple[int, int, int, bytes] | None


class Memory(msgspec.Struct, frozen=True, array_like=True):
    """What was seen at the last reading.

    `schema` is a hash of the tables' definitions, `handles` (canonical addresses) and `chats` what
    rows meant: when one means something else now, every message may. `missing` are attachments
    whose files were not there, as (row, path as stated).
    """

    version: int
    marks: Marks
    schema: bytes
    handles: dict[int, str]
    chats: dict[int, str]
    page_bytes: int
    blocks: bytes
    pages: bytes
    joins: Joins
    missing: list[tuple[int, str]]
    description: Description

    def hashes(self) -> PageHashes:
        return PageHashes(self.page_bytes, self.blocks, self.pages)

    def means_the_same(self, threads: Threads) -> bool:
        """Whether every handle and chat that was known then is what it was."""
        chats = {row: chat.canonical_id for row, chat in threads.chats.items()}
        return all(threads.canonical.get(row) == was for row, was in self.handles.items()) and all(
            chats.get(row) == was for row, was in self.chats.items()
        )


_decode = msgspec.msgpack.Decoder(Memory).decode
encode_memory = msgspec.msgpack.Encoder().encode


def decode_memory(data: bytes | None) -> Memory | None:
    """What was remembered; None when there is nothing, or an older reader wrote it."""
    if data is None:
        return None
    try:
        memory = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return memory if memory.version == READER_VERSION else None


def read_marks(database: Path) -> Marks | None:
    """The marks of a database's files; None when they cannot be read."""
    wal = database.with_name(database.name + "-wal")
    try:
        with database.open("rb") as file:
            counter = file.read(_HEADER_BYTES)[_COUNTER]
        beside = (*_mark(wal), _hash(wal)) if wal.exists() else None
        return Marks((*_mark(database), counter), beside)
    except OSError:
        return None


def schema_hash(connection: apsw.Connection) -> bytes:
    """A hash of the definitions of all tables; raises BrokenTable."""
    rows = list(select(connection, ("name", "sql"), "FROM sqlite_schema ORDER BY name"))
    return hashlib.sha256(repr(rows).encode("utf-8", "replace")).digest()


def _mark(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _hash(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
