"""Looking for messages that may be one with new ones: by thread and time, many at once.

One query by the index of conversations answers for a whole batch.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sealwax.crypto.key_tree import RootKeys
from sealwax.library.database import STILL
from sealwax.library.library import Library
from sealwax.library.naming import ids_of
from sealwax.model.record import Kind
from sealwax.model.reference import named_by
from sealwax.model.state import State, decode


class Place(NamedTuple):
    """Where to look: a number to tell the answer by, a reference to a conversation, a time and how
    far from it."""

    number: int
    conversation: str
    time_ns: int
    within_ns: int


class Known(NamedTuple):
    """A message that the library has: the record that is shown for it, whether it is one with
    others, and whether it was there at a moment before."""

    uid: bytes
    state: State
    shown: int
    has_twins: bool
    was_there: bool


def known_near(
    library: Library, roots: RootKeys, namespace: str, places: Sequence[Place], moment: float
) -> dict[int, list[Known]]:
    """The messages that stand at these places, by the places' numbers, in the order of the source;
    places where there are none are absent. References are those of a namespace."""
    homes = _homes(library, roots, namespace, {place.conversation for place in places})
    wanted = [
        (
            place.number,
            homes[place.conversation],
            place.time_ns - place.within_ns,
            place.time_ns + place.within_ns,
        )
        for place in places
        if place.conversation in homes
    ]
    if not wanted:
        return {}
    rows: Iterable[Any] = library.database.connection.execute(
        "SELECT wanted.value ->> 0, record.uid, version.state, version.record, twin_shown.shown,"
        " EXISTS (SELECT 1 FROM version AS old WHERE old.record = version.record"
        " AND old.from_seq <= ?2)"
        " FROM json_each(?1) AS wanted CROSS JOIN version INDEXED BY version_by_conversation"
        " ON version.conversation = wanted.value ->> 1"
        " AND version.time_ns BETWEEN wanted.value ->> 2 AND wanted.value ->> 3"
        f" AND version.to_seq = {STILL} AND version.conversation IS NOT NULL"
        " CROSS JOIN record ON record.id = version.record"
        " LEFT JOIN twin_shown ON twin_shown.record = version.record"
        " ORDER BY wanted.key, version.time_ns, version.source_order, record.uid",
        (json.dumps(wanted), moment),
    )
    found: dict[int, list[Known]] = {}
    for number, uid, state, record, shown, was_there in rows:
        known = Known(uid, decode(state), shown or record, shown is not None, bool(was_there))
        found.setdefault(number, []).append(known)
    return found


def _homes(
    library: Library, roots: RootKeys, namespace: str, references: Iterable[str]
) -> dict[str, int]:
    """The rows that are shown for these conversations; those that nobody knows are absent."""
    listed = sorted(references)
    names = [named_by(reference, namespace) for reference in listed]
    uids = ids_of(roots, Kind.CONVERSATION, names)
    stored = library.applier.fetch(list(dict.fromkeys(uids)))
    return {
        reference: library.read.shown(stored[uid].record)
        for reference, uid in zip(listed, uids, strict=True)
        if uid in stored
    }
