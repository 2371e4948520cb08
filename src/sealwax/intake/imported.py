"""What an import says of itself: how far it is, and what it did."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sealwax.base.problem import Problem
from sealwax.intake.controls import NOTHING, Taking
from sealwax.model.change import Change
from sealwax.model.field import RAW, ROW
from sealwax.model.record import Kind
from sealwax.sources.base import Description

PROBLEMS_KEPT = 1_000
COLUMNS_COUNTED = 1_000
OTHER_COLUMNS = "other columns"


class Progress(NamedTuple):
    """How far an import is. `total` is about how many messages the source holds."""

    phase: str
    messages: int
    total: int
    files: int
    file_bytes: int


class Imported(NamedTuple):
    """What an import did, or (`is_dry_run`) would do. `damage` counts the problems which say that a
    part of the source could not be read. `purged` records lost their content; what an export would
    have put into the trash, or purged, besides, was left out for want of a person's yes. `kept_raw`
    counts the values that were kept as they are, for nothing here decodes them, by column.
    `stay_purged` messages of the source were purged before, and are not brought back;
    `purged_elsewhere` of them on another device, perhaps before they ever were here.
    `waiting` receipts were not written: they are read again, and written with what comes by
    then."""

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
    kept_raw: dict[str, int]
    damage: int = 0
    purged: int = 0
    left_trashed: int = 0
    left_purged: int = 0
    waiting: int = 0
    stay_purged: int = 0
    purged_elsewhere: int = 0


@dataclass
class Tally:
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
    arrived: Taking = NOTHING
    left_out: Taking = NOTHING
    stay_purged: int = 0
    purged_elsewhere: int = 0
    kept_raw: Counter[str] = field(default_factory=Counter)

    def keep(self, changes: Iterable[Change]) -> None:
        """Counts what changes keep raw, by column."""
        for change in changes:
            for name, _, key, value in change.entries:
                if name == ROW.name:
                    table = key.partition(":")[0]
                    for column in value:
                        self._kept(f"{table}.{column}")
                elif name == RAW.name:
                    self._kept(f"message.{key.partition(':')[0]}")

    def _kept(self, column: str) -> None:
        is_named = column in self.kept_raw or len(self.kept_raw) < COLUMNS_COUNTED
        self.kept_raw[column if is_named else OTHER_COLUMNS] += 1

    def note(self, problem: Problem) -> None:
        """Counts a problem, and keeps the first ones."""
        self.problem_count += 1
        self.damage += problem.is_damage
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(problem)


def by_name(counter: Counter[int]) -> dict[str, int]:
    """Counts of records by what they are called."""
    names = {int(kind): kind.name.lower() + "s" for kind in Kind}
    return {names[kind]: counter[kind] for kind in sorted(names)}
