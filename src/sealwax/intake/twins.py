"""Messages that a source tells twice, found while it is read: which are said to be one.

Messages in iCloud writes messages again, each under another id; a note to oneself is there as sent
and as received. Two messages are one where they agree in thread, sender, direction, time and words
(`library.twins`), and in what files they have. A time of whole seconds says less: in a database
that knows no other two messages may have it, so one that stood beside another when it was first
read is never taken for it.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import record_ids
from sealwax.intake.plan import Seen
from sealwax.library.library import Library
from sealwax.library.naming import names_in
from sealwax.library.project import project
from sealwax.library.twin_search import Known, Place, known_near
from sealwax.library.twins import NOTE_NS, Twin, agree
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import (
    ALIAS,
    CONVERSATION,
    EDIT,
    FILE_NAME,
    FROM_ME,
    ORIGIN,
    STATED_BYTES,
    TIME_NS,
    UNSENT,
)
from sealwax.model.record import Kind, canonical_direct
from sealwax.model.reference import own_namespace, resolve, write
from sealwax.model.state import State, empty, from_change, join_changes
from sealwax.sources.base import Observation

SECOND_NS = 1_000_000_000
BATCHES = 3
"""So many batches may have been read and not be in the library yet; see `apply._flush`."""
States: TypeAlias = Callable[[list[bytes]], dict[bytes, State]]
_Key: TypeAlias = tuple[str, int]
_EDITS = frozenset((EDIT.name, UNSENT.name))
_TIME, _CONVERSATION, _ORIGIN = TIME_NS.name, CONVERSATION.name, ORIGIN.name
_MESSAGE, _ATTACHMENT = int(Kind.MESSAGE), int(Kind.ATTACHMENT)


class _New(NamedTuple):
    """A message that is read for the first time: where it stands in its batch, its id."""

    at: int
    record: bytes
    observation: Observation
    conversation: str
    time_ns: int

    @property
    def is_whole_second(self) -> bool:
        return self.time_ns % SECOND_NS == 0


class _Batch(NamedTuple):
    """What one batch brought that is new: where in it messages stand, by thread and time, those of
    one's own threads, files by id; and all edits in it, by their message."""

    seen: list[Seen]
    messages: dict[_Key, list[int]]
    notes: list[_New]
    files: dict[str, Observation]
    edits: dict[bytes, Seen]


class _Other(NamedTuple):
    """A message that another one is a twin of; `edits` is what is known of its edits."""

    uid: bytes
    name: tuple[str, str]
    edits: tuple[Entry, ...]


