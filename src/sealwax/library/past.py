"""The states of records as a moment showed them."""

from collections.abc import Iterable, Sequence
from typing import Any

import apsw

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
