"""What the chains hold, in SQL: heads, objects with their intervals, pins, void commits.

Kept so that opening a home reads no old commit; `folding` writes it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apsw
import msgspec

from sealwax.ledger.chain import Head
from sealwax.ledger.commit import COMMIT_LIMIT_BYTES
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import Interval
from sealwax.library.database import STILL
from sealwax.library.values import blobs, integers
from sealwax.vault.commit_part import Counts, Switches


class PinRow(NamedTuple):
    """A snapshot, as the library knows it: `moment` shows the state that it holds, if it is shown
    here."""

    zone: str
    commit_seq: int
    pinned_seq: int
    moment: float
    lock_until_ms: int
    expires_ms: int
    made_ms: int
    name: str
    reason: str
    counts: Counts
    is_shown: bool = True


class RefusedDrop(NamedTuple):
    """What a commit that counts would have taken away, and the rules did not let it: where, by
    which device, why, and how many objects or snapshots."""

    zone: str
    seq: int
    author: bytes
    reason: str
    number: int


class SourceTrouble(NamedTuple):
    """Why a source was not read to its end: an error's code, sentence and hint, and since when."""

    code: str
    sentence: str
    hint: str
    since_ms: int


_decode_counts = msgspec.json.Decoder(Counts).decode
_encode_fact = msgspec.msgpack.encode
_decode_checkpoint = msgspec.msgpack.Decoder(tuple[int, list[bytes]]).decode
_decode_switches = msgspec.msgpack.Decoder(tuple[Switches, int]).decode
_IS_PINNED = (
    "EXISTS (SELECT 1 FROM pin WHERE pin.zone = object.zone"
    " AND pinned_seq >= added_seq AND pinned_seq < dropped_seq)"
)
_IS_HELD = f"(dropped_seq = ?1 OR {_IS_PINNED})"
_IS_COUNTED = (
    "NOT EXISTS (SELECT 1 FROM void_commit WHERE void_commit.zone = ?1"
    " AND void_commit.seq = seen_commit.seq)"
)
_IS_OWNED = (
    "NOT EXISTS (SELECT 1 FROM disowned_commit WHERE disowned_commit.zone = object.zone"
    " AND disowned_commit.seq = object.added_seq)"
)
_SOURCE = "source "
_TROUBLE = "source trouble "
_DONE = "done "
_NOTED = "noted "
SWITCHES = "switches "
"""What stands before a device in the names of facts."""
_decode_trouble = msgspec.msgpack.Decoder(SourceTrouble).decode
_decode_source = msgspec.msgpack.Decoder(tuple[bytes, int]).decode
_PIN_COLUMNS = (
    "zone, commit_seq, pinned_seq, moment, lock_until_ms, expires_ms, made_ms, name, reason,"
    " is_shown, counts"
)


