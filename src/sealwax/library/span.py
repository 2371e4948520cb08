"""From when to when the messages of a moment are."""

from typing import NamedTuple

import apsw

from sealwax.library.select import IS_SENT, Moment, at_moment
from sealwax.model.record import Kind


class Span(NamedTuple):
    """When the oldest and the newest message was sent, in ns since 1970; those without a date are
    left out."""

    oldest_ns: int
    newest_ns: int


def span(connection: apsw.Connection, moment: Moment) -> Span | None:
    """The span of the messages of a moment; none where none of them has a date."""
    condition, values = at_moment(moment)
    row = connection.execute(
        "SELECT min(version.time_ns), max(version.time_ns) FROM version"
        f" WHERE version.kind = ? AND version.time_ns <> 0 AND {IS_SENT} AND {condition}",
        [int(Kind.MESSAGE), *values],
    ).fetchone()
    assert row is not None
    oldest_ns, newest_ns = row
    return Span(oldest_ns, newest_ns) if oldest_ns is not None else None
