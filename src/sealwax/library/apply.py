"""Applying changes to the library: join each record with what is new, keep what a pin shows.

Works in batches: one query fetches the states of a whole batch, one statement a table writes it. A
version that a pinned moment shows is closed and stays; any other is replaced in place.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import apsw
import msgspec

from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import DigestSum
from sealwax.library.database import STILL
from sealwax.library.homes import Homes
from sealwax.library.numbers import Numbers
from sealwax.library.prepared import Joined, Prepared, join_all, project_checked
from sealwax.library.project import PRESENT, Projection
from sealwax.library.script import apart, pairs
from sealwax.library.twin_groups import TwinGroups
from sealwax.library.twins import Twin
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.model.state import State, decode, encode, join
from sealwax.vault.digest import MODULUS, state_term

INSERT_RECORD = "INSERT INTO record (id, uid, kind, version) VALUES (?, ?, ?, ?)"
INSERT_VERSION = (
    "INSERT INTO version (id, record, from_seq, to_seq, kind, place, conversation,"
    " time_ns, source_order, text_id, is_held, state, seen)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_PLAIN = (
    "INSERT INTO version (id, record, from_seq, to_seq, kind, place, conversation, time_ns,"
    f" source_order, text_id, is_held, state) VALUES (?, ?, {{moment!r}}, {STILL},"
    f" {int(Kind.MESSAGE)}, {PRESENT}, ?, ?, ?, ?, 0, ?)"
)
"""What all rows have in common is not bound to each."""
INSERT_WORDS = "INSERT INTO text_index (rowid, body) VALUES (?, ?)"
INSERT_UNSPACED = "INSERT INTO unspaced_index (rowid, body) VALUES (?, ?)"


class Stored(NamedTuple):
    """What the library holds of a record: its row, its newest version and that one's bytes; where
    it is shown, and what is shown instead of it, if anything is."""

    record: int
    version: int | None
    from_seq: float
    text_id: int | None
    state: bytes
    place: int
    seen: bytes | None


class _Write(NamedTuple):
    """One version to be written; `seen` is what a person sees, where it is not its state."""

    record: int
    version: int
    from_seq: float
    kind: int
    projection: Projection
    encoded: bytes
    text_id: int | None
    seen: bytes | None = None


class Tally(msgspec.Struct):
    """Running counts, kept so that a snapshot and the status need not count: records by
    `<kind>:<place>`, and the bytes of files in the present."""

    records: dict[str, int] = {}
    file_bytes: int = 0

    def add(self, kind: int, projection: Projection, sign: int) -> None:
        """Counts a version in (+1) or out (-1)."""
        key = _tally_key(kind, projection.place)
        self.records[key] = self.records.get(key, 0) + sign
        if projection.place == PRESENT:
            self.file_bytes += sign * projection.file_bytes

    def add_plain(self, count: int) -> None:
        """Counts so many messages of the present in."""
        key = _tally_key(int(Kind.MESSAGE), PRESENT)
        self.records[key] = self.records.get(key, 0) + count

    def of(self, kind: int, place: int) -> int:
        return self.records.get(_tally_key(int(kind), place), 0)


@lru_cache(maxsize=256)
def _tally_key(kind: int, place: int) -> str:
    return f"{kind}:{place}"


_decode_tally = msgspec.json.Decoder(Tally).decode


class Applied(NamedTuple):
    """What a batch did: records that are new, records that changed."""

    added: int
    changed: int


class Applier:
    """Joins changes into the library. Lives as long as the library is open."""

    def __init__(self, connection: apsw.Connection, roots: RootKeys, numbers: Numbers) -> None:
        self._connection = connection
        self._roots = roots
        self._numbers = numbers
        self.homes = Homes(connection, roots, numbers, self._take_record)
        self.twins = TwinGroups(connection, roots, self.homes.messages)
        self._next_record = self._greatest("record") + 1
        self._next_version = self._greatest("version") + 1
        self._next_text = self._greatest_text() + 1

    def forget(self) -> None:
        """Drops what is remembered of a transaction that was rolled back."""
        self._numbers.forget()
        self.__init__(self._connection, self._roots, self._numbers)  # type: ignore[misc]

    def fetch(self, uids: Sequence[bytes]) -> dict[bytes, Stored]:
        """What the library holds of these records, by id; those it has never seen are absent."""
        found: dict[bytes, Stored] = {}
        for known, wanted in self._numbers.rows(uids):
            rows = self._connection.execute(
                "SELECT record.uid, record.id, version.id, version.from_seq, version.text_id,"
                " version.state, version.place, version.seen"
                f" FROM {known} LEFT JOIN version ON version.id = record.version",
                (wanted,),
            )
            for uid, *row in rows:
                found[uid] = Stored._make(row)
        self._numbers.note_unseen(uid for uid in uids if uid not in found)
        return found

    def apply(self, changes: Iterable[Change], moment: float, kept: float) -> Applied:
        """Joins the changes of a moment; the digest is brought up to date.

        Versions that began at or before the moment `kept` are closed, later ones replaced.
        """
        return self._apply(join_all(self._roots, changes), moment, kept)

    def _apply(self, items: Sequence[Joined], moment: float, kept: float) -> Applied:
        """Joins each record with what is known of it. No record is there twice."""
        records = [item.record for item in items]
        stored = self.fetch(records)
        new_records: list[tuple[int, bytes, int, int]] = []
        fresh: list[_Write] = []
        replaced: list[tuple[_Write, Stored]] = []
        closed: list[tuple[_Write, Stored]] = []
        restated: list[tuple[bytes, int]] = []
        coming, going = DigestSum(self._roots), DigestSum(self._roots)
        tally = self.tally()
        told: dict[int, Twin] = {}
        has_twins = self.twins.may_be_any(item.projection for item in items)
        for uid, kind, projection, encoded in items:
            old = stored.get(uid)
            if old is None or old.version is None:
                coming.add(uid, encoded)
                tally.add(kind, projection, 1)
                record = old.record if old else self._take_record()
                write = self._write(record, moment, kind, projection, encoded)
                fresh.append(write)
                if has_twins and kind == Kind.MESSAGE:
                    told[record] = Twin(uid, decode(encoded), projection)
                if old is None:
                    new_records.append((record, uid, kind, write.version))
                else:
                    self._point(record, write.version)
                continue
            before = decode(old.state)
            after = join(before, decode(encoded))
            state = encode(after)
            if state == old.state:
                continue
            going.add(uid, old.state)
            coming.add(uid, state)
            shown, showing = self._project(uid, before), self._project(uid, after)
            if has_twins and after.kind == Kind.MESSAGE:
                told[old.record] = Twin(uid, after, showing)
            is_itself = old.seen is None
            text_id = old.text_id if is_itself and shown.words == showing.words else None
            if old.from_seq > kept and is_itself and shown == showing and before.kind == after.kind:
                restated.append((state, old.version))
                continue
            tally.add(before.kind, shown._replace(place=old.place), -1)
            tally.add(after.kind, showing, 1)
            if old.from_seq <= kept:
                write = self._write(old.record, moment, after.kind, showing, state, text_id)
                closed.append((write, old))
            else:
                write = self._write(old.record, old.from_seq, after.kind, showing, state, text_id)
                replaced.append((write._replace(version=old.version), old))
        self._store(new_records, fresh, replaced, closed, moment)
        # A reaction or a receipt changes no column that an index has.
        self._connection.executemany("UPDATE version SET state = ? WHERE id = ?", restated)
        self._show_as_one(told, tally, moment, kept)
        self._add_to_digest(coming.total - going.total)
        self._set_fact("tally", msgspec.json.encode(tally))
        return Applied(len(fresh), len(replaced) + len(closed) + len(restated))

    def _show_as_one(
        self, told: Mapping[int, Twin], tally: Tally, moment: float, kept: float
    ) -> None:
        """Writes how messages are shown that are one with others, or were, by what was told."""
        shown = self.twins.tell(told)
        if not shown:
            return
        stored = self.fetch([one.uid for one in shown.values()])
        replaced: list[tuple[_Write, Stored]] = []
        closed: list[tuple[_Write, Stored]] = []
        for one in shown.values():
            old = stored.get(one.uid)
            encoded = None if one.state is None else encode(one.state)
            place = one.projection.place
            if old is None or old.version is None or (old.place, old.seen) == (place, encoded):
                continue
            kind = int(Kind.MESSAGE)
            tally.add(kind, one.projection._replace(place=old.place), -1)
            tally.add(kind, one.projection, 1)
            is_itself = old.seen is None and encoded is None
            text_id = old.text_id if is_itself else None
            from_seq = moment if old.from_seq <= kept else old.from_seq
            write = self._write(old.record, from_seq, kind, one.projection, old.state, text_id)
            write = write._replace(seen=encoded)
            if old.from_seq <= kept:
                closed.append((write, old))
            else:
                replaced.append((write._replace(version=old.version), old))
        self._store([], [], replaced, closed, moment)

    def apply_prepared(self, prepared: Prepared, moment: float, kept: float) -> Applied:
        """The same for changes that were made ready. Messages that are known already are joined;
        all others are written as they are."""
        known = self.fetch(prepared.records)
        if known:
            prepared = prepared.without(known, self._roots)
        count = len(prepared.records)
        if count:
            self._insert_plain(prepared, moment)
            self._add_to_digest(int.from_bytes(prepared.digest, "big"))
            tally = self.tally()
            tally.add_plain(count)
            self._set_fact("tally", msgspec.json.encode(tally))
        if not prepared.others:
            return Applied(count, 0)
        joined = self._apply(prepared.others, moment, kept)
        return Applied(joined.added + count, joined.changed)

    def _insert_plain(self, prepared: Prepared, moment: float) -> None:
        count = len(prepared.records)
        versions = range(self._next_version, self._next_version + count)
        self._next_version = versions.stop
        records, numbered = self._numbered_by_id(prepared.records)
        homes: list[int | None] = [*self.homes.shown(prepared.conversations), None]
        inside = [homes[place] for place in prepared.inside]
        text_ids, worded = self._numbered(prepared.words)
        run = self._connection.executemany
        kind = int(Kind.MESSAGE)
        self._numbers.add(prepared.records, records)
        run(INSERT_RECORD, [(record, uid, kind, versions[at]) for record, uid, at in numbered])
        rows = zip(
            versions,
            records,
            inside,
            prepared.times,
            prepared.orders,
            text_ids,
            prepared.states,
            strict=True,
        )
        run(INSERT_PLAIN.format(moment=float(moment)), rows)
        run(INSERT_WORDS, worded)
        run(INSERT_UNSPACED, [(text_ids[place], words) for place, words in prepared.unspaced])

    def _numbered_by_id(self, uids: list[bytes]) -> tuple[list[int], list[tuple[int, bytes, int]]]:
        """Numbers new records in the order of their ids, which are random: so SQLite walks through
        its index once for all of them. Gives the number of each, and (number, id, place) in that
        order."""
        order = sorted(range(len(uids)), key=uids.__getitem__)
        first, self._next_record = self._next_record, self._next_record + len(uids)
        records = [0] * len(uids)
        for number, at in enumerate(order, first):
            records[at] = number
        return records, [(number, uids[at], at) for number, at in enumerate(order, first)]

    def _numbered(self, words: list[str]) -> tuple[list[int | None], list[tuple[int, str]]]:
        """The row of the text index for each, and those rows; none where there are no words."""
        text_ids: list[int | None] = []
        worded: list[tuple[int, str]] = []
        text_id = self._next_text
        for text in words:
            if text:
                text_ids.append(text_id)
                worded.append((text_id, text))
                text_id += 1
            else:
                text_ids.append(None)
        self._next_text = text_id
        return text_ids, worded

    def is_empty(self) -> bool:
        """Whether no record was ever seen."""
        return self._next_record == 1

    def facts(self) -> dict[str, bytes]:
        """The digest and the running counts as they are kept, to be put back later."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT name, value FROM fact WHERE name IN ('digest', 'tally')"
        )
        return dict(rows)

    def put_facts_back(self, facts: dict[str, bytes]) -> None:
        """The digest and the counts of an earlier moment are those of the head again."""
        self._connection.execute("DELETE FROM fact WHERE name IN ('digest', 'tally')")
        for name, value in facts.items():
            self._set_fact(name, value)

    def digest(self) -> int:
        """The digest of the joined state, every record included."""
        row = self._connection.execute("SELECT value FROM fact WHERE name = 'digest'").fetchone()
        return int.from_bytes(row[0], "big") if row else 0

    def computed_digest(self) -> int:
        """The digest, added up anew from every newest version."""
        rows = self._connection.execute(
            "SELECT record.uid, version.state FROM record"
            " JOIN version ON version.id = record.version"
        )
        return self._sum(rows)

    def _sum(self, rows: Iterable[Any]) -> int:
        return sum(state_term(self._roots, uid, state) for uid, state in rows) % MODULUS

    def digest_at(self, moment: float) -> int:
        """The digest of a moment that is kept, added up from the versions that it shows."""
        rows = self._connection.execute(
            "SELECT record.uid, version.state FROM version"
            " JOIN record ON record.id = version.record WHERE from_seq <= ?1 AND ?1 < to_seq",
            (moment,),
        )
        return self._sum(rows)

    def tally(self) -> Tally:
        """The running counts of the head."""
        row = self._connection.execute("SELECT value FROM fact WHERE name = 'tally'").fetchone()
        return _decode_tally(row[0]) if row else Tally()

    def _project(self, record: bytes, state: State) -> Projection:
        return project_checked(self._roots, record, state)

    def _write(
        self,
        record: int,
        from_seq: float,
        kind: int,
        projection: Projection,
        encoded: bytes,
        text_id: int | None = None,
    ) -> _Write:
        version, self._next_version = self._next_version, self._next_version + 1
        if text_id is None and projection.words:
            text_id, self._next_text = self._next_text, self._next_text + 1
        return _Write(record, version, from_seq, kind, projection, encoded, text_id)

    def _store(
        self,
        new_records: list[tuple[int, bytes, int, int]],
        fresh: list[_Write],
        replaced: list[tuple[_Write, Stored]],
        closed: list[tuple[_Write, Stored]],
        moment: float,
    ) -> None:
        run = self._connection.executemany
        self._numbers.add([uid for _, uid, *_ in new_records], [row[0] for row in new_records])
        run(INSERT_RECORD, new_records)
        run(
            "UPDATE version SET to_seq = ? WHERE id = ?",
            [(moment, old.version) for _, old in closed],
        )
        run(
            "UPDATE record SET version = ? WHERE id = ?",
            [(write.version, write.record) for write, _ in closed],
        )
        self._remove(replaced)
        writes = [*fresh, *(write for write, _ in replaced), *(write for write, _ in closed)]
        self._insert(writes)
        self.homes.tell(
            {write.record: write.projection for write in writes if write.kind == Kind.CONVERSATION}
        )
        known = {old.text_id for _, old in (*replaced, *closed)}
        self._index([write for write in writes if write.text_id not in known])

    def _remove(self, replaced: list[tuple[_Write, Stored]]) -> None:
        """Removes the versions that are written again, and words that no version shows now."""
        run = self._connection.executemany
        versions = [(old.version,) for _, old in replaced]
        run("DELETE FROM version WHERE id = ?", versions)
        run("DELETE FROM also_in WHERE version = ?", versions)
        gone = [
            (old.text_id, old.text_id)
            for write, old in replaced
            if old.text_id is not None and old.text_id != write.text_id
        ]
        for table in ("text_index", "unspaced_index"):
            run(
                f"DELETE FROM {table} WHERE rowid = ?"
                " AND NOT EXISTS (SELECT 1 FROM version WHERE text_id = ?)",
                gone,
            )

    def _insert(self, writes: list[_Write]) -> None:
        rows = []
        others: list[tuple[int, int]] = []
        for write in writes:
            shown = write.projection
            inside = self.homes.of(shown)
            others += [(write.version, conversation) for conversation in inside[1:]]
            rows.append(
                (
                    write.version,
                    write.record,
                    write.from_seq,
                    STILL,
                    write.kind,
                    shown.place,
                    inside[0] if inside else None,
                    shown.time_ns,
                    shown.source_order,
                    write.text_id,
                    shown.is_held,
                    write.encoded,
                    write.seen,
                )
            )
        run = self._connection.executemany
        run(INSERT_VERSION, rows)
        run("INSERT INTO also_in (version, conversation) VALUES (?, ?)", others)

    def _index(self, writes: list[_Write]) -> None:
        run = self._connection.executemany
        texts = [
            (write.text_id, write.projection.words) for write in writes if write.text_id is not None
        ]
        worded = [(text_id, apart(words)) for text_id, words in texts]
        run(INSERT_WORDS, worded)
        unspaced = [(text_id, cut) for text_id, words in texts if (cut := pairs(words))]
        run(INSERT_UNSPACED, unspaced)

    def _point(self, record: int, version: int) -> None:
        self._connection.execute("UPDATE record SET version = ? WHERE id = ?", (version, record))

    def _add_to_digest(self, difference: int) -> None:
        digest = (self.digest() + difference) % MODULUS
        self._set_fact("digest", digest.to_bytes(32, "big"))

    def _set_fact(self, name: str, value: bytes) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (name, value)
        )

    def _take_record(self) -> int:
        taken, self._next_record = self._next_record, self._next_record + 1
        return taken

    def _greatest(self, table: str) -> int:
        row = self._connection.execute(f"SELECT max(id) FROM {table}").fetchone()
        return int(row[0] or 0) if row else 0

    def _greatest_text(self) -> int:
        row = self._connection.execute(
            "SELECT max(text_id) FROM version WHERE text_id IS NOT NULL"
        ).fetchone()
        return int(row[0] or 0) if row else 0
