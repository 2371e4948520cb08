"""Which messages a command means: SELECT of the command line as data, and as SQL.

A moment is the seq whose state is meant, or a step between two seqs: see `tail`.
"""

from typing import Any, NamedTuple

from sealwax.library.project import NOT_YET_NS, PRESENT, TRASH


class Selection(NamedTuple):
    """All given conditions hold at once; an empty selection means everything.

    `conversations` and `messages` are record rows, `people` canonical addresses (from
    them, or to them alone), times are
    nanoseconds since 1970 (`since_ns` inclusive, `until_ns` exclusive).
    """

    conversations: tuple[int, ...] = ()
    messages: tuple[int, ...] = ()
    people: tuple[str, ...] = ()
    since_ns: int | None = None
    until_ns: int | None = None
    larger_than_bytes: int | None = None

    @property
    def is_everything(self) -> bool:
        return self == Selection()


class Moment(NamedTuple):
    """A point of the history, and which of its records: its present, its trash, or both."""

    seq: float
    places: tuple[int, ...] = (PRESENT,)


ANYWHERE = (PRESENT, TRASH)
Key = tuple[int, int, int]
"""Where a message stands: (time in ns, the source's order, record)."""
FIRST_ORDER = -(2**63)
"""Before every order of a source."""
KEY = "(version.time_ns, version.source_order, version.record)"
NEWEST_FIRST = "version.time_ns DESC, version.source_order DESC, version.record DESC"
SEEN = "coalesce(version.seen, version.state)"
"""The state that a version shows: of a message that is shown for others, too, the one of all."""
IS_SENT = f"version.time_ns < {NOT_YET_NS}"
SENT_NS = f"CASE WHEN {IS_SENT} THEN version.time_ns ELSE 0 END"


def _marks(values: tuple[Any, ...]) -> str:
    return ", ".join("?" * len(values))


def at_moment(moment: Moment, table: str = "version") -> tuple[str, list[Any]]:
    """The condition that a version is valid at a moment, with its parameters."""
    sql = (
        f"{table}.from_seq <= ? AND {table}.to_seq > ?"
        f" AND {table}.place IN ({_marks(moment.places)})"
    )
    return sql, [moment.seq, moment.seq, *moment.places]


def page_key(selection: Selection) -> str:
    """What pages of a query are cut by: the number of the record. The plus keeps SQLite from
    walking all records in their order where the selection names few of them."""
    return "+version.record" if selection.conversations or selection.messages else "version.record"


def chosen(selection: Selection) -> tuple[str, list[Any]]:
    """The condition that a message's version is selected, with its parameters."""
    conditions: list[str] = ["TRUE"]
    values: list[Any] = []
    if selection.conversations:
        marks = _marks(selection.conversations)
        conditions.append(
            f"version.id IN (SELECT id FROM version WHERE conversation IN ({marks})"
            f" UNION ALL SELECT version FROM also_in WHERE conversation IN ({marks}))"
        )
        values += [*selection.conversations, *selection.conversations]
    if selection.messages:
        conditions.append(f"version.record IN ({_marks(selection.messages)})")
        values += selection.messages
    if selection.since_ns is not None:
        conditions.append("version.time_ns >= ?")
        values.append(selection.since_ns)
    if selection.until_ns is not None:
        conditions.append("version.time_ns < ?")
        values.append(selection.until_ns)
    return " AND ".join(conditions), values
