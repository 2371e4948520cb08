"""Importing a source: read it in batches, plan each against the library, write what is news.

Every batch is a commit that stands on its own, so an interrupted import goes on where it stopped:
what is known already is not news. Deletions come last, with a snapshot before them.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from sealwax.base.problem import Problem
from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import record_id, record_ids
from sealwax.intake.bounds import bounded_copy, bounded_observations
from sealwax.intake.controls import (
    Taking,
    news_of,
    of_new,
    taken_by,
    under,
)
from sealwax.intake.deleting import Deleting, Planned
from sealwax.intake.imported import Imported, Progress, Tally, by_name
from sealwax.intake.plan import (
    Seen,
    are_receipts,
    plan_copy,
    plan_observations,
)
from sealwax.intake.split import Places, split_conversations
from sealwax.intake.twins import Twins, is_said_to_be_one
from sealwax.library.library import Library
from sealwax.model.change import Change, entry
from sealwax.model.field import CONTENT, ORIGIN, PURGED
from sealwax.model.record import Kind
from sealwax.model.state import State, empty, join_changes
from sealwax.sources.base import Copied, Deletion, Item, Observation, Source
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import CHANGES_LIMIT, Writer, Writing, Written

FILES_BYTES_PER_COMMIT = 256 * 1024 * 1024
"""A commit is also made when the files in it come to about this much."""


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
        *,
        now_ms: int,
        may_wait: bool = False,
    ) -> None:
        """With `may_wait`, receipts alone (that something was delivered, read or played) are not
        written: the source has them, and they wait there for company.

        `snapshot` pins the present for a reason and gives the pin's seq. `is_confirmed` says
        that a person said yes: to the deletions of a source, and to what an export says of records
        besides their content."""
        self._source = source
        self._description = source.describe()
        self._library = library
        self._writer = writer
        self._roots = roots
        self._snapshot = snapshot
        self._report = report
        self._now_ms = now_ms
        self._is_confirmed = is_confirmed
        self._is_dry_run = is_dry_run
        self._may_wait = may_wait
        self._places = Places(source.namespace, split_conversations(library))
        self._tally = Tally()
        self._deleting = Deleting(
            source.namespace, self._description, library, writer, roots, is_confirmed
        )
        self._twins = Twins(
            source.namespace, self._description.owners, library, roots, self._states
        )
        self._changed_if_run: set[bytes] = set()
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
        if self._may_wait and self._is_receipts_alone():
            planned = self._deleting.plan(self._states, self._now_ms)
            if not planned.changes:
                return self._result(planned, None)._replace(waiting=len(self._changes))
        self._flush()
        self._finish()
        self._deleting.told_again = self._twins.told_again if self._is_dry_run else set()
        planned = self._deleting.plan(self._states, self._now_ms)
        snapshot_seq = None
        if not self._is_dry_run:
            snapshot_seq = self._deleting.apply(planned, self._snapshot, self._tally, self._now_ms)
        self._tell("Done")
        return self._result(planned, snapshot_seq)

    def _is_receipts_alone(self) -> bool:
        """Whether all that is to be written are receipts, and there are some."""
        is_all = not self._begun and not self._tally.commits
        return is_all and are_receipts(self._changes)

    def _take(self, batch: Iterable[Item]) -> None:
        observations: list[Observation] = []
        copies: list[Copied] = []
        for item in batch:
            if isinstance(item, Observation):
                observations.append(item)
            elif isinstance(item, Copied):
                copies.append(bounded_copy(item, self._tally.note))
            elif isinstance(item, Deletion):
                self._deleting.told.append(item)
            else:
                self._tally.note(item)
        if observations:
            self._take_observations(bounded_observations(observations, self._tally.note))
        if copies:
            self._take_copies(copies)

    def _take_observations(self, observations: list[Observation]) -> None:
        seen = self._identified(self._placed(observations))
        wanted = list(dict.fromkeys(item.record for item in seen))
        states = self._states(wanted)
        seen = self._twins.told(seen, states)
        states |= self._states(sorted({item.record for item in seen}.difference(wanted)))
        for item in seen:
            state = states.get(item.record)
            self._count(item, state)
            if state is not None and state.life % 2 == 1:
                self._deleting.seen_in_trash.add(item.record)
        known = frozenset(states)
        newest_ms = self._description.newest_ms
        planned = plan_observations(seen, states, self._writer.device, newest_ms)
        self._tally.keep(planned)
        self._say(planned, known)
        self._say(self._contents(seen, states), known)
        if (
            len(self._changes) >= CHANGES_LIMIT
            or self._pending_file_bytes >= FILES_BYTES_PER_COMMIT
        ):
            self._flush()

    def _take_copies(self, copies: list[Copied]) -> None:
        """Records of an export come with their changes: those that are news are written as is.

        Where nobody said yes to more, content alone is taken, under no later life than the record
        has here: what was purged here would come back by one.
        """
        ids = [
            record_id(self._roots, item.namespace, item.kind, item.canonical_id) for item in copies
        ]
        self._flush()
        self._finish()
        states = self._states(ids)
        known = frozenset(states)
        for record, item in zip(ids, copies, strict=True):
            state = states.get(record)
            self._tally.seen[item.kind] += 1
            self._tally.new[item.kind] += state is None
            said = item.changes
            if not self._is_confirmed:
                said = under(state.life if state else 0, said)
            elif state is None:
                said = (*said, *of_new(record, item.controls))
            changes, states[record] = plan_copy(record, item.kind, said, state)
            self._say(changes, known)
            self._take_controls(record, item, state, states[record])
        # A file is told under the time and life of its record, like any other source's.
        told = [
            Seen(
                record, Observation(item.kind, item.canonical_id, _told_ms(item), (), item.content)
            )
            for record, item in zip(ids, copies, strict=True)
            if item.content is not None
        ]
        self._say(self._contents(told, states), known)
        self._flush()

    def _take_controls(
        self, record: bytes, item: Copied, before: State | None, after: State
    ) -> None:
        """What an export says besides content waits for the end, where it could take something
        away; where nobody said yes to it, it is counted and left out."""
        if not item.controls:
            return
        if not self._is_confirmed:
            self._tally.left_out += taken_by(after, item.controls)
        elif before is None:
            self._tally.arrived += Taking(after.life % 2 and after.has_content(), 0)
        elif news_of(record, after, item.controls):
            self._deleting.controls.setdefault(record, []).extend(item.controls)

    def _say(self, changes: list[Change], known: Collection[bytes]) -> None:
        """These are to be written; `known` are the records that are there already."""
        self._changes += changes
        for change in changes:
            self._said.setdefault(change.record, []).append(change)
            if self._is_dry_run and change.record in known:
                self._changed_if_run.add(change.record)

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
                state = states.get(record) or empty(said[record][0].kind)
                states[record] = join_changes(state, said[record])
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
                self._tally.note(Problem(f"attachment {item.observation.canonical_id}", reason))
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

    def _count(self, item: Seen, state: State | None) -> None:
        observation = item.observation
        is_own = any(told.name == ORIGIN.name for told in observation.entries)
        if is_own:
            self._tally.seen[observation.kind] += 1
            if state is None or (state.get(ORIGIN) is None and not _is_purged(state)):
                self._tally.new[observation.kind] += not is_said_to_be_one(observation)
            elif observation.kind == Kind.MESSAGE and not state.has_content():
                purged = state.stamp(PURGED)
                self._tally.stay_purged += purged is not None
                self._tally.purged_elsewhere += (
                    purged is not None and purged.device != self._writer.device
                )

    def _tell(self, phase: str) -> None:
        tally = self._tally
        messages = tally.seen[Kind.MESSAGE]
        self._report(
            Progress(phase, messages, self._description.messages, tally.files, tally.file_bytes)
        )

    def _result(self, planned: Planned, snapshot_seq: int | None) -> Imported:
        tally, taken = self._tally, self._tally.arrived + planned.taking
        return Imported(
            source=self._description,
            seen=by_name(tally.seen),
            new=by_name(tally.new),
            changed=len(self._changed_if_run) if self._is_dry_run else tally.changed,
            files=tally.files,
            files_unread=tally.files_unread,
            file_bytes=tally.file_bytes,
            stored_bytes=tally.stored_bytes,
            commits=tally.commits,
            trashed=taken.trashed,
            trashed_conversations=planned.conversations,
            returned=sum(change.life is None for change in planned.deletions.returns),
            is_held=planned.is_held,
            snapshot_seq=snapshot_seq,
            problems=tuple(tally.problems),
            problem_count=tally.problem_count,
            is_dry_run=self._is_dry_run,
            damage=tally.damage,
            purged=taken.purged,
            left_trashed=tally.left_out.trashed,
            left_purged=tally.left_out.purged,
            stay_purged=tally.stay_purged,
            purged_elsewhere=tally.purged_elsewhere,
            kept_raw=dict(sorted(tally.kept_raw.items())),
        )


def _needs_content(state: State | None, observation: Observation) -> bool:
    """Whether the file has to be read: its bytes are not known, or its size is another."""
    if state is None:
        return True
    if _is_purged(state):
        return False
    known = state.values(CONTENT)
    if not known or observation.content is None:
        return True
    try:
        size_bytes = observation.content.stat().st_size
    except OSError:
        return False
    return all(content[1] != size_bytes for content in known)


def _is_purged(state: State) -> bool:
    """Whether a source that still has the record tells nothing new by it."""
    return state.life <= state.purged


def _told_ms(item: Copied) -> int:
    """The oldest time among a record's content: when its facts were first told."""
    return min((change.time_ms for change in item.changes if change.life is not None), default=0)
