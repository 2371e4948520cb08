"""The tail: what this device wrote into its own zone and the messages zone does not hold yet.

It stands on the head of the messages zone, at moments between that head's seq and the next one:
`seq + steps * STEP`. Numbers of this size and precision are exact. When the messages zone goes on,
the tail is taken off first: what a pin of the own zone shows of it stays where it is, everything
else is as it was before. What the tail says is then written to the messages zone, or put on again,
at later steps: none is taken twice, for a pin may show it.
"""

from collections.abc import Iterable
from typing import Any

import apsw
import msgspec

from sealwax.library.apply import Applier
from sealwax.library.database import STILL
from sealwax.library.folding import KEPT
from sealwax.model.record import Kind

STEPS = 2**20
STEP = 1 / STEPS
"""A tail has at most so many steps; a seq below 2^32 and a step fit a number exactly."""
_IN_TAIL = "from_seq <> CAST(from_seq AS INTEGER) AND from_seq > :floor"


class _Steps(msgspec.Struct, frozen=True):
    """How many steps were taken on a seq; with how many the tail that is there began, and what was
    counted before it (None where no tail is there)."""

    base_seq: int
    steps: int
    began: int
    facts: dict[str, bytes] | None


_decode = msgspec.msgpack.Decoder(_Steps).decode


class Tail:
    """The tail of one library."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def is_there(self) -> bool:
        return self._steps().facts is not None

    def moment(self, head_seq: int) -> float:
        """The moment that shows the present."""
        taken = self._steps()
        return head_seq + taken.steps * STEP if taken.base_seq == head_seq else head_seq

    def floor(self, head_seq: int) -> float:
        """The moment that shows what the tail stands on; without one, the present."""
        taken = self._steps()
        return self.moment(head_seq) if taken.facts is None else head_seq + taken.began * STEP

    def next_step(self, head_seq: int, applier: Applier) -> float:
        """Takes the next step; inside a transaction."""
        taken = self._steps()
        assert taken.facts is None or taken.base_seq == head_seq
        if taken.facts is None:
            began = taken.steps if taken.base_seq == head_seq else 0
            taken = _Steps(head_seq, began, began, applier.facts())
        steps = taken.steps + 1
        assert steps < STEPS - 1
        self._keep(_Steps(head_seq, steps, taken.began, taken.facts))
        return head_seq + steps * STEP

    def counts(self, head_seq: int) -> dict[int, int]:
        """How many records of each kind the tail tells of."""
        floor = self.floor(head_seq)
        if not self.is_there():
            return {}
        rows: Iterable[Any] = self._connection.execute(
            f"SELECT kind, count(DISTINCT record) FROM version WHERE {_IN_TAIL} GROUP BY kind",
            {"floor": floor},
        )
        return dict(rows)

    def strip(self, head_seq: int, applier: Applier) -> None:
        """Takes it off, inside a transaction."""
        taken = self._steps()
        assert taken.facts is not None and taken.base_seq == head_seq
        cut = taken.steps + 1
        bound = {
            "floor": head_seq + taken.began * STEP,
            "cut": head_seq + cut * STEP,
            "still": STILL,
        }
        run = self._connection.execute
        run("CREATE TEMP TABLE IF NOT EXISTS tail_record (record INTEGER PRIMARY KEY) STRICT")
        run("DELETE FROM tail_record")
        run(f"INSERT INTO tail_record SELECT DISTINCT record FROM version WHERE {_IN_TAIL}", bound)
        texts = run(
            f"SELECT DISTINCT text_id, text_id FROM version WHERE {_IN_TAIL} AND NOT {KEPT}"
            " AND text_id IS NOT NULL",
            bound,
        ).fetchall()
        gone = f"SELECT id FROM version WHERE {_IN_TAIL} AND NOT {KEPT}"
        run(f"DELETE FROM also_in WHERE version IN ({gone})", bound)
        run(f"DELETE FROM version WHERE id IN ({gone})", bound)
        run(f"UPDATE version SET to_seq = :cut WHERE {_IN_TAIL} AND to_seq > :cut", bound)
        self._bring_back(bound)
        self._forget_texts(texts)
        of_kind = (
            "SELECT record FROM tail_record JOIN record ON record.id = tail_record.record"
            " WHERE record.kind = ?"
        )
        conversations: list[Any] = run(of_kind, (int(Kind.CONVERSATION),)).fetchall()
        applier.homes.read_again(record for (record,) in conversations)
        messages: list[Any] = run(of_kind, (int(Kind.MESSAGE),)).fetchall()
        applier.twins.read_again(record for (record,) in messages)
        run("DELETE FROM tail_record")
        applier.put_facts_back(taken.facts)
        self._keep(_Steps(head_seq, cut, cut, None))

    def _bring_back(self, bound: dict[str, Any]) -> None:
        """What the head of the messages zone shows is the newest again."""
        run = self._connection.execute
        at_base = (
            "version.from_seq <= :floor AND version.to_seq > :floor AND version.to_seq < :still"
            " AND version.record IN (SELECT record FROM tail_record)"
        )
        # Where a pin goes on showing what stood on it, a version is written twice: for the time
        # before, and for the time from now on.
        shared = (
            "EXISTS (SELECT 1 FROM version AS pinned WHERE pinned.record = version.record"
            " AND pinned.from_seq > :floor)"
        )
        columns = (
            "record, kind, place, conversation, time_ns, source_order, text_id, is_held, state,"
            " seen"
        )
        row = run("SELECT coalesce(max(id), 0) FROM version").fetchone()
        assert row is not None
        twice = {**bound, "last": row[0]}
        run(
            f"INSERT INTO version (id, from_seq, to_seq, {columns})"
            " SELECT :last + row_number() OVER (ORDER BY id), :cut, :still,"
            f" {columns} FROM version WHERE {at_base} AND {shared}",
            twice,
        )
        run(
            "INSERT INTO also_in (version, conversation) SELECT fresh.id, also_in.conversation"
            " FROM version AS fresh JOIN version ON version.record = fresh.record"
            f" JOIN also_in ON also_in.version = version.id WHERE fresh.id > :last AND {at_base}",
            twice,
        )
        run(f"UPDATE version SET to_seq = :still WHERE {at_base} AND NOT {shared}", bound)
        run(
            "UPDATE record SET version = (SELECT id FROM version WHERE version.record = record.id"
            " AND version.to_seq = :still) WHERE id IN (SELECT record FROM tail_record)",
            bound,
        )

    def _forget_texts(self, texts: list[Any]) -> None:
        for table in ("text_index", "unspaced_index"):
            self._connection.executemany(
                f"DELETE FROM {table} WHERE rowid = ?"
                " AND NOT EXISTS (SELECT 1 FROM version WHERE text_id = ?)",
                texts,
            )

    def _steps(self) -> _Steps:
        row = self._connection.execute("SELECT value FROM fact WHERE name = 'tail'").fetchone()
        return _decode(row[0]) if row else _Steps(-1, 0, 0, None)

    def _keep(self, steps: _Steps) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO fact (name, value) VALUES ('tail', ?)",
            (msgspec.msgpack.encode(steps),),
        )
