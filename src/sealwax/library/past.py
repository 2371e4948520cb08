"""The states of records as a moment showed them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw

from sealwax.library.library import Library
from sealwax.library.losses import Taken
from sealwax.library.values import pages_of_blobs
from sealwax.model.state import State, decode


def is_unchanged(connection: apsw.Connection, records: Sequence[bytes], moment: float) -> bool:
    """Whether a moment that the library shows has these records as they are now."""
    return not any(
        connection.execute(
            "SELECT 1 FROM carray(?) AS wanted CROSS JOIN record ON record.uid = wanted.value"
            " CROSS JOIN version ON version.id = record.version WHERE version.from_seq > ? LIMIT 1",
            (page, moment),
        ).fetchone()
        for page in pages_of_blobs(records)
    )


def states_at(
    connection: apsw.Connection, records: Sequence[bytes], moment: float
) -> dict[bytes, State]:
    """The states of those of these records of which a moment knew something, by id. The moment has
    to be one that the library shows."""
    found: dict[bytes, State] = {}
    for page in pages_of_blobs(records):
        rows: Iterable[Any] = connection.execute(
            "SELECT record.uid, version.state FROM carray(?) AS wanted"
            " CROSS JOIN record ON record.uid = wanted.value"
            " CROSS JOIN version ON version.record = record.id"
            " WHERE version.from_seq <= ?2 AND version.to_seq > ?2",
            (page, moment),
        )
        found.update((uid, decode(state)) for uid, state in rows)
    return found


def states_before(library: Library, rows: Iterable[Taken]) -> Iterator[tuple[Taken, State]]:
    """What was taken away, each as the moment before that it names shows it; nothing of what names
    a moment that the library does not show."""
    by_moment: dict[int, dict[bytes, Taken]] = {}
    for row in rows:
        by_moment.setdefault(row.moment, {})[row.record] = row
    shown = {pin.moment for pin in library.holdings.pins()} if by_moment else set[float]()
    for moment in by_moment.keys() & shown:
        taken = by_moment[int(moment)]
        then = states_at(library.database.connection, list(taken), moment)
        yield from ((taken[record], state) for record, state in then.items())