class Holdings:
    """Reads and writes what the chains of this device's library hold: of the messages zone, where
    nothing else is said."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def head(self, zone: str) -> Head | None:
        """The newest commit of a zone that the library has applied."""
        row = self._connection.execute(
            "SELECT zone, seq, hash, position FROM zone WHERE zone = ?", (zone,)
        ).fetchone()
        return Head(*row) if row else None

    def seen_commit(self, zone: str, seq: int) -> bytes | None:
        """The bytes of a commit as this device has seen them."""
        row = self._connection.execute(
            "SELECT data FROM seen_commit WHERE zone = ? AND seq = ?", (zone, seq)
        ).fetchone()
        return row[0] if row else None

    def keep_commit(self, zone: str, seq: int, data: bytes) -> None:
        """Keeps a commit's bytes: to name the damaged one when a store's chain breaks. One that is
        larger than a commit may be is junk that nobody needs."""
        if len(data) > COMMIT_LIMIT_BYTES:
            return
        self._connection.execute(
            "INSERT OR REPLACE INTO seen_commit (zone, seq, data) VALUES (?, ?, ?)",
            (zone, seq, data),
        )

    def switches(self) -> dict[bytes, tuple[Switches, int]]:
        """The switches of the devices that have told of theirs, and since when (ms since 1970)."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT substr(name, ?), value FROM fact WHERE name GLOB ?",
            (len(SWITCHES) + 1, f"{SWITCHES}*"),
        )
        return {bytes.fromhex(device): _decode_switches(value) for device, value in rows}

    def checkpoint(self) -> tuple[int, list[bytes]]:
        """(seq, names of its objects) of the newest checkpoint; (-1, []) without one."""
        row = self._connection.execute(
            "SELECT value FROM fact WHERE name = 'checkpoint'"
        ).fetchone()
        return _decode_checkpoint(row[0]) if row else (-1, [])

    def source_state(self, name: str) -> tuple[bytes, int] | None:
        """What a source gave to be remembered after its last reading, and when all of it was last
        read."""
        row = self._connection.execute(
            "SELECT value FROM fact WHERE name = ?", (_SOURCE + name,)
        ).fetchone()
        return _decode_source(row[0]) if row else None

    def keep_source_state(self, name: str, state: bytes, whole_ms: int) -> None:
        """Remembers it; a library that is made anew has forgotten it, and all is read again."""
        self._connection.execute(
            "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)",
            (_SOURCE + name, msgspec.msgpack.encode((state, whole_ms))),
        )

    def forget_source_state(self, name: str) -> None:
        """The next reading is of all."""
        self._connection.execute("DELETE FROM fact WHERE name = ?", (_SOURCE + name,))

    def source_trouble(self, name: str) -> SourceTrouble | None:
        """Why a source could not be read to its end when it was last imported."""
        row = self._connection.execute(
            "SELECT value FROM fact WHERE name = ?", (_TROUBLE + name,)
        ).fetchone()
        return _decode_trouble(row[0]) if row else None

    def note_source_trouble(self, name: str, trouble: SourceTrouble | None) -> None:
        """Remembers it, from the first time on; None: it was read to its end."""
        if trouble is None:
            self._connection.execute("DELETE FROM fact WHERE name = ?", (_TROUBLE + name,))
            return
        known = self.source_trouble(name)
        since_ms = known.since_ms if known else trouble.since_ms
        self._connection.execute(
            "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)",
            (_TROUBLE + name, _encode_fact(trouble._replace(since_ms=since_ms))),
        )

    def listed(
        self, zone: str = MESSAGES_ZONE
    ) -> list[tuple[bytes, int, int | None, int, bytes | None]]:
        """(name, added, dropped or None, bytes, digest of the changes of a segment or None) of
        every object that the head or a pin holds, in the order of names."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT name, added_seq, nullif(dropped_seq, ?1), size_bytes, change_digest FROM object"
            f" WHERE zone = ?2 AND {_IS_HELD} ORDER BY name",
            (STILL, zone),
        )
        return list(rows)

    def held_count(self, zone: str = MESSAGES_ZONE) -> int:
        """How many objects the head or a pin holds."""
        rows: Iterable[Any] = self._connection.execute(
            f"SELECT count(*) FROM object WHERE zone = ?2 AND {_IS_HELD}", (STILL, zone)
        )
        ((count,),) = rows
        return int(count)

    def pins(self) -> list[PinRow]:
        """The pins that this library shows, oldest first."""
        return [pin for pin in self.all_pins() if pin.is_shown]

    def all_pins(self) -> list[PinRow]:
        """Those too that hold a moment which is not here any more."""
        rows: Iterable[Any] = self._connection.execute(
            f"SELECT {_PIN_COLUMNS} FROM pin ORDER BY moment, commit_seq"
        )
        return [
            PinRow._make((*head, _decode_counts(counts), bool(is_shown)))
            for *head, is_shown, counts in rows
        ]

    def live_objects(self) -> dict[bytes, int]:
        """Names and sizes of the objects that the head or a pin holds."""
        rows: Iterable[Any] = self._connection.execute(
            f"SELECT name, size_bytes FROM object WHERE {_IS_HELD}", (STILL,)
        )
        return dict(rows)

    def void_commits(self) -> list[tuple[str, int, str]]:
        """(zone, seq, reason) of the commits that do not count."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT zone, seq, reason FROM void_commit ORDER BY 1, 2"
        )
        return [(zone, seq, reason) for zone, seq, reason in rows]

    def disowned(self, zone: str = MESSAGES_ZONE) -> dict[int, int]:
        """The seqs of the commits that a later merge disowns, and the seq of that merge."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT seq, merge_seq FROM disowned_commit WHERE zone = ?", (zone,)
        )
        return dict(rows)

    def refused_drops(self) -> list[RefusedDrop]:
        """What commits would have taken away and was kept, oldest first."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT zone, seq, author, reason, number FROM refused_drop ORDER BY 1, 2, 4"
        )
        return [RefusedDrop(*row) for row in rows]

    def bytes_held_only_by(self, pinned_seq: int, zone: str = MESSAGES_ZONE) -> int:
        """How many sealed bytes nothing but the pins of this moment hold: what letting go of the
        last of them gives back, exactly."""
        row = self._connection.execute(
            "SELECT coalesce(sum(size_bytes), 0) FROM object WHERE zone = ?3 AND dropped_seq < ?1"
            " AND added_seq <= ?2 AND ?2 < dropped_seq AND NOT EXISTS (SELECT 1 FROM pin"
            " WHERE pin.zone = object.zone AND pinned_seq <> ?2"
            " AND pinned_seq >= added_seq AND pinned_seq < dropped_seq)"
            " AND NOT EXISTS (SELECT 1 FROM object AS other WHERE other.name = object.name"
            " AND other.zone <> object.zone AND (other.dropped_seq = ?1 OR EXISTS (SELECT 1"
            " FROM pin WHERE pin.zone = other.zone AND pinned_seq >= other.added_seq"
            " AND pinned_seq < other.dropped_seq)))",
            (STILL, pinned_seq, zone),
        ).fetchone()
        assert row is not None
        return int(row[0])

    def sealed_bytes(self) -> tuple[int, int]:
        """(bytes live at the heads, further bytes that only pins hold)."""
        row = self._connection.execute(
            "SELECT coalesce(sum(size_bytes) FILTER (WHERE is_live), 0),"
            " coalesce(sum(size_bytes) FILTER (WHERE NOT is_live), 0) FROM (SELECT"
            " max(size_bytes) AS size_bytes, max(dropped_seq = ?1) AS is_live FROM object"
            f" WHERE {_IS_HELD} GROUP BY name)",
            (STILL,),
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def agrees(self, intervals: dict[bytes, tuple[int, int]]) -> bool:
        """Whether the objects known here have exactly these (added, dropped) intervals."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT name, added_seq, dropped_seq FROM object WHERE zone = ?", (MESSAGES_ZONE,)
        )
        seen = 0
        for name, added_seq, dropped_seq in rows:
            seen += 1
            if intervals.get(name) != (added_seq, dropped_seq):
                return False
        return seen == len(intervals)

    def damage(self) -> list[tuple[bytes, int, str]]:
        """(object, seq, reason) of the segments that could not be read when they were pulled."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT name, seq, reason FROM damaged_object ORDER BY seq, name"
        )
        return [(name, seq, reason) for name, seq, reason in rows]

    def unread_at(self, zone: str, seq: int) -> int:
        """How many objects that are live at a seq of a zone could not be read."""
        return self._number(
            "SELECT count(*) FROM damaged_object JOIN object USING (name) WHERE zone = ?1"
            " AND added_seq <= ?2 AND ?2 < dropped_seq",
            (zone, seq),
        )

    def unread_nowhere(self) -> int:
        """How many things could not be read that no chain here names."""
        return self._number(
            "SELECT count(*) FROM damaged_object WHERE NOT EXISTS"
            " (SELECT 1 FROM object WHERE object.name = damaged_object.name)",
            (),
        )

    def heads(self) -> list[tuple[str, int]]:
        """The zones that the library follows, and the seqs of their heads."""
        rows: Iterable[Any] = self._connection.execute("SELECT zone, seq FROM zone")
        return list(rows)

    def _number(self, query: str, bindings: tuple[Any, ...]) -> int:
        row = self._connection.execute(query, bindings).fetchone()
        assert row is not None
        return int(row[0])

    def note_damage(self, name: bytes, seq: int, reason: str) -> None:
        """Remembers that a segment could not be read: what is in it is missing here."""
        self._connection.execute(
            "INSERT OR REPLACE INTO damaged_object (name, seq, reason) VALUES (?, ?, ?)",
            (name, seq, reason),
        )

    def intervals(self, names: Iterable[bytes], zone: str = MESSAGES_ZONE) -> dict[bytes, int]:
        """The `dropped_seq` of those names that were ever added to the zone, by commits that
        nobody disowns."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT object.name, object.dropped_seq FROM carray(?) AS wanted"
            f" CROSS JOIN object ON object.name = wanted.value AND object.zone = ? AND {_IS_OWNED}",
            (blobs(names), zone),
        )
        return dict(rows)

    def known(self, names: Iterable[bytes], zone: str = MESSAGES_ZONE) -> dict[bytes, Interval]:
        """The same, with all that is known of them."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT object.name, added_seq, dropped_seq, size_bytes, change_digest"
            " FROM carray(?) AS wanted"
            f" CROSS JOIN object ON object.name = wanted.value AND object.zone = ? AND {_IS_OWNED}",
            (blobs(names), zone),
        )
        return {name: Interval(*row) for name, *row in rows}

    def unheld_objects(self, dropped_before_seq: int, moments: Iterable[int]) -> dict[bytes, int]:
        """Names and sizes of objects dropped before a seq that neither a head, nor a pin, nor one
        of some further seqs holds. What was pinned from the device's own zone holds the seq of the
        messages zone that it stood on."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT name, size_bytes FROM object WHERE zone = ?3 AND dropped_seq < ?1"
            " AND NOT EXISTS (SELECT 1 FROM (SELECT pinned_seq AS seq FROM pin WHERE zone = ?3"
            " UNION SELECT CAST(floor(moment) AS INTEGER) FROM pin WHERE zone <> ?3"
            " UNION SELECT value FROM carray(?2))"
            " WHERE seq >= added_seq AND seq < dropped_seq)"
            " AND NOT EXISTS (SELECT 1 FROM object AS other WHERE other.name = object.name"
            " AND other.zone <> ?3)",
            (min(dropped_before_seq, STILL), integers(moments), MESSAGES_ZONE),
        )
        return dict(rows)

    def dropped_since(self, seq: int) -> set[bytes]:
        """The objects that a seq of the messages zone held and the head does not."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT name FROM object WHERE zone = ?3 AND added_seq <= ?1 AND dropped_seq > ?1"
            " AND dropped_seq < ?2",
            (seq, STILL, MESSAGES_ZONE),
        )
        return {name for (name,) in rows}

    def live_in(self, zone: str) -> list[tuple[bytes, int, int, bool]]:
        """(name, added seq, bytes, is a segment) of what the head of a zone holds, in the order in
        which it was added."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT name, added_seq, size_bytes, change_digest IS NOT NULL FROM object"
            " WHERE zone = ?2 AND dropped_seq = ?1 ORDER BY added_seq, name",
            (STILL, zone),
        )
        return [(name, seq, size_bytes, bool(is_one)) for name, seq, size_bytes, is_one in rows]

    def live_segments(self, zone: str = MESSAGES_ZONE) -> list[tuple[bytes, int, int]]:
        """(name, added seq, bytes) of the segments that the head holds, oldest first."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT name, added_seq, size_bytes FROM object WHERE zone = ?2"
            " AND change_digest IS NOT NULL AND dropped_seq = ?1 ORDER BY added_seq, name",
            (STILL, zone),
        )
        return list(rows)

    def commits_backwards(self, zone: str) -> Iterator[tuple[int, bytes]]:
        """(seq, bytes) of the commits that count and are not disowned, newest first; nothing is to
        be written meanwhile."""
        rows: Iterable[Any] = self._connection.execute(
            f"SELECT seq, data FROM seen_commit WHERE zone = ?1 AND {_IS_COUNTED} AND NOT EXISTS"
            " (SELECT 1 FROM disowned_commit WHERE disowned_commit.zone = ?1"
            " AND disowned_commit.seq = seen_commit.seq) ORDER BY seq DESC",
            (zone,),
        )
        yield from rows

    def counting_commits(self, zone: str) -> Iterator[bytes]:
        """The bytes of all commits that count, oldest first; nothing is to be written meanwhile."""
        rows: Iterable[Any] = self._connection.execute(
            f"SELECT data FROM seen_commit WHERE zone = ?1 AND {_IS_COUNTED} ORDER BY seq", (zone,)
        )
        for (data,) in rows:
            yield data

    def remembered_ms(self, what: str) -> int:
        """When something was last done, in ms since 1970; 0 where that is not known."""
        row = self._connection.execute(
            "SELECT value FROM fact WHERE name = ?", (_DONE + what,)
        ).fetchone()
        return int.from_bytes(row[0], "big") if row else 0

    def remember_ms(self, what: str, time_ms: int) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)",
            (_DONE + what, time_ms.to_bytes(8, "big")),
        )

    def noted(self, what: str) -> bytes:
        """What was kept under a name; nothing where nothing was."""
        row = self._connection.execute(
            "SELECT value FROM fact WHERE name = ?", (_NOTED + what,)
        ).fetchone()
        return bytes(row[0]) if row else b""

    def keep_note(self, what: str, value: bytes) -> None:
        """Keeps a few bytes under a name; a library that is made anew has forgotten them."""
        self._connection.execute(
            "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (_NOTED + what, value)
        )
