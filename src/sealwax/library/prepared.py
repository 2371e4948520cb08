"""Changes made ready for the library by whoever has time: another processor, or this one.

Nearly every message of a history is told by one plain change. Of such a one all columns can be
worked out without the library: the canonical bytes of its state, its words, its part of the digest.
What is left for the library is to see that it does not know the record yet, and to write rows.
Everything else (`others`) is joined as far as it goes; the library joins it with what it knows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import DigestSum
from sealwax.library.naming import checked_namespace
from sealwax.library.project import PlainPlaces, Projection, plain_places, project, source_order
from sealwax.library.script import apart, pairs
from sealwax.model.change import Change
from sealwax.model.field import CONVERSATION, FIELDS, ORIGIN
from sealwax.model.form import is_integer, is_words
from sealwax.model.record import Kind
from sealwax.model.reference import DEFAULT_NAMESPACE, SEPARATOR, named_by
from sealwax.model.state import LoneState, State, decode, empty, encode, is_lone, join_changes
from sealwax.vault.digest import digest_bytes
from sealwax.vault.segment import CheckedRow, Shape, change_of

NO_CONVERSATION = -1
_MESSAGE = int(Kind.MESSAGE)
_DEFAULT = [DEFAULT_NAMESPACE]
_record_of = itemgetter(2)


class Joined(NamedTuple):
    """What the changes of one record come to: the columns that are read off its state, and the
    canonical bytes of that state."""

    record: bytes
    kind: int
    projection: Projection
    encoded: bytes


class Prepared(NamedTuple):
    """The changes of a segment, made ready.

    The first lists are columns of plain messages, one each, no record twice: ids, times, orders of
    their source, places in `conversations`, which are names (or NO_CONVERSATION), words for the
    index, states. `unspaced` are pairs of a place in the columns and words for the other index.
    `digest` is the sum of what these states add to the digest of a history, 32 bytes. `others` are
    all other records.
    """

    records: list[bytes]
    times: list[int]
    orders: list[int]
    inside: list[int]
    words: list[str]
    states: list[bytes]
    conversations: list[str]
    unspaced: list[tuple[int, str]]
    digest: bytes
    others: list[Joined]

    def span_ns(self) -> tuple[int, int] | None:
        """The least and the greatest time of the messages that are told with one (ns since 1970);
        None where there are none."""
        others = [one.projection.time_ns for one in self.others if one.kind == _MESSAGE]
        times = [*self.times, *(time_ns for time_ns in others if time_ns is not None)]
        return (min(times), max(times)) if times else None

    def without(self, known: Collection[bytes], roots: RootKeys) -> "Prepared":
        """The same, with the messages of these records among the others."""
        kept = [at for at, record in enumerate(self.records) if record not in known]
        going = DigestSum(roots)
        moved: list[Joined] = []
        for record, encoded in zip(self.records, self.states, strict=True):
            if record in known:
                going.add(record, encoded)
                moved.append(_joined(roots, record, decode(encoded)))
        places = {at: place for place, at in enumerate(kept)}
        return self._replace(
            records=[self.records[at] for at in kept],
            times=[self.times[at] for at in kept],
            orders=[self.orders[at] for at in kept],
            inside=[self.inside[at] for at in kept],
            words=[self.words[at] for at in kept],
            states=[self.states[at] for at in kept],
            unspaced=[(places[at], words) for at, words in self.unspaced if at in places],
            digest=digest_bytes(int.from_bytes(self.digest, "big") - going.total),
            others=[*moved, *self.others],
        )


class _Way(NamedTuple):
    """How the changes of one shape are made ready."""

    places: PlainPlaces
    state: LoneState


def prepare(roots: RootKeys, rows: list[CheckedRow]) -> Prepared:
    """Makes the changes of a segment ready."""
    made = Prepared([], [], [], [], [], [], [], [], b"", [])
    ways: dict[int, _Way | None] = {}
    conversations: dict[str, int] = {}
    twice = _named_twice(rows)
    others: list[Change] = []
    digest = DigestSum(roots)
    for row in rows:
        shape, kind, record, life, time_ms, device, keys, values = row
        try:
            way = ways[id(shape)]
        except KeyError:
            way = ways[id(shape)] = _way(shape)
        if way is None or kind != _MESSAGE or life is None or record in twice:
            others.append(change_of(row))
            continue
        (time, text, inside, origin, order), lone = way
        time_ns = values[time]
        if not is_integer(time_ns) or keys[time]:
            others.append(change_of(row))
            continue
        if inside is not None and not CONVERSATION.fits(values[inside], keys[inside]):
            others.append(change_of(row))
            continue
        words = ""
        if text is not None and not keys[text] and is_words(values[text]):
            words = values[text]
            if not words.isascii():
                if cut := pairs(words):
                    made.unspaced.append((len(made.records), cut))
                words = apart(words)
        encoded = lone.encode(kind, (life, time_ms, device), keys, values)
        digest.add(record, encoded)
        made.records.append(record)
        made.times.append(time_ns)
        if order is None or keys[order]:
            made.orders.append(0)
        else:
            made.orders.append(source_order(values[order]))
        made.words.append(words)
        made.states.append(encoded)
        if inside is None:
            made.inside.append(NO_CONVERSATION)
        else:
            name = keys[inside]
            told = None if origin is None else values[origin]
            is_default = told is None or (type(told) is list and told[:1] == _DEFAULT)
            if not is_default or name[0] == SEPARATOR:
                name = _named(name, keys, values, origin)
            made.inside.append(conversations.setdefault(name, len(conversations)))
    made.conversations.extend(conversations)
    made.others.extend(join_all(roots, others))
    return made._replace(digest=digest_bytes(digest.total))


def join_all(roots: RootKeys, changes: Iterable[Change]) -> list[Joined]:
    """What changes come to, one for each record."""
    told: dict[bytes, list[Change]] = {}
    for change in changes:
        told.setdefault(change.record, []).append(change)
    return [
        _joined(roots, record, join_changes(empty(of_record[0].kind), of_record))
        for record, of_record in told.items()
    ]


def project_checked(roots: RootKeys, record: bytes, state: State) -> Projection:
    """The columns of a record, its namespace looked at closely where several were told."""
    return project(state, checked_namespace(roots, record, state))


def _joined(roots: RootKeys, record: bytes, state: State) -> Joined:
    return Joined(record, state.kind, project_checked(roots, record, state), encode(state))


def _named(reference: str, keys: Sequence[str], values: Sequence[Any], origin: int | None) -> str:
    """The name of a conversation that is not simply its reference."""
    own = DEFAULT_NAMESPACE
    if origin is not None and ORIGIN.fits(values[origin], keys[origin]):
        own = values[origin][0]
    return named_by(reference, own)


def _way(shape: Shape) -> _Way | None:
    fields = map(FIELDS.get, shape.names)
    if not all(
        field and field.merge == merge for field, merge in zip(fields, shape.merges, strict=True)
    ):
        return None
    places = plain_places(shape.names) if is_lone(shape.names) else None
    return _Way(places, LoneState(shape.names, shape.merges)) if places else None


def _named_twice(rows: list[CheckedRow]) -> set[bytes]:
    """The records that several changes tell of."""
    named: list[Any] = list(map(_record_of, rows))
    if len(set(named)) == len(named):
        return set()
    return {record for record, times in Counter(named).items() if times > 1}