class Twins:
    """Looks for twins in one read of one source."""

    def __init__(
        self,
        namespace: str,
        owners: Iterable[str],
        library: Library,
        roots: RootKeys,
        states: States,
    ) -> None:
        """`owners` are the canonical addresses of whom the source belongs to, `states` gives those
        of records as they will be."""
        self._namespace = namespace
        self._own_threads = {canonical_direct(owner) for owner in owners}
        self._library = library
        self._roots = roots
        self._states = states
        # What a first import has to compare lies side by side in the source.
        self._has_known = not library.is_empty()
        self._start = library.head_moment()
        self._batches: list[_Batch] = []
        self._taken: set[int | bytes] = set()
        self._joined: dict[bytes, set[bytes]] = {}
        self.told_again: set[bytes] = set()
        """The messages that were known, and that this read found under another id."""

    def told(self, seen: list[Seen], states: dict[bytes, State]) -> list[Seen]:
        """The same, where a message is one with another one saying so."""
        batch = _Batch(seen, {}, [], {}, {})
        self._batches = [*self._batches[1 - BATCHES :], batch]
        new = self._new(seen, states, batch)
        known = self._known(new)
        told = list(seen)
        batches = [one.messages for one in self._batches]
        for at, key in new:
            is_note = key[0] in self._own_threads
            if is_note or at in known or any(key in messages for messages in batches):
                message = _New(at, *seen[at], *key)
                self._tell(message, self._twin(message, known.get(at, [])), told)
                if is_note:
                    batch.notes.append(message)
            if key in batch.messages:
                batch.messages[key].append(at)
            else:
                batch.messages[key] = [at]
        return [*told, *self._edits_of_twins(batch)]

    def _tell(self, message: _New, other: _Other | None, told: list[Seen]) -> None:
        """Has a message say that it is one with another one, and have the edits of that."""
        if other is None:
            return
        alias = entry(ALIAS, True, write(*other.name, self._namespace))
        entries = (*message.observation.entries, alias)
        observation = message.observation._replace(entries=entries)
        told[message.at] = Seen(message.record, observation)
        self._join(message.record, other.uid)
        if other.edits:
            edits = message.observation._replace(entries=other.edits)
            told.append(Seen(message.record, edits))

    def _edits_of_twins(self, batch: _Batch) -> list[Seen]:
        """The edits in a batch once more, of all that the edited messages are one with: only what
        is edited alike is shown as one."""
        if not batch.edits:
            return []
        known = self._library.twins.beside(list(batch.edits))
        return [
            seen._replace(record=twin)
            for record, seen in batch.edits.items()
            for twin in sorted({*known.get(record, ()), *self._joined.get(record, ())} - {record})
        ]

    def _join(self, record: bytes, other: bytes) -> None:
        """Remembers that two are one, as the library will know it only when it is written."""
        every = {record, other}
        for one in (record, other):
            every |= self._joined.get(one, set())
        self._joined.update(dict.fromkeys(every, every))

    def _new(
        self, seen: Iterable[Seen], states: dict[bytes, State], batch: _Batch
    ) -> list[tuple[int, _Key]]:
        """Where in the batch messages stand that nothing was known of, with thread and time. A
        history has millions of them, of a dozen entries each."""
        found: list[tuple[int, _Key]] = []
        for at, (record, observation) in enumerate(seen):
            kind = observation[0]
            if kind == _ATTACHMENT:
                batch.files[observation.canonical_id] = observation
            if kind != _MESSAGE:
                continue
            conversation, time_ns, has_origin = None, 0, False
            edits: list[Entry] = []
            for one in observation[3]:
                name = one[0]
                if name == _TIME:
                    time_ns = one[3]
                elif name == _CONVERSATION:
                    conversation = one[2]
                elif name == _ORIGIN:
                    has_origin = True
                elif name in _EDITS:
                    edits.append(one)
            if edits:
                before = batch.edits.get(record)
                earlier = before.observation.entries if before else ()
                batch.edits[record] = Seen(record, observation._replace(entries=(*earlier, *edits)))
            if has_origin and conversation is not None and time_ns:
                state = states.get(record)
                if state is None or not _is_known(state):
                    found.append((at, (conversation, time_ns)))
        return found

    def _known(self, new: list[tuple[int, _Key]]) -> dict[int, list[Known]]:
        """What the library has near to each of these, by its place in the batch."""
        if not self._has_known or not new:
            return {}
        places = [Place(at, *key, NOTE_NS if key[0] in self._own_threads else 0) for at, key in new]
        return known_near(self._library, self._roots, self._namespace, places, self._start)

    def _twin(self, new: _New, known: list[Known]) -> _Other | None:
        """The message that one is a twin of; None where it is none's."""
        key = (new.conversation, new.time_ns)
        beside = [
            other
            for batch in self._batches
            if key in batch.messages
            for other in (_New(at, *batch.seen[at], *key) for at in batch.messages[key])
            if other.record != new.record
        ]
        is_note = new.conversation in self._own_threads
        if not beside and not known and not is_note:
            return None
        own = self._observed(new)
        if not new.is_whole_second:
            for other in beside:
                if self._are_one(own, self._observed(other)):
                    return self._other(other)
        for stored in known:
            is_free = stored.was_there and stored.shown not in self._taken
            if stored.uid == new.record or (new.is_whole_second and not is_free):
                continue
            theirs = _stored(stored)
            if self._are_one(own, theirs):
                self._taken.add(stored.shown)
                self.told_again.add(stored.uid)
                return _known(stored)
        return self._other_side(new, own, known) if is_note else None

    def _other(self, message: _New) -> _Other:
        """One that was read before in this import."""
        edits = [
            batch.edits[message.record] for batch in self._batches if message.record in batch.edits
        ]
        entries = tuple(one for seen in edits for one in seen.observation.entries)
        return _Other(message.record, (self._namespace, message.observation.canonical_id), entries)

    def _other_side(self, new: _New, own: Twin, known: list[Known]) -> _Other | None:
        """The other side of a note to oneself, the nearest one that is nobody's yet."""
        found: list[tuple[int, bytes, _Other]] = []
        if new.record in self._taken:
            return None
        for batch in self._batches:
            for other in batch.notes:
                theirs = self._observed(other)
                if other.record not in self._taken and _are_sides(own, theirs):
                    apart_ns = abs(other.time_ns - new.time_ns)
                    found.append((apart_ns, other.record, self._other(other)))
        for stored in known:
            theirs = _stored(stored)
            is_free = not stored.has_twins and stored.uid not in self._taken
            time_ns = theirs.projection.time_ns
            if is_free and time_ns is not None and _are_sides(own, theirs):
                found.append((abs(time_ns - new.time_ns), stored.uid, _known(stored)))
        if not found:
            return None
        _, record, nearest = min(found, key=lambda one: one[:2])
        self._taken |= {record, new.record}
        return nearest

    def _observed(self, message: _New) -> Twin:
        observation = message.observation
        change = Change(
            observation.kind, message.record, 0, observation.time_ms, b"", observation.entries
        )
        state = _unedited(from_change(change))
        return Twin(message.record, state, project(state))

    def _are_one(self, left: Twin, right: Twin) -> bool:
        is_alike = _is_from_me(left) == _is_from_me(right) and agree(left, right)
        return is_alike and self._files(left.state) == self._files(right.state)

    def _files(self, state: State) -> list[tuple[object, object]]:
        """Name and size of the files of a message; two that were kept twice have other ids."""
        references = [resolve(name, own_namespace(state)) for name in names_in(state)]
        names = [(int(Kind.ATTACHMENT), named.id) for named in references]
        ids = record_ids(self._roots, self._namespace, names)
        known = self._states(ids) if ids else {}
        found: list[tuple[object, object]] = []
        for uid, (_, canonical) in zip(ids, names, strict=True):
            file = known.get(uid, empty(Kind.ATTACHMENT))
            told = [batch.files[canonical] for batch in self._batches if canonical in batch.files]
            file = join_changes(file, (_change(one) for one in told))
            found.append((file.get(FILE_NAME), file.get(STATED_BYTES)))
        return sorted(found, key=repr)


