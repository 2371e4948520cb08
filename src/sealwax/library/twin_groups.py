"""Messages that are one, in the library: which records hang together, and what is shown for them.

Which ones are one follows from the newest states alone, whatever order they came in (`twins` has
the rules). What is shown of them is written with their versions, so every query shows it, and a
moment of the past shows what was one then.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import apsw

from sealwax.crypto.key_tree import RootKeys
from sealwax.library.prepared import project_checked
from sealwax.library.project import Projection
from sealwax.library.twins import NOTE_NS, TWINS_LIMIT, Shown, Twin, agree, shown_of
from sealwax.library.values import integers
from sealwax.model.record import Kind
from sealwax.model.state import decode, empty

_Edge: TypeAlias = tuple[int, int]
_NOTHING = empty(Kind.MESSAGE)


class TwinGroups:
    """The messages of one library that are one with others."""

    def __init__(
        self,
        connection: apsw.Connection,
        roots: RootKeys,
        rows_of: Callable[[Sequence[str]], list[int]],
    ) -> None:
        """`rows_of` gives the rows of messages by name, made for those that were never seen."""
        self._connection = connection
        self._roots = roots
        self._rows_of = rows_of
        self._has_any: bool | None = None

    def tell(self, told: Mapping[int, Twin]) -> dict[int, Shown]:
        """Takes in what messages say now, in place of what they said before. Gives how each is
        shown that may be shown otherwise by it: of these, and of those that hang together with
        them."""
        if not self.may_be_any(twin.projection for twin in told.values()):
            return {}
        saying = [record for record, twin in told.items() if twin.projection.aliases]
        touched = {*saying, *self._ends(told)}
        if not touched:
            return {}
        self._has_any = True
        twins = {record: told[record] for record in touched}
        near = self._say(twins)
        before = self._beside([*touched, *near])
        return self._regroup({*touched, *near, *before}, twins)

    def read_again(self, records: Iterable[int]) -> None:
        """The same for messages of which other versions are the newest now: those show already
        what they have to."""
        self._has_any = None
        self.tell(self._twins(records))

    def may_be_any(self, told: Iterable[Projection]) -> bool:
        """Whether any message here, or of these, says anything of another: mostly none does."""
        if self._has_any is None:
            row = self._connection.execute("SELECT EXISTS (SELECT 1 FROM twin)").fetchone()
            self._has_any = bool(row and row[0])
        return self._has_any or any(one.aliases for one in told)

    def _ends(self, records: Iterable[int]) -> set[int]:
        """Those of these that say something of others, or of which others do."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT value FROM carray(?) AS wanted WHERE EXISTS (SELECT 1 FROM twin"
            " WHERE record = value) OR EXISTS (SELECT 1 FROM twin WHERE other = value)",
            (integers(records),),
        )
        return {record for (record,) in rows}

    def _say(self, twins: Mapping[int, Twin]) -> set[int]:
        """Writes what these say, and of each pair whether it holds; gives the other ends."""
        said = {
            record: _bounded(twin.projection.aliases)
            for record, twin in twins.items()
            if twin.projection.aliases
        }
        names = list(dict.fromkeys(name for pairs in said.values() for name, _ in pairs))
        rows = dict(zip(names, self._rows_of(names), strict=True))
        run = self._connection.executemany
        run("DELETE FROM twin WHERE record = ?", [(record,) for record in twins])
        run(
            "INSERT OR REPLACE INTO twin (record, other, is_one, holds) VALUES (?, ?, ?, 0)",
            [
                (record, rows[name], is_one)
                for record, pairs in said.items()
                for name, is_one in pairs
                if rows[name] != record
            ],
        )
        return self._weigh(twins)

    def _weigh(self, twins: Mapping[int, Twin]) -> set[int]:
        """Finds out of each pair of these with others whether it holds: both are near in time, one
        says that they are one, neither that they are two, and they agree."""
        pairs: list[Any] = self._connection.execute(
            "SELECT record, other, is_one FROM twin"
            " WHERE record IN (SELECT value FROM carray(?1))"
            " OR other IN (SELECT value FROM carray(?1))",
            (integers(twins),),
        ).fetchall()
        two = {frozenset((record, other)) for record, other, is_one in pairs if not is_one}
        ends = {end for record, other, _ in pairs for end in (record, other)} - twins.keys()
        times = {record: twin.projection.time_ns for record, twin in twins.items()}
        times |= self._times(ends)
        near = [
            (record, other)
            for record, other, is_one in pairs
            if is_one
            and frozenset((record, other)) not in two
            and _are_near(times[record], times[other])
        ]
        wanted = {end for pair in near for end in pair} - twins.keys()
        all_twins = {**self._twins(wanted), **twins}
        holding = [pair for pair in near if agree(all_twins[pair[0]], all_twins[pair[1]])]
        run = self._connection.executemany
        run("UPDATE twin SET holds = 0 WHERE record = ?1 OR other = ?1", [(one,) for one in twins])
        run("UPDATE twin SET holds = 1 WHERE record = ? AND other = ?", holding)
        return ends

    def _times(self, records: Iterable[int]) -> dict[int, int | None]:
        rows: Iterable[Any] = self._connection.execute(
            "SELECT record.id, version.time_ns FROM carray(?) AS wanted CROSS JOIN record"
            " ON record.id = wanted.value LEFT JOIN version ON version.id = record.version",
            (integers(records),),
        )
        return dict(rows)

    def _twins(self, records: Iterable[int]) -> dict[int, Twin]:
        """These messages as they are in the library now, each by itself."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT record.id, record.uid, version.state FROM carray(?) AS wanted CROSS JOIN record"
            " ON record.id = wanted.value LEFT JOIN version ON version.id = record.version",
            (integers(records),),
        )
        found: dict[int, Twin] = {}
        for record, uid, encoded in rows:
            state = decode(encoded) if encoded is not None else _NOTHING
            found[record] = Twin(uid, state, project_checked(self._roots, uid, state))
        return found

    def _beside(self, records: Iterable[int]) -> set[int]:
        """Those that were shown as one with any of these."""
        rows: Iterable[Any] = self._connection.execute(
            "SELECT beside.record FROM carray(?) AS wanted"
            " CROSS JOIN twin_shown ON twin_shown.record = wanted.value"
            " JOIN twin_shown AS beside ON beside.shown = twin_shown.shown",
            (integers(records),),
        )
        return {record for (record,) in rows}

    def _regroup(self, records: set[int], told: Mapping[int, Twin]) -> dict[int, Shown]:
        """Groups anew these and all that hang together with them."""
        edges = self._holding(records)
        every = {*records, *(end for pair in edges for end in pair)}
        twins = {**self._twins(every - told.keys()), **told}
        shown = shown_of(twins, edges, set())
        run = self._connection.executemany
        run("DELETE FROM twin_shown WHERE record = ?", [(record,) for record in every])
        joined = [
            (record, one.beside)
            for record, one in shown.items()
            if one.beside != record or one.state is not None
        ]
        run("INSERT INTO twin_shown (record, shown) VALUES (?, ?)", joined)
        return shown

    def _holding(self, records: Iterable[int]) -> list[_Edge]:
        """The pairs that hold, of these and of all that are reached over such pairs."""
        rows: Iterable[Any] = self._connection.execute(
            "WITH RECURSIVE near (record) AS (SELECT value FROM carray(?)"
            " UNION SELECT twin.other FROM near JOIN twin ON twin.record = near.record"
            " WHERE twin.holds = 1"
            " UNION SELECT twin.record FROM near JOIN twin ON twin.other = near.record"
            " WHERE twin.holds = 1)"
            " SELECT twin.record, twin.other FROM near JOIN twin ON twin.record = near.record"
            " WHERE twin.holds = 1",
            (integers(records),),
        )
        return list(rows)


def _are_near(one: int | None, other: int | None) -> bool:
    """Whether two messages may be one by their times; nobody knows that of a stub's."""
    return one is None or other is None or abs(one - other) <= NOTE_NS


def _bounded(said: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """All that are two by its word, and so many that are one as can be."""
    two = [pair for pair in said if not pair[1]]
    return [*two, *[pair for pair in said if pair[1]][:TWINS_LIMIT]]
