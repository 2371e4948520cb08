"""What two moments show otherwise: single messages as they are later, and how many by
conversation."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import apsw

from sealwax.library.select import SEEN, Moment, at_moment
from sealwax.library.values import integers
from sealwax.library.view import MessageView, message_view
from sealwax.model.state import decode


class Counted(NamedTuple):
    """Messages of a conversation that only the later moment shows, only the earlier one, or both
    but differently."""

    conversation: int
    added: int
    removed: int
    changed: int


def messages_at(
    connection: apsw.Connection, records: Iterable[int], moment: Moment
) -> dict[int, MessageView]:
    """These messages as a moment shows them; those that it does not show are absent."""
    condition, values = at_moment(moment)
    rows: Iterable[Any] = connection.execute(
        f"SELECT version.record, version.conversation, {SEEN} FROM carray(?) AS wanted"
        f" CROSS JOIN version ON version.record = wanted.value AND version.kind = 2"
        f" AND {condition}",
        [integers(records), *values],
    )
    return {
        record: message_view(record, conversation, decode(state))
        for record, conversation, state in rows
    }


def changed_records(
    connection: apsw.Connection, records: Iterable[int], then: Moment, now: Moment
) -> list[int]:
    """Those of these records of which a version is at one of the moments only."""
    was, was_values = at_moment(then)
    is_now, now_values = at_moment(now)
    rows: Iterable[Any] = connection.execute(
        "SELECT DISTINCT version.record FROM carray(?) AS wanted CROSS JOIN version"
        f" ON version.record = wanted.value AND ({was}) <> ({is_now})",
        [integers(records), *was_values, *now_values],
    )
    return [record for (record,) in rows]


def count_changes(connection: apsw.Connection, then: Moment, now: Moment) -> list[Counted]:
    """How many messages of each conversation differ between two moments, most first.

    The index of conversations tells which versions only one of the moments has; the table is read
    for those alone.
    """
    was, was_values = at_moment(then)
    is_now, now_values = at_moment(now)
    rows: Iterable[Any] = connection.execute(
        "SELECT conversation, sum(is_now AND NOT was), sum(was AND NOT is_now),"
        " sum(was AND is_now) FROM (SELECT max(conversation) AS conversation, max(was) AS was,"
        " max(is_now) AS is_now FROM (SELECT version.conversation, version.record,"
        f" ({was}) AS was, ({is_now}) AS is_now FROM version INDEXED BY version_by_conversation"
        f" WHERE version.conversation IS NOT NULL AND ({was}) <> ({is_now})) GROUP BY record)"
        " GROUP BY 1",
        [*was_values, *now_values, *was_values, *now_values],
    )
    found = [Counted(*row) for row in rows]
    return sorted(found, key=lambda item: -(item.added + item.removed + item.changed))
