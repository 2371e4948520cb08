"""Attachments that lack a small picture, and those of which none can be made on this computer.

The latter is no fact of the history: another computer may be able to. So it is remembered in this
library alone, with what could not do it; a library that is made anew has it tried once more.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apsw
import msgspec

from sealwax.ledger.commit import parse_commit
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.database import STILL
from sealwax.library.project import PRESENT
from sealwax.library.query import PAGE_ROWS
from sealwax.library.values import blobs
from sealwax.model.field import CONTENT, THUMBNAIL, Field
from sealwax.model.record import Kind
from sealwax.model.state import State, decode

_FAILED = "no thumbnail "
_encode = msgspec.msgpack.Encoder().encode


class Lacking(NamedTuple):
    """An attachment in the present that has a file and no small picture."""

    record: int
    uid: bytes
    state: State


class Shared(NamedTuple):
    """A piece that the shared history holds: since which commit, and when that was made (ms since
    1970)."""

    seq: int
    time_ms: int


class Pictures:
    """Reads and writes one library."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._times_ms: dict[int, int] = {}

    def lacking(self, is_outdated_too: bool = False) -> Iterator[list[Lacking]]:
        """Pages of them, what came last first; where `is_outdated_too`, those that have one as
        well."""
        last = STILL
        sign_of_one = b"" if is_outdated_too else _sign(THUMBNAIL)
        while True:
            # The index has no messages: saying so twice lets SQLite use it. It is in the order of
            # versions, so nothing is sorted.
            rows: list[Any] = self._connection.execute(
                "SELECT version.id, version.record, record.uid, version.state FROM version"
                " INDEXED BY version_by_kind CROSS JOIN record ON record.id = version.record"
                f" WHERE version.kind <> 2 AND version.kind = {int(Kind.ATTACHMENT)}"
                " AND version.place = ?1"
                " AND version.id < ?2 AND version.to_seq = ?3 AND instr(version.state, ?4) > 0"
                " AND (?5 = x'' OR instr(version.state, ?5) = 0)"
                " ORDER BY version.id DESC LIMIT ?6",
                (PRESENT, last, STILL, _sign(CONTENT), sign_of_one, PAGE_ROWS),
            ).fetchall()
            if rows:
                yield [Lacking(record, uid, decode(state)) for _, record, uid, state in rows]
            if len(rows) < PAGE_ROWS:
                return
            last = rows[-1][0]

    def shared(self, pieces: Iterable[bytes]) -> dict[bytes, Shared]:
        """Those of some pieces that the head of the shared history holds."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT object.name, object.added_seq FROM carray(?) AS wanted"
            " CROSS JOIN object ON object.name = wanted.value AND object.zone = ?"
            " AND object.dropped_seq = ?",
            (blobs(pieces), MESSAGES_ZONE, STILL),
        ).fetchall()
        return {name: Shared(seq, self._time_ms(seq)) for name, seq in rows}

    def failed(self, tried_by: str) -> set[bytes]:
        """The records of which this could make none."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT substr(name, ?) FROM fact WHERE name GLOB ? AND value = ?",
            (len(_FAILED) + 1, f"{_FAILED}*", tried_by.encode()),
        )
        return {bytes.fromhex(uid) for (uid,) in rows}

    def note_failed(self, uid: bytes, tried_by: str) -> None:
        """Remembers that this could make none."""
        self._connection.execute(
            "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)",
            (_FAILED + uid.hex(), tried_by.encode()),
        )

    def _time_ms(self, seq: int) -> int:
        """When a commit of the shared history was made; long ago where that is not known."""
        if seq not in self._times_ms:
            row = self._connection.execute(
                "SELECT data FROM seen_commit WHERE zone = ? AND seq = ?", (MESSAGES_ZONE, seq)
            ).fetchone()
            self._times_ms[seq] = parse_commit(row[0]).header.time_ms if row else 0
        return self._times_ms[seq]


def _sign(field: Field) -> bytes:
    """What stands in the bytes of every state that has a value of the field, and in no other: its
    slot's name, merge class and key."""
    return b"".join(map(_encode, (field.name, int(field.merge), "")))
