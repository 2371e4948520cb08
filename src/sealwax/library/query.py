"""Reading the library: conversations, messages, attachments and counts at any kept moment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import apsw

from sealwax.crypto.key_tree import RootKeys
from sealwax.library.aliases import shown_as
from sealwax.library.conversation import (
    ConversationView,
    conversation_view,
    is_emptied,
    nameless,
)
from sealwax.library.database import STILL
from sealwax.library.naming import ids_of, names_in
from sealwax.library.numbers import Numbers
from sealwax.library.project import BESIDE, PRESENT, TRASH, name_of
from sealwax.library.select import (
    KEY,
    SEEN,
    SENT_NS,
    Key,
    Moment,
    Selection,
    at_moment,
    chosen,
    page_key,
)
from sealwax.library.values import integers
from sealwax.library.view import AttachmentView, MessageView, attachment_view, message_view
from sealwax.model.field import (
    CONVERSATION,
    ORIGIN,
    SENDER,
)
from sealwax.model.record import Kind, canonical_address, canonical_direct
from sealwax.model.reference import DEFAULT_NAMESPACE, resolve
from sealwax.model.state import State, decode, join

PAGE_ROWS = 2_000


class Row(NamedTuple):
    """A record at a moment, for plans and exports. Of messages that are one there is one row, with
    the state that is shown for all of them, where it is not said otherwise."""

    record: int
    uid: bytes
    kind: int
    conversation: int | None
    place: int
    state: State


class Reader:
    """Answers questions about the library; changes nothing."""

    def __init__(self, connection: apsw.Connection, roots: RootKeys, numbers: Numbers) -> None:
        self._connection = connection
        self._roots = roots
        self._numbers = numbers

    def conversations(self, moment: Moment) -> list[ConversationView]:
        """The conversations that have messages or exist at a moment, newest first."""
        names = self.names(moment)
        tallies = self._tallies(moment)
        views = [
            conversation_view(row.record, row.state, names, tallies.pop(row.record, (0, 0)))
            for row in self.conversation_rows(moment)
            if row.record in tallies or self.stands_alone(row, moment)
        ]
        views += [nameless(record, tally) for record, tally in tallies.items()]
        return sorted(views, key=lambda view: (-view.newest_ns, view.title))

    def names(self, moment: Moment) -> dict[str, str]:
        """The names of contacts by canonical address."""
        found: dict[str, str] = {}
        for row in self.rows(Kind.CONTACT, moment):
            name, origin = name_of(row.state), row.state.get(ORIGIN)
            if name and origin:
                found[origin[1]] = name
        return found

    def rows(self, kind: int, moment: Moment) -> Iterator[Row]:
        """All records of a kind at a moment, in the order in which they were first seen."""
        condition, values = at_moment(moment)
        # All but messages are few, and have an index of their own.
        few = kind != Kind.MESSAGE
        index, also = ("INDEXED BY version_by_kind", "AND version.kind <> 2") if few else ("", "")
        key = "+version.record" if few else "version.record"
        sql = (
            "SELECT version.record, record.uid, version.kind, version.conversation, version.place,"
            f" {SEEN} FROM version {index} JOIN record ON record.id = version.record"
            f" WHERE version.kind = ? {also} AND {condition} AND {key} > ?"
            f" ORDER BY {key} LIMIT ?"
        )
        yield from self._paged(sql, [int(kind), *values])

    def is_message(self, record: int) -> bool:
        """Whether a number is that of a message, wherever it is or was."""
        row = self._connection.execute(
            "SELECT 1 FROM record WHERE id = ? AND kind = ?", (record, int(Kind.MESSAGE))
        ).fetchone()
        return row is not None

    def records(self) -> int:
        """How many records there is a state of, wherever they are."""
        row = self._connection.execute(
            "SELECT count(*) FROM record WHERE version IS NOT NULL"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def whole(self) -> Iterator[Row]:
        """Every record as it is now, of whatever kind and wherever it is: what the digest covers.
        In the order in which they were first seen."""
        yield from self._paged(
            "SELECT version.record, record.uid, version.kind, version.conversation, version.place,"
            " version.state FROM record JOIN version ON version.id = record.version"
            " WHERE record.id > ? ORDER BY record.id LIMIT ?",
            [],
        )

    def messages(self, selection: Selection, moment: Moment) -> Iterator[Row]:
        """The selected messages at a moment, in the order in which they were first seen."""
        condition, values = at_moment(moment)
        wanted, wanted_values = chosen(selection)
        key = page_key(selection)
        sql = (
            "SELECT version.record, record.uid, version.kind, version.conversation, version.place,"
            f" {SEEN} FROM version JOIN record ON record.id = version.record"
            f" WHERE version.kind = 2 AND {condition} AND {wanted} AND {key} > ?"
            f" ORDER BY {key} LIMIT ?"
        )
        for row in self._paged(sql, [*values, *wanted_values]):
            if self._chooses(selection, row, moment):
                yield row

    def page(
        self,
        conversation: int,
        moment: Moment,
        limit: int,
        before: Key | None = None,
        after: Key | None = None,
    ) -> list[MessageView]:
        """A page of a conversation, oldest first: the newest `limit` messages, or those next to a
        key on either side."""
        condition, values = at_moment(moment)
        bound, bound_values, direction = "TRUE", [], "DESC"
        if before is not None:
            bound, bound_values = f"{KEY} < (?, ?, ?)", [*before]
        if after is not None:
            bound, bound_values, direction = f"{KEY} > (?, ?, ?)", [*after], "ASC"
        inside, inside_values = self._inside(conversation)
        rows: list[Any] = self._connection.execute(
            f"SELECT version.record, version.conversation, {SEEN} FROM version WHERE"
            f" version.kind = 2 AND {condition} AND {bound} AND {inside}"
            f" ORDER BY version.time_ns {direction}, version.source_order {direction},"
            f" version.record {direction} LIMIT ?",
            [*values, *bound_values, *inside_values, limit],
        ).fetchall()
        views = [message_view(record, home, decode(state)) for record, home, state in rows]
        return views if after is not None else views[::-1]

    def attachments(self, names: Sequence[str], moment: Moment) -> dict[str, AttachmentView]:
        """Attachments by name; those that are not known are absent."""
        found: dict[str, AttachmentView] = {}
        for row in self.attachment_rows(names, moment):
            view = attachment_view(row.record, row.state)
            found[view.origin] = view
        return found

    def attachment_rows(self, names: Sequence[str], moment: Moment) -> list[Row]:
        """The records of attachments by name."""
        return self.by_name(Kind.ATTACHMENT, names, moment)

    def by_name(self, kind: int, names: Sequence[str], moment: Moment) -> list[Row]:
        """The records of a kind by name, those that are not known left out."""
        return self.by_uid(ids_of(self._roots, kind, names), moment)

    def row(self, kind: int, record: int, moment: Moment) -> Row | None:
        """One record of a kind by its number, or None."""
        condition, values = at_moment(moment)
        found: Any = self._connection.execute(
            "SELECT version.record, record.uid, version.kind, version.conversation, version.place,"
            " version.state FROM version JOIN record ON record.id = version.record"
            f" WHERE version.record = ? AND version.kind = ? AND {condition}",
            [record, int(kind), *values],
        ).fetchone()
        return Row._make((*found[:-1], decode(found[-1]))) if found else None

    def by_uid(self, uids: Sequence[bytes], moment: Moment) -> list[Row]:
        """The records with these ids at a moment, whatever their kind."""
        condition, values = at_moment(moment)
        rows: list[Row] = []
        for known, wanted in self._numbers.rows(uids):
            found: Iterable[Any] = self._connection.execute(
                "SELECT version.record, record.uid, version.kind, version.conversation,"
                f" version.place, {SEEN} FROM {known}"
                f" CROSS JOIN version ON version.record = record.id AND {condition}",
                [wanted, *values],
            )
            rows += [Row._make((*head, decode(state))) for *head, state in found]
        return rows

    def conversations_of(self, uids: Sequence[bytes]) -> dict[bytes, str]:
        """The conversation of each of these messages, as a key that tells conversations apart."""
        found: dict[bytes, str] = {}
        for known, wanted in self._numbers.rows(uids):
            rows: Iterable[Any] = self._connection.execute(
                f"SELECT record.uid, version.conversation FROM {known}"
                " CROSS JOIN version ON version.id = record.version"
                " WHERE version.conversation IS NOT NULL",
                (wanted,),
            )
            found.update((uid, str(conversation)) for uid, conversation in rows)
        return found

    def unknown_at(self, uids: Sequence[bytes], seq: float) -> frozenset[bytes]:
        """Those of these records of which nothing was known at a seq."""
        found: set[bytes] = set()
        for known, wanted in self._numbers.rows(uids):
            rows: Iterable[Any] = self._connection.execute(
                f"SELECT record.uid FROM {known}"
                " WHERE NOT EXISTS (SELECT 1 FROM version"
                " WHERE version.record = record.id AND from_seq <= ?2 AND to_seq > ?2)",
                (wanted, seq),
            )
            found.update(uid for (uid,) in rows)
        return frozenset(found)

    def changed_since(
        self, seq: float, selection: Selection, records: Sequence[int] = ()
    ) -> Iterator[tuple[Row, Row]]:
        """(then, now) of the records that a moment showed otherwise than the head does; of these
        records alone, if any are named.

        A selection other than everything leaves out what is not a message.
        """
        wanted, values = chosen(selection)
        key = page_key(selection)
        if not selection.is_everything:
            wanted += " AND version.kind = 2"
        if records:
            wanted += " AND version.record IN (SELECT value FROM carray(?))"
            values = [*values, integers(records)]
        sql = (
            "SELECT record.uid, current.conversation, current.place, current.state,"
            " version.record, version.kind, version.conversation, version.place, version.state"
            " FROM version JOIN record ON record.id = version.record"
            " JOIN version AS current ON current.id = record.version"
            f" WHERE version.from_seq <= ? AND version.to_seq > ? AND version.to_seq < {STILL}"
            f" AND {wanted} AND {key} > ? ORDER BY {key} LIMIT ?"
        )
        last = 0
        while True:
            rows: list[Any] = self._connection.execute(
                sql, [seq, seq, *values, last, PAGE_ROWS]
            ).fetchall()
            for uid, home_now, place_now, state_now, record, kind, home, place, state in rows:
                then = Row(record, uid, kind, home, place, decode(state))
                if self._chooses(selection, then, Moment(seq)):
                    yield then, Row(record, uid, kind, home_now, place_now, decode(state_now))
            if len(rows) < PAGE_ROWS:
                return
            last = rows[-1][4]

    def new_since(self, seq: float, selection: Selection) -> Iterator[Row]:
        """The records of the head that a moment did not know at all."""
        wanted, values = chosen(selection)
        key = page_key(selection)
        if not selection.is_everything:
            wanted += " AND version.kind = 2"
        sql = (
            "SELECT version.record, record.uid, version.kind, version.conversation, version.place,"
            " version.state FROM version CROSS JOIN record ON record.id = version.record"
            f" WHERE record.version = version.id AND {wanted}"
            " AND NOT EXISTS (SELECT 1 FROM version AS old WHERE"
            " old.record = version.record AND old.from_seq <= ? AND old.to_seq > ?)"
            f" AND {key} > ? ORDER BY {key} LIMIT ?"
        )
        for row in self._paged(sql, [*values, seq, seq]):
            if self._chooses(selection, row, Moment(seq)):
                yield row

    def message_differences(
        self, from_seq: float, to_seq: float
    ) -> Iterator[tuple[int, int | None, bool, bool]]:
        """(record, conversation, shown then, shown now) of the messages that two moments show
        otherwise."""
        low, high = sorted((from_seq, to_seq))
        rows: list[Any] = self._connection.execute(
            "SELECT version.conversation, version.from_seq, version.place, version.record,"
            " version.to_seq FROM version WHERE version.kind = 2 AND version.record IN"
            " (SELECT record FROM version WHERE kind = 2 AND ((from_seq > ?1 AND from_seq <= ?2)"
            " OR (to_seq > ?1 AND to_seq <= ?2))) AND ((from_seq <= ?1 AND to_seq > ?1)"
            " OR (from_seq <= ?2 AND to_seq > ?2)) ORDER BY version.record, version.from_seq",
            (low, high),
        ).fetchall()
        for record, group in groupby(rows, key=lambda row: row[3]):
            versions = list(group)
            then = [row for row in versions if row[1] <= from_seq < row[4]]
            now = [row for row in versions if row[1] <= to_seq < row[4]]
            # Another message is shown for it at one of the moments: nothing came or went.
            is_beside = any(row[2] == BESIDE for row in (*then, *now))
            if then != now and not is_beside:
                was_there = any(row[2] == PRESENT for row in then)
                is_there = any(row[2] == PRESENT for row in now)
                yield record, versions[-1][0], was_there, is_there

    def held_rows(self) -> Iterator[Row]:
        """The records whose deletion waits for an answer."""
        yield from self._current_rows("version_by_held", "version.is_held = 1", [])

    def rows_away(self, place: int) -> Iterator[Row]:
        """The records that are in the trash now, or nowhere: few among many."""
        assert place != PRESENT
        found = "version.place <> 1 AND version.place = ?"
        yield from self._current_rows("version_away", found, [place])

    def _current_rows(self, index: str, condition: str, values: list[int]) -> Iterator[Row]:
        yield from self._paged(
            "SELECT version.record, record.uid, version.kind, version.conversation, version.place,"
            f" version.state FROM version INDEXED BY {index} CROSS JOIN record"
            " ON record.id = version.record AND record.version = version.id"
            f" WHERE {condition} AND version.record > ? ORDER BY version.record LIMIT ?",
            values,
        )

    def held(self) -> int:
        """How many records wait for an answer about their deletion."""
        row = self._connection.execute(
            "SELECT count(*) FROM version INDEXED BY version_by_held CROSS JOIN record"
            " ON record.id = version.record AND record.version = version.id"
            " WHERE version.is_held = 1"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def _paged(self, sql: str, values: Iterable[Any]) -> Iterator[Row]:
        """Runs a keyset-paged query, so that nobody holds a read transaction open."""
        values, last = list(values), 0
        while True:
            rows: list[Any] = self._connection.execute(sql, [*values, last, PAGE_ROWS]).fetchall()
            for *head, state in rows:
                yield Row._make((*head, decode(state)))
            if len(rows) < PAGE_ROWS:
                return
            last = rows[-1][0]

    def conversation_rows(self, moment: Moment) -> list[Row]:
        """The conversations of a moment, in the present and the trash; several that are one as the
        one that is shown, with all that is known of each."""
        rows = self.rows(Kind.CONVERSATION, moment._replace(places=(PRESENT, TRASH)))
        return joined_rows(rows, shown_as(self._connection))

    def shown(self, conversation: int) -> int:
        """The conversation that is shown for one."""
        row = self._connection.execute(
            "SELECT shown FROM shown_as WHERE record = ?", (conversation,)
        ).fetchone()
        return int(row[0]) if row else conversation

    def is_joined(self, conversation: int) -> bool:
        """Whether it is one with others."""
        return self.shown(conversation) != conversation or len(self.members(conversation)) > 1

    def absorbed(self) -> int:
        """How many conversations of the present are shown as another one of it."""
        row = self._connection.execute(
            "SELECT count(*) - count(DISTINCT shown) FROM shown_as JOIN record"
            " ON record.id = shown_as.record JOIN version ON version.id = record.version"
            " WHERE version.place = 1"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def members(self, conversation: int) -> list[Row]:
        """The conversations that one is shown for, itself included, as they are now."""
        found: Iterable[Any] = self._connection.execute(
            "SELECT version.record, record.uid, version.kind, version.conversation, version.place,"
            " version.state FROM record JOIN version ON version.id = record.version"
            " WHERE record.id = ?1 OR record.id IN (SELECT record FROM shown_as WHERE shown = ?1)"
            " ORDER BY record.uid",
            (conversation,),
        )
        return [Row._make((*head, decode(state))) for *head, state in found]

    def _inside(self, conversation: int) -> tuple[str, list[int]]:
        """The condition that a message is in a conversation; the plain form walks one index."""
        shared = self._connection.execute(
            "SELECT 1 FROM also_in WHERE conversation = ? LIMIT 1", (conversation,)
        ).fetchone()
        if shared is None:
            return "version.conversation = ?", [conversation]
        return (
            "(version.conversation = ?"
            " OR version.id IN (SELECT version FROM also_in WHERE conversation = ?))",
            [conversation, conversation],
        )

    def _tallies(self, moment: Moment) -> dict[int, tuple[int, int]]:
        condition, values = at_moment(moment)
        rows = self._connection.execute(
            f"SELECT conversation, count(*), max({SENT_NS}) FROM version"
            f" WHERE conversation IS NOT NULL AND {condition} GROUP BY 1 UNION ALL"
            f" SELECT also_in.conversation, count(*), max({SENT_NS}) FROM also_in JOIN version ON"
            f" version.id = also_in.version WHERE {condition} GROUP BY 1",
            [*values, *values],
        )
        tallies: dict[int, tuple[int, int]] = {}
        for conversation, number, newest_ns in rows:
            old = tallies.get(conversation, (0, 0))
            tallies[conversation] = (old[0] + number, max(old[1], newest_ns or 0))
        return tallies

    def stands_alone(self, row: Row, moment: Moment) -> bool:
        """Whether a conversation is shown at a moment though it has no messages."""
        return row.place in moment.places and not is_emptied(row.state)

    def is_chosen(
        self,
        selection: Selection,
        record: int,
        conversation: int | None,
        state: State,
        moment: Moment,
    ) -> bool:
        """The conditions that SQL does not see: of whom, and how large the attachments are."""
        if selection.people and not _is_with(state, selection.people):
            return False
        if selection.larger_than_bytes is None:
            return True
        view = message_view(record, conversation, state)
        if not view.attachments:
            return False
        files = self.attachments(view.attachments, moment).values()
        sizes = [file.size_bytes or file.stated_bytes or 0 for file in files]
        return max(sizes, default=0) > selection.larger_than_bytes

    def _chooses(self, selection: Selection, row: Row, moment: Moment) -> bool:
        return self.is_chosen(selection, row.record, row.conversation, row.state, moment)


def joined_rows(rows: Iterable[Row], shown_as: Mapping[int, int]) -> list[Row]:
    """Conversations, those that are one as one row: in the present if any of them is."""
    found: dict[int, Row] = {}
    for row in rows:
        shown = shown_as.get(row.record, row.record)
        other = found.get(shown)
        if other is None:
            found[shown] = row._replace(record=shown)
            continue
        named = row if row.record == shown else other
        state = join(other.state, row.state)
        slot = (ORIGIN.name, int(ORIGIN.merge), "")
        if slot in named.state.slots:
            state = state._replace(slots={**state.slots, slot: named.state.slots[slot]})
        place = PRESENT if PRESENT in (row.place, other.place) else row.place
        found[shown] = named._replace(record=shown, place=place, state=state)
    return list(found.values())


def _is_with(state: State, people: tuple[str, ...]) -> bool:
    """Whether a message is from one of these people, or to one of them alone."""
    if canonical_address(state.get(SENDER) or "") in people:
        return True
    ids = {resolve(name, DEFAULT_NAMESPACE).id for name in names_in(state, CONVERSATION)}
    return any(canonical_direct(person) in ids for person in people)
