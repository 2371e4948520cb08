"""Conversations that are one: which rows the aliases of their states join, and which one is shown.

Two records are one where one of them says so and neither says that they are two; and so are all
that are joined in steps. Of those, the one with the least id is shown, among those of which
anything is known. Messages stand in the conversation that is shown, at every moment that is kept:
what is joined now was one conversation then, too. All of it follows from the newest states alone,
whatever order they came in.

Implements "Aliases" of docs/format.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import apsw

from sealwax.library.values import integers
from sealwax.model.state import State, decode

Told: TypeAlias = Mapping[int, Sequence[tuple[int, bool]]]
"""What records say now: by the record, others, and whether they are one with it."""
ROWS_TOGETHER = 2_000
_NEAR = (
    "WITH RECURSIVE near (record) AS (SELECT value FROM carray(?)"
    " UNION SELECT alias.other FROM near JOIN alias ON alias.record = near.record"
    " UNION SELECT alias.record FROM near JOIN alias ON alias.other = near.record"
    " UNION SELECT beside.record FROM near JOIN shown_as ON shown_as.record = near.record"
    " JOIN shown_as AS beside ON beside.shown = shown_as.shown)"
)


class Aliases:
    """Which conversation is shown for which; of one library."""

    def __init__(
        self, connection: apsw.Connection, place_again: Callable[[Sequence[int]], None]
    ) -> None:
        """`place_again` finds the conversations of the messages in these anew."""
        self._connection = connection
        self._place_again = place_again
        self._shown: dict[int, int] | None = None

    def shown(self, record: int) -> int:
        """The conversation that is shown for one: mostly itself. Those that are joined are few."""
        if self._shown is None:
            self._shown = shown_as(self._connection)
        return self._shown.get(record, record)

    def tell(self, told: Told) -> None:
        """Takes in what conversations say now, in place of what they said before; the messages of
        those that are joined or parted by it move."""
        changed = {record: sorted(set(others)) for record, others in told.items()}
        if not any(changed.values()) and not self._are_any():
            return
        run = self._connection.executemany
        run("DELETE FROM alias WHERE record = ?", [(record,) for record in changed])
        run(
            "INSERT OR REPLACE INTO alias (record, other, is_one) VALUES (?, ?, ?)",
            [(record, *other) for record, others in changed.items() for other in others],
        )
        near = sorted({*changed, *(other for said in changed.values() for other, _ in said)})
        self._regroup(near)

    def _are_any(self) -> bool:
        row = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM alias) OR EXISTS (SELECT 1 FROM shown_as)"
        ).fetchone()
        return bool(row and row[0])

    def _regroup(self, changed: Sequence[int]) -> None:
        """Groups anew all that hangs together with these."""
        rows: list[Any] = self._connection.execute(
            f"{_NEAR} SELECT near.record, record.uid, record.version IS NOT NULL, shown_as.shown"
            " FROM near JOIN record ON record.id = near.record"
            " LEFT JOIN shown_as ON shown_as.record = near.record",
            (integers(changed),),
        ).fetchall()
        order = {record: (not is_known, uid) for record, uid, is_known, _ in rows}
        before = {record: shown or record for record, _, _, shown in rows}
        after: dict[int, int] = {}
        joined: list[tuple[int, int]] = []
        for group in groups(order, *self._edges(sorted(order))):
            shown = min(group, key=order.__getitem__)
            after.update(dict.fromkeys(group, shown))
            joined += [(record, shown) for record in group if len(group) > 1]
        run = self._connection.executemany
        run("DELETE FROM shown_as WHERE record = ?", [(record,) for record in order])
        run("INSERT INTO shown_as (record, shown) VALUES (?, ?)", joined)
        self._shown = None
        self._move(before, after)

    def _edges(self, records: Sequence[int]) -> tuple[list[tuple[int, int]], set[tuple[int, int]]]:
        """The pairs that are one by anyone's word, and those that are two by anyone's."""
        rows: list[Any] = self._connection.execute(
            "SELECT alias.record, alias.other, alias.is_one FROM carray(?) AS wanted"
            " CROSS JOIN alias ON alias.record = wanted.value",
            (integers(records),),
        ).fetchall()
        one = [(record, other) for record, other, is_one in rows if is_one]
        two = {(record, other) for record, other, is_one in rows if not is_one}
        return one, two

    def _move(self, before: Mapping[int, int], after: Mapping[int, int]) -> None:
        """Has the messages follow the conversations that are shown for others now."""
        homes: dict[int, set[int]] = {}
        for record, shown in before.items():
            homes.setdefault(shown, set()).add(after[record])
        moved = [(home, *now) for home, now in homes.items() if len(now) == 1 and now != {home}]
        run = self._connection.executemany
        run(
            "UPDATE version SET conversation = ?2 WHERE conversation = ?1",
            moved,
        )
        run(
            "INSERT OR IGNORE INTO also_in (version, conversation)"
            " SELECT version, ?2 FROM also_in WHERE conversation = ?1",
            moved,
        )
        run("DELETE FROM also_in WHERE conversation = ?1", [(home,) for home, _ in moved])
        run(
            "DELETE FROM also_in WHERE conversation = ?1 AND EXISTS (SELECT 1 FROM version"
            " WHERE version.id = also_in.version AND version.conversation = ?1)",
            [(now,) for _, now in moved],
        )
        parted = sorted(home for home, now in homes.items() if len(now) > 1)
        if parted:
            self._place_again(parted)


def shown_as(connection: apsw.Connection) -> dict[int, int]:
    """The conversation that is shown for each that is joined with others, itself included."""
    rows: Iterable[Any] = connection.execute("SELECT record, shown FROM shown_as")
    return dict(rows)


def messages_in(
    connection: apsw.Connection, conversations: Sequence[int]
) -> Iterator[list[tuple[int, bytes, State]]]:
    """All versions of the messages in these conversations, as (version, record's id, state), some
    at a time."""
    last = 0
    while True:
        rows: list[Any] = connection.execute(
            "SELECT version.id, record.uid, coalesce(version.seen, version.state) FROM version"
            " JOIN record ON record.id = version.record WHERE version.id > ?2"
            " AND version.id IN (SELECT id FROM version WHERE conversation IN"
            " (SELECT value FROM carray(?1)) UNION SELECT version FROM also_in"
            " WHERE conversation IN (SELECT value FROM carray(?1)))"
            " ORDER BY version.id LIMIT ?3",
            (integers(conversations), last, ROWS_TOGETHER),
        ).fetchall()
        yield [(version, uid, decode(state)) for version, uid, state in rows]
        if len(rows) < ROWS_TOGETHER:
            return
        last = rows[-1][0]


def groups(
    records: Iterable[int], one: Iterable[tuple[int, int]], two: set[tuple[int, int]]
) -> list[list[int]]:
    """The records in groups of those that are one; a pair that is two by anyone's word is joined
    by no word, though it may be by others that both are one with."""
    above = {record: record for record in records}

    def top(record: int) -> int:
        while above[record] != record:
            above[record] = record = above[above[record]]
        return record

    for left, right in one:
        if (left, right) not in two and (right, left) not in two:
            above[top(left)] = top(right)
    found: dict[int, list[int]] = {}
    for record in above:
        found.setdefault(top(record), []).append(record)
    return list(found.values())