def is_said_to_be_one(observation: Observation) -> bool:
    """Whether it is a message that is known under another id."""
    is_message = observation.kind == Kind.MESSAGE
    return is_message and any(told.name == ALIAS.name for told in observation.entries)


def _change(observation: Observation) -> Change:
    return Change(observation.kind, b"", 0, observation.time_ms, b"", observation.entries)


def _is_known(state: State) -> bool:
    return state.get(ORIGIN) is not None or not state.has_content()


def _stored(known: Known) -> Twin:
    state = _unedited(known.state)
    return Twin(known.uid, state, project(state))


def _is_from_me(twin: Twin) -> bool:
    return bool(twin.state.get(FROM_ME))


def _are_sides(left: Twin, right: Twin) -> bool:
    return _is_from_me(left) != _is_from_me(right) and agree(left, right)


def _known(stored: Known) -> _Other:
    namespace, canonical = stored.state.get(ORIGIN)
    edits = [
        entry(field, value, key)
        for field in (EDIT, UNSENT)
        for key, value in stored.state.keyed(field).items()
    ]
    return _Other(stored.uid, (namespace, canonical), tuple(edits))


def _unedited(state: State) -> State:
    """A message as it was first told."""
    slots = {slot: stamps for slot, stamps in state.slots.items() if slot[0] not in _EDITS}
    return state._replace(slots=slots)
