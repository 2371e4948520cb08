"""Changes made ready for the library by whoever has time: another processor, or this one.

Nearly every message of a history is told by one plain change. Of such a one all columns can be
worked out without the library: the canonical bytes of its state, its words, its part of the digest.
What is left for the library is to see that it does not know the record yet, and to write rows.
Everything else (`others`) is joined as far as it goes; the library joins it with what it knows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import DigestSum
from sealwax.library.naming import checked_namespace
from sealwax.library.plain_messages import PlainMessages, divided
from sealwax.library.project import Projection, project
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.model.state import State, decode, empty, encode, join_changes
from sealwax.vault.digest import digest_bytes
from sealwax.vault.group import Group

NO_CONVERSATION = -1
_MESSAGE = int(Kind.MESSAGE)


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


def prepare(roots: RootKeys, groups: Sequence[Group]) -> Prepared:
    """Makes the changes of a segment ready."""
    made = Prepared([], [], [], [], [], [], [], [], b"", [])
    conversations: dict[str, int] = {}
    twice = _named_twice(groups)
    others: list[Change] = []
    digest = DigestSum(roots)
    for group in groups:
        plain, rest = divided(group, twice)
        if rest is not None:
            others += rest.changes()
        if plain is not None:
            _take(made, plain, conversations)
            digest.add_all(plain.records, plain.states)
    made.conversations.extend(conversations)
    made.others.extend(join_all(roots, others))
    return made._replace(digest=digest_bytes(digest.total))


def _take(made: Prepared, plain: PlainMessages, conversations: dict[str, int]) -> None:
    """Adds plain messages; `conversations` has the place of each name so far."""
    first = len(made.records)
    made.unspaced.extend((first + at, words) for at, words in plain.unspaced)
    made.records.extend(plain.records)
    made.times.extend(plain.times)
    made.orders.extend(plain.orders)
    made.words.extend(plain.words)
    made.states.extend(plain.states)
    places: dict[str | None, int] = {None: NO_CONVERSATION}
    for name in dict.fromkeys(plain.inside):
        if name is not None:
            places[name] = conversations.setdefault(name, len(conversations))
    made.inside.extend(map(places.__getitem__, plain.inside))


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


def _named_twice(groups: Sequence[Group]) -> set[bytes]:
    """The records that several changes tell of."""
    named = [record for group in groups for record in group.records]
    if len(set(named)) == len(named):
        return set()
    return {record for record, times in Counter(named).items() if times > 1}
