"""Full-text search over all words of all versions: any script, earlier wordings, the trash."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal, NamedTuple

import apsw

from sealwax.library.database import STILL
from sealwax.library.numbers import has_index
from sealwax.library.script import apart, runs
from sealwax.library.select import NEWEST_FIRST, SEEN, Moment, Selection, at_moment, chosen
from sealwax.library.values import integers
from sealwax.library.view import MessageView, message_view
from sealwax.model.state import State, decode

WORDS_LIMIT = 32
QUERY_CHARACTERS_LIMIT = 1_000
_PAGE_HITS = 256
COMMON = 2_000
"""Words in so many texts are common."""
WALKED_ROWS, WALKS = 1_000, 8
WIDE_SPAN = 50_000
BY_TIME = "version_by_time"
"""Not there while the library is being filled."""
_GROUP = "GROUP BY version.record"
_WORD = re.compile(r'"([^"]*)"|(\S+)')


class Hit(NamedTuple):
    """A message that was found."""

    message: MessageView
    seq: float


class Query(NamedTuple):
    """A search as the two indexes understand it; an empty string asks nothing of that index."""

    spaced: str
    unspaced: str


def parse_query(words: str, opens: Literal["every", "last", "none"] = "every") -> Query:
    """Turns what a person typed into a query: every word must occur, words in double quotes stand
    side by side. `opens` says which of the others may go on in the text. Nothing typed is ever a
    syntax error."""
    spaced: list[tuple[str, bool]] = []
    unspaced: list[str] = []
    for quoted, bare in _WORD.findall(words[:QUERY_CHARACTERS_LIMIT])[:WORDS_LIMIT]:
        found, rest = runs(quoted or bare)
        unspaced += [_phrase_of_pairs(run) for run in found]
        rest = apart(rest)
        pieces = rest.split() if bare else [rest]
        spaced += [(piece, bool(bare)) for piece in pieces if _has_token(piece)]
    last = len(spaced) - 1
    phrases = [
        _phrase(piece, is_open and (opens == "every" or (opens == "last" and at == last)))
        for at, (piece, is_open) in enumerate(spaced)
    ]
    return Query(" AND ".join(phrases), " AND ".join(unspaced))


def search(
    connection: apsw.Connection,
    words: str,
    moment: Moment | None,
    selection: Selection,
    is_chosen: Callable[[int, int | None, State], bool],
    limit: int,
    is_present: bool = False,
) -> list[Hit]:
    """The newest messages that hold the words, at a moment or (None) at all kept moments.

    `is_present` says that nothing is newer than the moment.

    With no moment, each message is given once, by its newest version that holds the words.
    `is_chosen` tells of a record, its conversation and its state what the selection's conditions
    say that SQL does not see.
    """
    query = parse_query(words)
    if query == Query("", ""):
        return []
    found = None
    is_walk = moment is not None and is_present and selection.is_everything
    if moment and is_walk and has_index(connection, BY_TIME):
        found = _newest(connection, query, moment.places, limit)
    if found is None:
        found = _all(connection, query, moment, selection, limit)
    hits = (
        Hit(message_view(record, conversation, state), seq)
        for record, conversation, encoded, seq in _states(connection, found)
        if is_chosen(record, conversation, state := decode(encoded))
    )
    return list(islice(hits, limit))


def _all(
    connection: apsw.Connection,
    query: Query,
    moment: Moment | None,
    selection: Selection,
    limit: int,
) -> Sequence[Any]:
    """(version, seq) of what was found, newest first, from a look at all that holds the words."""
    matches, values = matching(query)
    condition, at_values = at_moment(moment) if moment else ("version.place IN (1, 2)", [])
    wanted, wanted_values = chosen(selection)
    # A common word is in a hundred thousand messages: what it takes to put them in order stands in
    # the index of texts, and only of the newest are the states fetched. At one moment a record has
    # one version; over all moments the newest counts.
    seq, group = ("version.from_seq", "") if moment else ("max(version.from_seq)", _GROUP)
    needed = -1 if selection.people or selection.larger_than_bytes is not None else limit
    return connection.execute(
        f"SELECT version.id, {seq} FROM version INDEXED BY version_by_text"
        f" WHERE version.text_id IN ({matches}) AND version.text_id IS NOT NULL"
        f" AND {condition} AND {wanted} {group}"
        f" ORDER BY {NEWEST_FIRST} LIMIT ?",
        [*values, *at_values, *wanted_values, needed],
    ).fetchall()


def _newest(
    connection: apsw.Connection, query: Query, places: Sequence[int], limit: int
) -> Sequence[Any] | None:
    """The same for the present and words that are common: walks from the newest message on, and
    asks of a few hundred at a time which hold the words. None where the words are rare, or not
    found so often among the newest: then a look at all of them is quicker."""
    matches, values = matching(query)
    common = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM ({matches}) LIMIT {COMMON})", values
    ).fetchone()
    if common is None or common[0] < COMMON:
        return None
    marks = ", ".join("?" * len(places))
    rows = connection.execute(
        f"SELECT id, from_seq, text_id FROM version INDEXED BY {BY_TIME}"
        f" WHERE text_id IS NOT NULL AND to_seq = {STILL} AND place IN ({marks})"
        " ORDER BY time_ns DESC, source_order DESC, record DESC LIMIT ?",
        [*places, WALKED_ROWS * WALKS],
    )
    found: list[Any] = []
    every: set[int] | None = None
    while page := list(islice(rows, WALKED_ROWS)):
        texts = [row[2] for row in page]
        first, last = min(texts), max(texts)
        if every is None and last - first > WIDE_SPAN:
            # Neighbours in time are no neighbours among the texts: all are asked for, once.
            every = _holding(connection, query, 0, STILL)
        holding = _holding(connection, query, first, last) if every is None else every
        found += [(version, seq) for version, seq, text_id in page if text_id in holding]
        if len(found) >= limit:
            return found[:limit]
        if len(page) < WALKED_ROWS:
            return found
    return None


def _holding(connection: apsw.Connection, query: Query, first: int, last: int) -> set[int]:
    """Which texts, from one to another, hold the words."""
    found: set[int] | None = None
    for table, text in (("text_index", query.spaced), ("unspaced_index", query.unspaced)):
        if text:
            rows = connection.execute(
                f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid BETWEEN ? AND ?",
                (text, first, last),
            )
            holding = {rowid for (rowid,) in rows}
            found = holding if found is None else found & holding
    return found or set()


def _states(
    connection: apsw.Connection, found: Sequence[Any]
) -> Iterator[tuple[int, int | None, bytes, int]]:
    """Record, conversation, state and seq of the versions that were found, in their order."""
    for start in range(0, len(found), _PAGE_HITS):
        page = found[start : start + _PAGE_HITS]
        rows: Any = connection.execute(
            f"SELECT id, record, conversation, {SEEN} FROM version"
            " WHERE id IN (SELECT value FROM carray(?))",
            (integers(version for version, _ in page),),
        )
        states = {version: rest for version, *rest in rows}
        for version, seq in page:
            record, conversation, state = states[version]
            yield record, conversation, state, seq


def matching(query: Query) -> tuple[str, list[Any]]:
    """The rows of the text indexes that hold a query, as SQL with its parameters."""
    parts: list[str] = []
    values: list[Any] = []
    for table, text in (("text_index", query.spaced), ("unspaced_index", query.unspaced)):
        if text:
            parts.append(f"SELECT rowid FROM {table} WHERE {table} MATCH ?")
            values.append(text)
    return " INTERSECT ".join(parts), values


def _phrase(text: str, is_open: bool) -> str:
    """A phrase for FTS5; an open one also finds words that go on."""
    escaped = text.replace('"', '""')
    return f'"{escaped}"*' if is_open else f'"{escaped}"'


def _phrase_of_pairs(run: str) -> str:
    if len(run) == 1:
        return f'"{run}"*'
    return '"' + " ".join(run[start : start + 2] for start in range(len(run) - 1)) + '"'


def _has_token(text: str) -> bool:
    """Whether the tokenizer finds any word: letters, numbers and symbols count."""
    return any(letter.isalnum() or ord(letter) > 0x2000 for letter in text)
