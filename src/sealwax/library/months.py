"""How many messages of a conversation there are in each month, read off one index."""

import datetime
from collections import Counter
from typing import Any, NamedTuple

import apsw

from sealwax.library.select import IS_SENT, Moment, at_moment

DAY_NS = 24 * 60 * 60 * 1_000_000_000
_EPOCH = datetime.date(1970, 1, 1)
_LAST_DAY = (datetime.date.max - _EPOCH).days
_FIRST_DAY = (datetime.date.min - _EPOCH).days


class Month(NamedTuple):
    """A month (UTC) with messages, and how many."""

    year: int
    month: int
    messages: int


def months(connection: apsw.Connection, conversation: int, moment: Moment) -> list[Month]:
    """The months in which a conversation has messages at a moment, oldest first."""
    condition, values = at_moment(moment)
    rows: list[Any] = connection.execute(
        f"SELECT version.time_ns / {DAY_NS}, count(*) FROM version INDEXED BY"
        f" version_by_conversation WHERE version.conversation = ? AND {condition}"
        f" AND {IS_SENT} GROUP BY 1 UNION ALL"
        f" SELECT version.time_ns / {DAY_NS}, count(*) FROM also_in JOIN version"
        f" ON version.id = also_in.version WHERE also_in.conversation = ? AND {condition}"
        f" AND {IS_SENT} GROUP BY 1",
        [conversation, *values, conversation, *values],
    ).fetchall()
    counted: Counter[tuple[int, int]] = Counter()
    for day, number in rows:
        date = _EPOCH + datetime.timedelta(days=min(max(day, _FIRST_DAY), _LAST_DAY))
        counted[date.year, date.month] += number
    return [Month(*key, counted[key]) for key in sorted(counted)]
