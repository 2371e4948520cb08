"""The conversations of a moment in the order of their newest messages, without counting any.

A count walks every message; a list needs only the newest one of each conversation, which the index
of conversations gives at once.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import apsw

from sealwax.library.conversation import ConversationView, conversation_view, nameless
from sealwax.library.query import Reader
from sealwax.library.select import IS_SENT, NEWEST_FIRST, SEEN, Moment, at_moment
from sealwax.library.values import integers
from sealwax.library.view import MessageView, message_view
from sealwax.model.state import decode


class Recent(NamedTuple):
    """A conversation with the version of its newest message, None where it has none; its view
    counts no messages."""

    view: ConversationView
    newest_version: int | None


def recent(connection: apsw.Connection, reader: Reader, moment: Moment) -> list[Recent]:
    """The conversations that have messages at a moment, newest first, then those that are empty."""
    rows = reader.conversation_rows(moment)
    newest = _newest(connection, _homes(connection), moment)
    names = reader.names(moment)
    found = []
    for row in rows:
        version, time_ns = newest.pop(row.record, (None, 0))
        if version is not None or reader.stands_alone(row, moment):
            view = conversation_view(row.record, row.state, names, (0, time_ns))
            found.append(Recent(view, version))
    found += [
        Recent(nameless(record, (0, time_ns)), version)
        for record, (version, time_ns) in newest.items()
    ]
    return sorted(found, key=lambda item: (-item.view.newest_ns, -item.view.record))


def newest_messages(connection: apsw.Connection, found: Iterable[Recent]) -> dict[int, MessageView]:
    """The newest message of each conversation, by the conversation's record."""
    versions = {item.newest_version: item.view.record for item in found if item.newest_version}
    rows: Iterable[Any] = connection.execute(
        f"SELECT id, record, conversation, {SEEN} FROM version"
        " WHERE id IN (SELECT value FROM carray(?))",
        (integers(versions),),
    )
    return {
        versions[version]: message_view(record, conversation, decode(state))
        for version, record, conversation, state in rows
    }


def _homes(connection: apsw.Connection) -> list[int]:
    """The conversations that messages are in at any moment, whatever else is known of them: a step
    through the index for each."""
    rows: Iterable[Any] = connection.execute(
        "WITH RECURSIVE home (record) AS (SELECT min(conversation) FROM version"
        " WHERE conversation IS NOT NULL UNION ALL SELECT (SELECT min(conversation) FROM version"
        " WHERE conversation > home.record) FROM home WHERE home.record IS NOT NULL)"
        " SELECT record FROM home WHERE record IS NOT NULL"
    )
    return [record for (record,) in rows]


def _newest(
    connection: apsw.Connection, conversations: Sequence[int], moment: Moment
) -> dict[int, tuple[int | None, int]]:
    """The version and the time of the newest message of each conversation that has one."""
    condition, values = at_moment(moment)
    rows: Iterable[Any] = connection.execute(
        "SELECT wanted.value, version.id, version.time_ns FROM carray(?) AS wanted CROSS JOIN"
        " version ON version.id = (SELECT version.id FROM version INDEXED BY"
        f" version_by_conversation WHERE version.conversation = wanted.value AND {condition}"
        f" AND {IS_SENT} ORDER BY {NEWEST_FIRST} LIMIT 1)",
        [integers(conversations), *values],
    )
    found: dict[int, tuple[int | None, int]] = {
        conversation: (version, time_ns or 0) for conversation, version, time_ns in rows
    }
    # Few messages are in more than one conversation.
    shared: Iterable[Any] = connection.execute(
        "SELECT also_in.conversation, version.id, max(version.time_ns) FROM also_in"
        f" JOIN version ON version.id = also_in.version WHERE {condition} AND {IS_SENT} GROUP BY 1",
        values,
    )
    for conversation, version, time_ns in shared:
        if (time_ns or 0) > found.get(conversation, (None, -1))[1]:
            found[conversation] = (version, time_ns or 0)
    return found
