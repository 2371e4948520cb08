"""Planning a reset of sync: which segments a device replaces by saying its whole state anew. Pure.

A segment may go when everything that it tells is said anew. That is so when it can be read: what
the library lacks of it is then taken in first. And when it cannot be read any more, but this
library took it in while it could. And when it is nowhere: not here, and not at the place, which was
asked just now. A device that has it, and hears of the reset, says what was in it again. Any other
that this device never read stays: another one may be able to.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sealwax.model.change import Change
from sealwax.model.state import State, changes

NO_DEVICE = bytes(16)
RESET_CHANGES = 12_000
"""At most about so many changes go into one commit of a reset."""


class SeenSegment(NamedTuple):
    """A segment that the head holds, as this device finds it now: whether it can be read, whether
    the library took it in when it was pulled, how many of its changes the library lacks, and
    whether neither this device nor the place has it."""

    name: bytes
    size_bytes: int
    is_readable: bool
    was_taken_in: bool
    lacking: int = 0
    is_nowhere: bool = False


class ResetPlan(NamedTuple):
    """What a reset does.

    `records` are said anew. `segments` are replaced, of `size_bytes`: about so much is written.
    `healed` of them cannot be read any more, and what was in them is here. `regained` hold
    something that this library lacks: that is taken in first. `nowhere` are neither here nor at the
    place, and never were here. `kept` cannot be read, and never were here: they stay as they are.
    `replaced` and `lacking` name the replaced and the regained ones.
    """

    records: int
    segments: int
    size_bytes: int
    healed: int
    regained: int
    nowhere: int
    kept: int
    replaced: tuple[bytes, ...]
    lacking: tuple[bytes, ...]


def plan_reset(records: int, seen: Iterable[SeenSegment]) -> ResetPlan:
    """The plan for what was found."""
    replaced: list[bytes] = []
    lacking: list[bytes] = []
    size_bytes, healed, nowhere, kept = 0, 0, 0, 0
    for segment in seen:
        if not segment.is_readable and not segment.was_taken_in:
            if not segment.is_nowhere:
                kept += 1
                continue
            nowhere += 1
        replaced.append(segment.name)
        size_bytes += segment.size_bytes
        healed += not segment.is_readable and segment.was_taken_in
        if segment.lacking:
            lacking.append(segment.name)
    return ResetPlan(
        records, len(replaced), size_bytes, healed, len(lacking), nowhere, kept,
        tuple(replaced), tuple(lacking),
    )  # fmt: skip


def said_anew(record: bytes, state: State) -> list[Change]:
    """Changes whose join is the state, all of it."""
    told = changes(record, state)
    # A state without any value is one all the same: the digest covers it.
    return told or [Change(state.kind, record, None, 0, NO_DEVICE, ())]


def in_batches(told: Iterable[list[Change]]) -> Iterator[tuple[Change, ...]]:
    """The changes of records in the commits that they go into; those of a record stay together."""
    batch: list[Change] = []
    for anew in told:
        batch += anew
        if len(batch) >= RESET_CHANGES:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)
