"""Importing a source: read it in batches, plan each against the library, write what is news.

Every batch is a commit that stands on its own, so an interrupted import goes on where it stopped:
what is known already is not news. Deletions come last, with a snapshot before them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sealwax.base.problem import Problem
from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import record_ids
from sealwax.intake.plan import (
    DeletionPlan,
    Doomed,
    Seen,
    deletions_of_conversation,
    plan_copy,
    plan_deletions,
    plan_observations,
)
from sealwax.intake.split import Places, split_conversations
from sealwax.library.library import Library
from sealwax.library.select import Selection
from sealwax.model.change import Change, entry
from sealwax.model.field import CONTENT, ORIGIN
from sealwax.model.record import Kind
from sealwax.model.state import State, empty, join_change
from sealwax.sources.base import Copied, Deletion, Description, Item, Observation, Source
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import CHANGES_LIMIT, Writer, Writing, Written

PROBLEMS_KEPT = 1_000
FILES_BYTES_PER_COMMIT = 256 * 1024 * 1024
"""A commit is also made when the files in it come to about this much."""


class Progress(NamedTuple):
    """How far an import is. `total` is about how many messages the source holds."""

    phase: str
    messages: int
    total: int
    files: int
    file_bytes: int


class Imported(NamedTuple):
    """What an import did, or (`is_dry_run`) would do. `damage` counts the problems which say that a
    part of the source could not be read."""

    source: Description
    seen: dict[str, int]
    new: dict[str, int]
    changed: int
    files: int
    files_unread: int
    file_bytes: int
    stored_bytes: int
    commits: int
    trashed: int
    trashed_conversations: int
    returned: int
    is_held: bool
    snapshot_seq: int | None
    problems: tuple[Problem, ...]
    problem_count: int
    is_dry_run: bool
    damage: int = 0


@dataclass
class _Tally:
    """What has been counted so far."""

    seen: Counter[int] = field(default_factory=Counter)
    new: Counter[int] = field(default_factory=Counter)
    changed: int = 0
    files: int = 0
    files_unread: int = 0
    file_bytes: int = 0
    stored_bytes: int = 0
    commits: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    damage: int = 0


class _Begun(NamedTuple):
    """A commit that is being sealed: its changes by record, and what writes it."""

    said: dict[bytes, list[Change]]
    finish: Callable[[], Written]


class Intake:
    """One import of one source."""

    def __init__(
        self,
        source: Source,
        library: Library,
        writer: Writer,
        roots: RootKeys,
        snapshot: Callable[[str], int],
        report: Callable[[Progress], None],
        is_confirmed: bool = False,
        is_dry_run: bool = False,
    ) -> None:
        """`snapshot` pins the present for a reason and gives the pin's seq."""
        self._source = source
        self._description = source.describe()
        self._library = library
        self._writer = writer
        self._roots = roots
        self._snapshot = snapshot
        self._report = report
        self._is_confirmed = is_confirmed
        self._is_dry_run = is_dry_run
        self._places = Places(split_conversations(library))
        self._tally = _Tally()
        self._start_seq = library.head_moment()
        self._deletions: list[Deletion] = []
        self._trashed_but_seen: set[bytes] = set()
        self._changes: list[Change] = []
        self._said: dict[bytes, list[Change]] = {}
        self._begun: list[_Begun] = []
        self._chunks: list[tuple[bytes, int]] = []
        self._pending_file_bytes = 0

    def run(self) -> Imported:
        """Imports everything that is news; raises SourceError, StoreError."""
        for batch in self._source.read():
            self._take(batch)
            self._tell("Reading")
        self._flush()
        self._finish()
        plan = self._plan_deletions()
        snapshot_seq = self._apply_deletions(plan)
        self._tell("Done")
        return self._result(plan, snapshot_seq)

    def _take(self, batch: Iterable[Item]) -> None:
        observations: list[Observation] = []
        copies: list[Copied] = []
        for item in batch:
            if isinstance(item, Observation):
                observations.append(item)
            elif isinstance(item, Copied):
                copies.append(item)
            elif isinstance(item, Deletion):
                self._deletions.append(item)
            else:
                self._note(item)
        if observations:
            self._take_observations(observations)
        if copies:
            self._take_copies(copies)

    def _take_observations(self, observations: list[Observation]) -> None:
        seen = self._identified(self._placed(observations))
        wanted = list(dict.fromkeys(item.record for item in seen))
        states = self._states(wanted)
        for item in seen:
            state = states.get(item.record)
            self._count(item, state)
            if state is not None and state.life % 2 == 1:
                self._trashed_but_seen.add(item.record)
        self._say(plan_observations(seen, states, self._writer.device))
        self._say(self._contents(seen, states))
        if (
            len(self._changes) >= CHANGES_LIMIT
            or self._pending_file_bytes >= FILES_BYTES_PER_COMMIT
        ):
            self._flush()

    def _take_copies(self, copies: list[Copied]) -> None:
        """Records of an export come with their changes: those that are news are written as is."""
        names = [(item.kind, item.canonical_id) for item in copies]
        ids = record_ids(self._roots, self._source.namespace, names)
        self._flush()
        self._finish()
        states = self._states(ids)
        for record, item in zip(ids, copies, strict=True):
            state = states.get(record)
            self._tally.seen[item.kind] += 1
            self._tally.new[item.kind] += state is None
            changes, states[record] = plan_copy(record, item.kind, item.changes, state)
            self._say(changes)
        # A file is told under the time and life of its record, like any other source's.
        told = [
            Seen(
                record, Observation(item.kind, item.canonical_id, _told_ms(item), (), item.content)
            )
            for record, item in zip(ids, copies, strict=True)
            if item.content is not None
        ]
        self._say(self._contents(told, states))
        self._flush()

    def _say(self, changes: list[Change]) -> None:
        """These are to be written."""
        self._changes += changes
        for change in changes:
            self._said.setdefault(change.record, []).append(change)

    def _placed(self, observations: list[Observation]) -> list[Observation]:
        """With the places of messages whose conversation a person has split."""
        placed: list[Observation] = []
        for item in observations:
            place = self._places.place(item.entries) if item.kind == Kind.MESSAGE else None
            placed.append(item._replace(entries=(*item.entries, place)) if place else item)
        parts = [
            Observation(int(Kind.CONVERSATION), part, self._description.newest_ms, entries)
            for part, entries in self._places.told.items()
        ]
        self._places.told.clear()
        return [*parts, *placed]

    def _identified(self, observations: list[Observation]) -> list[Seen]:
        names = [(item.kind, item.canonical_id) for item in observations]
        ids = record_ids(self._roots, self._source.namespace, names)
        return list(map(Seen, ids, observations))

    def _states(self, records: list[bytes]) -> dict[bytes, State]:
        """The states of records as they will be once all is written that was said so far."""
        states = self._library.states(records)
        for said in (*(begun.said for begun in self._begun), self._said):
            for record in said.keys() & records:
                state = states.get(record)
                for change in said[record]:
                    state = join_change(state or empty(change.kind), change)
                assert state is not None
                states[record] = state
        return states

    def _contents(self, seen: list[Seen], states: dict[bytes, State]) -> list[Change]:
        """Stores the files of attachments whose bytes are not in the vault yet."""
        wanted = [
            item
            for item in seen
            if item.observation.content is not None
            and _needs_content(states.get(item.record), item.observation)
        ]
        if self._is_dry_run or not wanted:
            self._tally.files += len(wanted)
            return []
        paths = [item.observation.content for item in wanted]
        stored = self._writer.put_files([path for path in paths if path is not None])
        changes: list[Change] = []
        for item, file in zip(wanted, stored, strict=True):
            if isinstance(file, OSError):
                reason = file.strerror or str(file)
                self._note(Problem(f"attachment {item.observation.canonical_id}", reason))
                self._tally.files_unread += 1
                continue
            self._tally.files += 1
            self._tally.file_bytes += file.size_bytes
            self._tally.stored_bytes += sum(size for _, size in file.chunks)
            self._pending_file_bytes += file.size_bytes
            self._chunks += file.chunks
            changes += self._content_change(item, states.get(item.record), file.content)
        return changes

    def _content_change(
        self, item: Seen, state: State | None, content: list[object]
    ) -> list[Change]:
        observation = item.observation
        told = observation._replace(entries=(entry(CONTENT, content),))
        known = {} if state is None else {item.record: state}
        return plan_observations([Seen(item.record, told)], known, self._writer.device)

    def _flush(self) -> None:
        """Begins to write what is pending as one commit, and finishes the one before: while that
        goes into the library, this one is sealed."""
        if not self._changes or self._is_dry_run:
            self._changes.clear()
            self._said.clear()
            return
        part = Part(reason="import", source={"kind": self._description.kind})
        writing = Writing(tuple(self._changes), part, chunks=tuple(self._chunks))
        self._begun.append(_Begun(self._said, self._writer.begin(writing)))
        self._changes, self._said = [], {}
        self._chunks, self._pending_file_bytes = [], 0
        self._finish(but=1)

    def _finish(self, but: int = 0) -> None:
        """Finishes what was begun, oldest first, but for so many."""
        while len(self._begun) > but:
            written = self._begun[0].finish()
            del self._begun[0]
            self._tally.commits += 1
            self._tally.changed += written.changed
            self._tally.stored_bytes += written.stored_bytes

    def _plan_deletions(self) -> DeletionPlan:
        doomed = list(self._doomed())
        records = [item.record for item in doomed]
        named = list(dict.fromkeys([*records, *self._trashed_but_seen]))
        return plan_deletions(
            doomed,
            sorted(self._trashed_but_seen),
            self._states(named),
            self._library.read.conversations_of(records),
            self._library.live_records(),
            self._description.newest_ms,
            self._writer.device,
            self._is_confirmed,
            self._library.read.unknown_at(list(dict.fromkeys(records)), self._start_seq),
        )

    def _doomed(self) -> Iterator[Doomed]:
        names = [(item.kind, item.canonical_id) for item in self._deletions]
        ids = record_ids(self._roots, self._source.namespace, names)
        for record, item in zip(ids, self._deletions, strict=True):
            time_ms = self._description.newest_ms if item.time_ms is None else item.time_ms
            yield Doomed(record, item.kind, item.key, time_ms)
            if item.kind == Kind.CONVERSATION:
                yield from deletions_of_conversation(
                    item, self._messages_of(record, time_ms), time_ms
                )

    def _messages_of(self, conversation: bytes, time_ms: int) -> list[bytes]:
        """The messages of a conversation up to a time, by id."""
        stored = self._library.applier.fetch([conversation]).get(conversation)
        if stored is None:
            return []
        selection = Selection((stored.record,), until_ns=(time_ms + 1) * 1_000_000)
        return [row.uid for row in self._library.read.messages(selection, self._library.now())]

    def _apply_deletions(self, plan: DeletionPlan) -> int | None:
        changes = [*plan.marks, *plan.moves, *plan.returns]
        if not changes or self._is_dry_run:
            return None
        snapshot_seq = None
        if plan.moves:
            snapshot_seq = self._snapshot("before deletions from the source")
        for start in range(0, len(changes), CHANGES_LIMIT):
            part = Part(
                reason="import-deletions",
                confirmed=self._is_confirmed,
                source={"kind": self._description.kind},
            )
            batch = tuple(changes[start : start + CHANGES_LIMIT])
            written = self._writer.write(Writing(batch, part))
            self._tally.commits += 1
            self._tally.stored_bytes += written.stored_bytes
        return snapshot_seq

    def _count(self, item: Seen, state: State | None) -> None:
        observation = item.observation
        is_own = any(told.name == ORIGIN.name for told in observation.entries)
        if is_own:
            self._tally.seen[observation.kind] += 1
            if state is None or (state.get(ORIGIN) is None and not _is_purged(state)):
                self._tally.new[observation.kind] += 1

    def _note(self, problem: Problem) -> None:
        self._tally.problem_count += 1
        self._tally.damage += problem.is_damage
        if len(self._tally.problems) < PROBLEMS_KEPT:
            self._tally.problems.append(problem)

    def _tell(self, phase: str) -> None:
        tally = self._tally
        messages = tally.seen[Kind.MESSAGE]
        self._report(
            Progress(phase, messages, self._description.messages, tally.files, tally.file_bytes)
        )

    def _result(self, plan: DeletionPlan, snapshot_seq: int | None) -> Imported:
        tally = self._tally
        return Imported(
            source=self._description,
            seen=_by_name(tally.seen),
            new=_by_name(tally.new),
            changed=tally.changed,
            files=tally.files,
            files_unread=tally.files_unread,
            file_bytes=tally.file_bytes,
            stored_bytes=tally.stored_bytes,
            commits=tally.commits,
            trashed=plan.records,
            trashed_conversations=plan.conversations,
            returned=sum(change.life is None for change in plan.returns),
            is_held=plan.is_held and plan.records > 0,
            snapshot_seq=snapshot_seq,
            problems=tuple(tally.problems),
            problem_count=tally.problem_count,
            is_dry_run=self._is_dry_run,
            damage=tally.damage,
        )


def _needs_content(state: State | None, observation: Observation) -> bool:
    """Whether the file has to be read: its bytes are not known, or its size is another."""
    if state is None:
        return True
    if _is_purged(state):
        return False
    known = state.slots.get((CONTENT.name, int(CONTENT.merge), ""))
    if not known or observation.content is None:
        return True
    try:
        size_bytes = observation.content.stat().st_size
    except OSError:
        return False
    return all(stamp.value[1] != size_bytes for stamp in known)


def _is_purged(state: State) -> bool:
    """Whether a source that still has the record tells nothing new by it."""
    return state.life <= state.purged


def _told_ms(item: Copied) -> int:
    """The oldest time among a record's content: when its facts were first told."""
    return min((change.time_ms for change in item.changes if change.life is not None), default=0)


def _by_name(counter: Counter[int]) -> dict[str, int]:
    names = {int(kind): kind.name.lower() + "s" for kind in Kind}
    return {names[kind]: counter[kind] for kind in sorted(names)}
