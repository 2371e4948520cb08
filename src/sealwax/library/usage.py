"""What takes space: files, the messages that they came with, and the pieces that they are made of.

Everything here is read off the newest state of each record, the trash included.
"""

from collections.abc import Iterable, Iterator, Set
from typing import Any, NamedTuple

import apsw

from sealwax.library.database import STILL
from sealwax.library.naming import names_in, own_name
from sealwax.library.query import PAGE_ROWS, Row
from sealwax.model.field import ATTACHMENT, CONTENT
from sealwax.model.pieces import file_pieces_of, pieces_of
from sealwax.model.record import Kind
from sealwax.model.state import decode

_ANY_FIELD = ""


class FileRow(NamedTuple):
    """The record of an attachment: its name (see model.reference), its size and its pieces."""

    row: Row
    origin: str
    size_bytes: int
    chunks: tuple[bytes, ...]


def messages_with_files(connection: apsw.Connection) -> Iterator[tuple[Row, tuple[str, ...]]]:
    """The messages that have attachments, with the names of these, by record."""
    for row in _rows(connection, int(Kind.MESSAGE), ATTACHMENT.name):
        names = names_in(row.state)
        if names:
            yield row, names


def files(connection: apsw.Connection) -> Iterator[FileRow]:
    """The attachments whose bytes are in the vault, by record."""
    for row in _rows(connection, int(Kind.ATTACHMENT), CONTENT.name):
        found = _file(row)
        if found is not None:
            yield found


def used_chunks(connection: apsw.Connection, superseded: Set[bytes] = frozenset()) -> set[bytes]:
    """The pieces that any attachment needs, small pictures too: none of these may leave the head.
    Of the `superseded` records the small picture is just being replaced by another."""
    used: set[bytes] = set()
    for row in _rows(connection, int(Kind.ATTACHMENT), _ANY_FIELD):
        used |= file_pieces_of(row.state) if row.uid in superseded else pieces_of(row.state)
    return used


def is_as_at(connection: apsw.Connection, moment: float) -> bool:
    """Whether nothing changed since a moment."""
    row = connection.execute(
        "SELECT 1 FROM version WHERE from_seq > ?1 OR (to_seq > ?1 AND to_seq < ?2) LIMIT 1",
        (moment, STILL),
    ).fetchone()
    return row is None


def segment_bytes(connection: apsw.Connection) -> int:
    """Sealed bytes of words and facts at the heads."""
    row = connection.execute(
        "SELECT coalesce(sum(size_bytes), 0) FROM object WHERE change_digest IS NOT NULL"
        " AND dropped_seq = ?",
        (STILL,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _file(row: Row) -> FileRow | None:
    content = row.state.get(CONTENT)
    if content is None:
        return None
    return FileRow(row, own_name(row.state), content[1], tuple(chunk for chunk, _ in content[2]))


def _rows(connection: apsw.Connection, kind: int, field: str) -> Iterator[Row]:
    """The newest states of a kind in whose bytes the name of a field stands: a state that does not
    have it need not be decoded."""
    last = 0
    while True:
        found: Iterable[Any] = connection.execute(
            "SELECT version.record, record.uid, version.kind, version.conversation, version.place,"
            " version.state FROM record JOIN version ON version.id = record.version"
            " WHERE record.kind = ? AND record.id > ? AND instr(version.state, ?) > 0"
            " ORDER BY record.id LIMIT ?",
            (kind, last, field.encode(), PAGE_ROWS),
        ).fetchall()
        rows = list(found)
        for *head, state in rows:
            yield Row._make((*head, decode(state)))
        if len(rows) < PAGE_ROWS:
            return
        last = rows[-1][0]
