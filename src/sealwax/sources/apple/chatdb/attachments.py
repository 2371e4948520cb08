"""Attachments: their descriptions, and where their files are.

A row names its file by a path on the Mac or phone that it came from. The file is looked for beside
the database, in this person's own Messages folder, and in the phone backup that the database came
from; nothing outside these folders is ever read.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

from sealwax.base.paths import is_inside
from sealwax.base.problem import Problem
from sealwax.model.change import Entry, entry
from sealwax.model.field import (
    CREATED_NS,
    FILE_NAME,
    IS_STICKER,
    MIME_TYPE,
    ORIGIN,
    SOURCE_PATH,
    STATED_BYTES,
    UTI,
)
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.sources.apple.chatdb.changes import integers
from sealwax.sources.apple.chatdb.columns import Columns
from sealwax.sources.apple.chatdb.kept import KeptColumns, row_entries, too_large
from sealwax.sources.apple.chatdb.rows import BrokenTable, select, whole, words
from sealwax.sources.apple.dates import to_ms, unix_ns
from sealwax.sources.base import Item, Observation

BATCH_ATTACHMENTS = 256
"""Small, so that a batch of large files does not become one large commit."""
_WANTED = (
    "ROWID", "guid", "filename", "transfer_name", "uti", "mime_type", "total_bytes", "created_date",
    "is_sticker",
)  # fmt: skip
_ONLY = "WHERE t.ROWID IN (SELECT value FROM carray(?))"
_PREFIXES = (
    "~/Library/Messages/",
    "~/Library/SMS/",
    "/var/mobile/Library/SMS/",
    "/private/var/mobile/Library/SMS/",
)
_BACKUP_NAME_LENGTH = 40


class Attachments:
    """Where the files of one database are."""

    def __init__(self, original: Path, own_messages: Path) -> None:
        """`original` is the database as the person named it, `own_messages` the folder in which
        this computer's Messages app keeps its files."""
        self._roots = [original.parent]
        if own_messages.is_dir():
            self._roots.append(own_messages)
        self.missing: list[tuple[int, str]] = []
        is_backup = len(original.name) == _BACKUP_NAME_LENGTH
        self._backup = original.parent.parent if is_backup else None

    @property
    def is_in_backup(self) -> bool:
        """Whether the database is that of a phone backup."""
        return self._backup is not None

    def find(self, stated: str) -> Path | None:
        """The file that a row's path means, or None when it is not there."""
        inner = _inner(stated)
        if inner is None:
            return None
        if self._backup is not None:
            return self._find_in_backup(inner)
        for root in self._roots:
            path = root / inner
            if is_inside(root, path) and path.is_file():
                return path
        return None

    def reason(self, stated: str) -> str:
        """Why the file that a row's path means is not read."""
        inner = _inner(stated)
        is_outside = inner is not None and any(
            (root / inner).exists() and not is_inside(root, root / inner) for root in self._roots
        )
        if is_outside:
            return "its file lies outside the folder"
        is_other = inner is not None and any((root / inner).exists() for root in self._roots)
        return "what is in its place is no file" if is_other else "its file is not there"

    def _find_in_backup(self, inner: str) -> Path | None:
        """A phone backup names each file by the hash of its domain and path."""
        assert self._backup is not None
        name = f"MediaDomain-Library/SMS/{inner}".encode("utf-8", "surrogatepass")
        hashed = hashlib.sha1(name, usedforsecurity=False).hexdigest()
        for path in (self._backup / hashed[:2] / hashed, self._backup / hashed):
            if path.is_file() and is_inside(self._backup, path):
                return path
        return None


def _inner(stated: str) -> str | None:
    """A stated path, as seen from the folder of the Messages app; None for any other."""
    prefix = next((prefix for prefix in _PREFIXES if stated.startswith(prefix)), None)
    if prefix is not None:
        inner = stated[len(prefix) :]
    else:
        before, _, inner = stated.partition("/Library/Messages/")
        if not before.startswith("/"):
            return None
    return inner if inner and "\x00" not in inner else None


def read_attachments(
    connection: apsw.Connection,
    columns: Columns,
    files: Attachments,
    newest_ms: int,
    only: Sequence[int] | None = None,
) -> Iterator[list[Item]]:
    """The attachments in these rows, or all of them, in batches."""
    if not columns.has("attachment", "ROWID", "guid"):
        return
    kept = KeptColumns(columns, "attachment")
    picked = [*columns.pick("attachment", "t", _WANTED), *kept.picked]
    problem = kept.problem()
    batch: list[Item] = [] if problem is None else [problem]
    where, bindings = ("", ()) if only is None else (_ONLY, (integers(only),))
    try:
        for row in select(connection, picked, f"FROM attachment t {where} ORDER BY 1", bindings):
            batch += _items(row, kept, files, newest_ms)
            if len(batch) >= BATCH_ATTACHMENTS:
                yield batch
                batch = []
    except BrokenTable as error:
        batch.append(
            Problem("attachment", "the rest of it cannot be read", str(error), is_damage=True)
        )
    yield batch


def _items(
    row: tuple[Any, ...], columns: KeptColumns, files: Attachments, newest_ms: int
) -> Iterator[Item]:
    guid, stated = words(row[1]), words(row[2])
    if guid is None:
        yield Problem(f"attachment {row[0]}", "this attachment has no id")
        return
    created_ns = unix_ns(row[7])
    time_ms = newest_ms if created_ns is None else to_ms(created_ns)
    content = files.find(stated) if stated else None
    if content is None and stated:
        files.missing.append((row[0], stated))
    if content is None:
        what = files.reason(stated) if stated else "its file was never downloaded or is gone"
        yield Problem(f"attachment {guid}", what, stated or "")
    kept = columns.keep(row[len(_WANTED) :])
    problem = too_large(f"attachment {guid}", kept.left_out)
    if problem is not None:
        yield problem
    entries = (
        *_entries(row, guid, stated, created_ns),
        *row_entries("attachment", kept.columns),
    )
    yield Observation(int(Kind.ATTACHMENT), guid, time_ms, entries, content)


def _entries(
    row: tuple[Any, ...], guid: str, stated: str | None, created_ns: int | None
) -> Iterator[Entry]:
    yield entry(ORIGIN, [NAMESPACE_APPLE, guid])
    name = words(row[3]) or (stated.rsplit("/", 1)[-1] if stated else None)
    texts = ((FILE_NAME, name), (SOURCE_PATH, stated), (UTI, words(row[4])))
    for field, text in (*texts, (MIME_TYPE, words(row[5]))):
        if text:
            yield entry(field, text)
    size_bytes = whole(row[6])
    if size_bytes is not None and size_bytes > 0:
        yield entry(STATED_BYTES, size_bytes)
    if created_ns is not None:
        yield entry(CREATED_NS, created_ns)
    if whole(row[8]):
        yield entry(IS_STICKER, True)
