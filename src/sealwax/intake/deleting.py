"""The end of an import: what its source deleted, and what an export says of deletions.

It comes last, with a snapshot before it where anything goes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import record_ids
from sealwax.intake.controls import ControlPlan, Taking, plan_controls
from sealwax.intake.imported import Tally
from sealwax.intake.plan import (
    DeletionPlan,
    Doomed,
    deletions_of_conversation,
    plan_deletions,
)
from sealwax.library.library import Library
from sealwax.library.own_time import DAY_MS
from sealwax.library.project import project
from sealwax.library.select import Selection
from sealwax.model.change import Change
from sealwax.model.loss import is_there
from sealwax.model.record import Kind
from sealwax.model.reference import DEFAULT_NAMESPACE, write
from sealwax.model.state import State
from sealwax.sources.base import Deletion, Description
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import CHANGES_LIMIT, Writer, Writing

BEFORE = "before deletions from the source"
"""The reason of the snapshot."""
FALLEN = "fell at an import"
States = Callable[[list[bytes]], dict[bytes, State]]


class Planned(NamedTuple):
    """What the end of an import comes to; `lately` are records that fell at imports before."""

    deletions: DeletionPlan
    controls: ControlPlan
    lately: tuple[bytes, ...]

    @property
    def changes(self) -> list[Change]:
        plan = self.deletions
        return [*plan.marks, *plan.moves, *plan.returns, *self.controls.changes]

    @property
    def taking(self) -> Taking:
        return Taking(self.deletions.records, 0) + self.controls.taking

    @property
    def conversations(self) -> int:
        return self.deletions.conversations + self.controls.conversations

    @property
    def is_held(self) -> bool:
        return (self.deletions.is_held and self.deletions.records > 0) or self.controls.is_held


class Deleting:
    """What one import has heard of deletions: `told` by its source, which still shows the records
    `seen_in_trash`; `controls` is what an export says of records that are here."""

    def __init__(
        self,
        namespace: str,
        description: Description,
        library: Library,
        writer: Writer,
        roots: RootKeys,
        is_confirmed: bool,
    ) -> None:
        self._namespace = namespace
        self._description = description
        self._library = library
        self._writer = writer
        self._roots = roots
        self._is_confirmed = is_confirmed
        self._start_seq = library.head_moment()
        self.told: list[Deletion] = []
        self.seen_in_trash: set[bytes] = set()
        self.controls: dict[bytes, list[Change]] = {}
        self.told_again: set[bytes] = set()
        """Messages that are there under another id, of which nothing was written yet."""

    def plan(self, states: States, now_ms: int) -> Planned:
        """What it comes to, now that all else is written; `states` gives those of records."""
        lately = self._lately(states, now_ms)
        return Planned(
            self._plan_deletions(states, lately),
            self._plan_controls(states, now_ms, lately),
            lately,
        )

    def apply(
        self, planned: Planned, snapshot: Callable[[str], int], tally: Tally, now_ms: int
    ) -> int | None:
        """Writes it, after a snapshot where anything goes; gives the snapshot's seq."""
        changes = planned.changes
        if not changes:
            return None
        snapshot_seq = snapshot(BEFORE) if any(planned.taking) else None
        for start in range(0, len(changes), CHANGES_LIMIT):
            part = Part(
                reason="import-deletions",
                confirmed=self._is_confirmed and not planned.is_held,
                source={"kind": self._description.kind},
            )
            batch = tuple(changes[start : start + CHANGES_LIMIT])
            written = self._writer.write(Writing(batch, part))
            tally.commits += 1
            tally.stored_bytes += written.stored_bytes
        moved = () if self._is_confirmed else (move.record for move in planned.deletions.moves)
        fallen = {*planned.lately, *moved, *planned.controls.lost}
        self._library.guarded.seen.look(FALLEN, sorted(fallen), now_ms)
        return snapshot_seq

    def _lately(self, states: States, now_ms: int) -> tuple[bytes, ...]:
        """What imports took away within a day, by this device's own clock, and is not back."""
        if not self.told and not self.controls:
            return ()
        names = self._library.guarded.seen.so_since(FALLEN, now_ms - DAY_MS)
        known = states(sorted(names))
        return tuple(name for name in known if not is_there(known[name]))

    def _plan_deletions(self, states: States, lately: tuple[bytes, ...]) -> DeletionPlan:
        doomed = [item for item in self._doomed() if item.record not in self.told_again]
        records = [item.record for item in doomed]
        twins = self._library.twins.beside(list(dict.fromkeys(records)))
        beside = (twin for every in twins.values() for twin in every)
        named = list(dict.fromkeys([*records, *self.seen_in_trash, *beside]))
        return plan_deletions(
            doomed,
            sorted(self.seen_in_trash),
            states(named),
            self._library.read.conversations_of([*records, *lately]),
            self._library.live_records(),
            self._description.newest_ms,
            self._writer.device,
            self._is_confirmed,
            self._arrived(records),
            lately,
            twins,
        )

    def _plan_controls(self, states: States, now_ms: int, lately: tuple[bytes, ...]) -> ControlPlan:
        records = list(self.controls)
        return plan_controls(
            self.controls,
            states(records),
            self._library.read.conversations_of([*records, *lately]),
            self._library.live_records(),
            now_ms,
            self._writer.device,
            self._arrived(records),
            lately,
        )

    def _arrived(self, records: Iterable[bytes]) -> frozenset[bytes]:
        """Those of these records that came with this import: what nobody had, nobody loses."""
        return self._library.read.unknown_at(list(dict.fromkeys(records)), self._start_seq)

    def _doomed(self) -> Iterator[Doomed]:
        names = [(item.kind, item.canonical_id) for item in self.told]
        ids = record_ids(self._roots, self._namespace, names)
        for record, item in zip(ids, self.told, strict=True):
            time_ms = self._description.newest_ms if item.time_ms is None else item.time_ms
            yield Doomed(record, item.kind, item.key, time_ms)
            if item.kind == Kind.CONVERSATION:
                yield from deletions_of_conversation(
                    item, self._messages_of(record, item.canonical_id, time_ms), time_ms
                )

    def _messages_of(self, conversation: bytes, canonical: str, time_ms: int) -> list[bytes]:
        """The messages of a conversation up to a time, by id: none of others that are one with it,
        for the source spoke of this one."""
        stored = self._library.applier.fetch([conversation]).get(conversation)
        if stored is None:
            return []
        home = self._library.read.shown(stored.record)
        selection = Selection((home,), until_ns=(time_ms + 1) * 1_000_000)
        rows = self._library.twins.each(self._library.read.messages(selection, self._library.now()))
        if not self._library.read.is_joined(home):
            return [row.uid for row in rows]
        name = write(self._namespace, canonical, DEFAULT_NAMESPACE)
        return [row.uid for row in rows if name in project(row.state).conversations]
