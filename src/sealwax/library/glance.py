"""A quick search for someone who is still typing: among the texts that were kept last.

A word of two letters is in hundreds of thousands of messages. The full-text index gives its newest
rows without looking at the rest; only those are put in order. Words are first taken as they stand:
to find all that a common one goes on to takes ten times as long.
"""

from typing import Any, Literal, NamedTuple

import apsw

from sealwax.library.search import Hit, Query, matching, parse_query
from sealwax.library.select import NEWEST_FIRST, SEEN, Moment, Selection, at_moment, chosen
from sealwax.library.values import integers
from sealwax.library.view import message_view
from sealwax.model.state import decode

TEXTS_LIMIT = 800
OPENS: tuple[Literal["none", "last", "every"], ...] = ("none", "last", "every")
"""Which words may go on, from the quickest question to the one that finds all."""


class Glance(NamedTuple):
    """What a quick look found, newest first; `is_partial` when there may be more, or newer ones."""

    hits: list[Hit]
    is_partial: bool


def glance(
    connection: apsw.Connection, words: str, moment: Moment, selection: Selection, limit: int
) -> Glance:
    """The newest messages at a moment that hold the words, of the TEXTS_LIMIT texts kept last.

    Of a selection, conversations, messages and times are looked at.
    """
    words = _settled(words)
    if not any(parse_query(words)):
        return Glance([], False)
    texts: list[Any] = []
    for query in dict.fromkeys(parse_query(words, opens) for opens in OPENS):
        texts = _newest_texts(connection, query)
        if len(texts) == TEXTS_LIMIT:
            break
    condition, at_values = at_moment(moment)
    wanted, wanted_values = chosen(selection)
    rows: list[Any] = connection.execute(
        f"SELECT version.record, version.conversation, {SEEN}, version.from_seq"
        " FROM version WHERE version.id IN (SELECT version.id FROM version INDEXED BY"
        " version_by_text WHERE version.text_id IN (SELECT value FROM carray(?))"
        f" AND version.text_id IS NOT NULL AND {condition} AND {wanted}"
        f" ORDER BY {NEWEST_FIRST} LIMIT ?) ORDER BY {NEWEST_FIRST}",
        [integers(text for (text,) in texts), *at_values, *wanted_values, limit],
    ).fetchall()
    hits = [
        Hit(message_view(record, conversation, decode(state)), seq)
        for record, conversation, state, seq in rows
    ]
    return Glance(hits, len(texts) == TEXTS_LIMIT)


def _newest_texts(connection: apsw.Connection, query: Query) -> list[Any]:
    matches, values = matching(query)
    return connection.execute(
        f"SELECT rowid FROM ({matches}) ORDER BY rowid DESC LIMIT ?", [*values, TEXTS_LIMIT]
    ).fetchall()


def _settled(words: str) -> str:
    """Without a last word of which one letter is typed: nearly every message has such a word."""
    *before, last = words.split() or [""]
    return " ".join(before) if before and len(last) == 1 and last.isascii() else words
