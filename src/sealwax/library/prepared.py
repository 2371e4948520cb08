"""Changes made ready for the library by whoever has time: another processor, or this one.

Nearly every message of a history is told by one plain change. Of such a one all columns can be
worked out without the library: the canonical bytes of its state, its words, its part of the digest.
What is left for the library is to see that it does not know the record yet, and to write rows.
Everything else (`others`) is joined the long way.
"""

from collections import Counter
from collections.abc import Collection
from operator import itemgetter
from typing import Any, NamedTuple

from sealwax.crypto.key_tree import RootKeys
from sealwax.library.project import TIME_LIMIT_NS, PlainPlaces, plain_places
from sealwax.library.script import apart, pairs
from sealwax.model.change import Change
from sealwax.model.field import FIELDS
from sealwax.model.record import Kind
from sealwax.model.state import LoneState, changes, decode, is_lone
from sealwax.vault.digest import MODULUS, digest_bytes, state_term
from sealwax.vault.segment import CheckedRow, Shape, change_of

NO_CONVERSATION = -1
_MESSAGE = int(Kind.MESSAGE)
_record_of = itemgetter(2)


class Prepared(NamedTuple):
    """The changes of a segment, made ready.

    The first lists are columns of plain messages, one each, no record twice: ids, times, places in
    `conversations` (or NO_CONVERSATION), words for the index, states. `unspaced` are pairs of a
    place in the columns and words for the other index. `digest` is the sum of what these states add
    to the digest of a history, 32 bytes.
    """

    records: list[bytes]
    times: list[int]
    inside: list[int]
    words: list[str]
    states: list[bytes]
    conversations: list[str]
    unspaced: list[tuple[int, str]]
    digest: bytes
    others: list[Change]

    def without(self, known: Collection[bytes], roots: RootKeys) -> "Prepared":
        """The same, with the messages of these records among the others."""
        kept = [at for at, record in enumerate(self.records) if record not in known]
        digest = int.from_bytes(self.digest, "big")
        moved: list[Change] = []
        for record, state in zip(self.records, self.states, strict=True):
            if record in known:
                digest -= state_term(roots, record, state)
                moved += changes(record, decode(state))
        places = {at: place for place, at in enumerate(kept)}
        return Prepared(
            *([column[at] for at in kept] for column in self[:5]),  # type: ignore[arg-type]
            self.conversations,
            [(places[at], words) for at, words in self.unspaced if at in places],
            digest_bytes(digest),
            [*moved, *self.others],
        )


class _Way(NamedTuple):
    """How the changes of one shape are made ready."""

    places: PlainPlaces
    state: LoneState


def prepare(roots: RootKeys, rows: list[CheckedRow]) -> Prepared:
    """Makes the changes of a segment ready."""
    made = Prepared([], [], [], [], [], [], [], b"", [])
    ways: dict[int, _Way | None] = {}
    conversations: dict[str, int] = {}
    twice = _named_twice(rows)
    total = 0
    for row in rows:
        shape, kind, record, life, time_ms, device, keys, values = row
        try:
            way = ways[id(shape)]
        except KeyError:
            way = ways[id(shape)] = _way(shape)
        if way is None or kind != _MESSAGE or life is None or record in twice:
            made.others.append(change_of(row))
            continue
        places, lone = way
        time_ns = values[places.time]
        if type(time_ns) is not int or abs(time_ns) >= TIME_LIMIT_NS or keys[places.time]:
            made.others.append(change_of(row))
            continue
        words = ""
        if places.text is not None and not keys[places.text] and type(values[places.text]) is str:
            words = values[places.text]
        if not words.isascii():
            if cut := pairs(words):
                made.unspaced.append((len(made.records), cut))
            words = apart(words)
        state = lone.encode(kind, (life, time_ms, device), keys, values)
        total += state_term(roots, record, state)
        made.records.append(record)
        made.times.append(time_ns)
        made.words.append(words)
        made.states.append(state)
        if places.inside is None:
            made.inside.append(NO_CONVERSATION)
        else:
            made.inside.append(conversations.setdefault(keys[places.inside], len(conversations)))
    made.conversations.extend(conversations)
    return made._replace(digest=(total % MODULUS).to_bytes(32, "big"))


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
