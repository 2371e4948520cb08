"""Applying a restore: stream what differs, plan it, write it in batches."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sealwax.library.library import Library
from sealwax.library.naming import names_in
from sealwax.library.project import NOWHERE, PRESENT, TRASH
from sealwax.library.query import Row
from sealwax.library.select import Moment, Selection
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.snapshot.plan import (
    REPLACE,
    RestoreCounts,
    Then,
    add_step,
    count,
    plan_restore,
)
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import CHANGES_LIMIT, Writer, Writing


class Restored(NamedTuple):
    """What a restore did: its numbers, and the commits that it made."""

    counts: RestoreCounts
    commits: int


def differences(library: Library, moment: float, selection: Selection, mode: str) -> Iterator[Then]:
    """The records that a snapshot shows otherwise than the present; a selection of messages brings
    the conversations along that it is about."""
    for then, now in library.read.changed_since(moment, selection):
        yield Then(then.uid, then.kind, then.state, now.state)
    if not selection.is_everything:
        yield from _files(library, moment, selection)
    if selection.conversations:
        yield from _conversations(library, moment, selection.conversations)
    if mode == REPLACE:
        for row in library.read.new_since(moment, selection):
            if row.kind in (Kind.MESSAGE, Kind.CONVERSATION):
                yield Then(row.uid, row.kind, None, row.state)


def _conversations(library: Library, moment: float, wanted: tuple[int, ...]) -> Iterator[Then]:
    changed: Iterator[tuple[Row, Row]] = library.read.changed_since(moment, Selection(), wanted)
    for then, now in changed:
        if then.kind == Kind.CONVERSATION:
            yield Then(then.uid, then.kind, then.state, now.state)


def _files(library: Library, moment: float, selection: Selection) -> Iterator[Then]:
    """The attachments of the selected messages: a purge takes them along."""
    names: dict[str, None] = {}
    for row in library.read.messages(selection, Moment(moment, (PRESENT,))):
        names.update(dict.fromkeys(names_in(row.state)))
    everywhere = (PRESENT, TRASH, NOWHERE)
    now = Moment(library.head_moment(), everywhere)
    wanted = list(names)
    states = {row.uid: row.state for row in library.read.attachment_rows(wanted, now)}
    for row in library.read.attachment_rows(wanted, Moment(moment, (PRESENT,))):
        yield Then(row.uid, row.kind, row.state, states.get(row.uid))


def preview(
    library: Library, moment: float, selection: Selection, mode: str, now_ms: int, device: bytes
) -> RestoreCounts:
    """What a restore would do, in numbers."""
    found = differences(library, moment, selection, mode)
    return count(plan_restore(found, mode, now_ms, device))


def restore(
    library: Library,
    writer: Writer,
    moment: float,
    selection: Selection,
    mode: str,
    now_ms: int,
    report: Callable[[int], None],
) -> Restored:
    """Restores, in commits that stand on their own: run again, it goes on where it stopped.

    `report` is told how many records are done.
    """
    found = differences(library, moment, selection, mode)
    total, commits, done = RestoreCounts(), 0, 0
    batch: list[Change] = []
    # Steps may be decided while earlier ones are written: a step changes no record but its own, and
    # the records come in the order of their rows, each once.
    for step in plan_restore(found, mode, now_ms, writer.device):
        batch += step.changes
        total = add_step(total, step)
        done += 1
        if len(batch) >= CHANGES_LIMIT:
            commits += _write(writer, batch, mode)
            report(done)
    commits += _write(writer, batch, mode)
    report(done)
    return Restored(total, commits)


def _write(writer: Writer, batch: list[Change], mode: str) -> int:
    if not batch:
        return 0
    part = Part(reason=f"restore-{mode}", confirmed=True)
    writer.write(Writing(tuple(batch), part))
    batch.clear()
    return 1
