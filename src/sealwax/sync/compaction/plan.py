"""Planning a compaction: which small segments become one, and what purged words leave. Pure.

A daily import makes a segment of a kilobyte or two. Ten years of them would be thousands of objects
that every new device fetches one by one. So segments merge in tiers by their size: enough small
ones become one of the next tier, and no byte is written again more often than there are tiers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sealwax.model.change import Change
from sealwax.model.state import is_control


class LiveSegment(NamedTuple):
    """A segment that the head holds."""

    name: bytes
    added_seq: int
    size_bytes: int


class Tier(NamedTuple):
    """Segments of at most so many bytes merge when there are at least so many of them."""

    size_bytes: int
    least: int


TIERS = (Tier(4 * 1024, 16), Tier(20 * 1024, 8), Tier(56 * 1024, 4))
MERGED_BYTES = 96 * 1024
"""A merge stops taking more at about this size: that of a segment of a large import."""
INPUTS_LIMIT = 1_024

Merge = tuple[LiveSegment, ...]


def plan_merges(live: Iterable[LiveSegment]) -> tuple[Merge, ...]:
    """The groups of segments that become one, oldest first in each."""
    segments = sorted(live, key=lambda segment: (segment.added_seq, segment.name))
    merges: list[Merge] = []
    least_bytes = 0
    for tier in TIERS:
        members = [item for item in segments if least_bytes < item.size_bytes <= tier.size_bytes]
        if len(members) >= tier.least:
            merges += _groups(members)
        least_bytes = tier.size_bytes
    return tuple(merges)


def _groups(members: Sequence[LiveSegment]) -> list[Merge]:
    groups: list[list[LiveSegment]] = [[]]
    size_bytes = 0
    for segment in members:
        if groups[-1] and (size_bytes >= MERGED_BYTES or len(groups[-1]) >= INPUTS_LIMIT):
            groups.append([])
            size_bytes = 0
        groups[-1].append(segment)
        size_bytes += segment.size_bytes
    return [tuple(group) for group in groups if len(group) > 1]


def without_purged(changes: Iterable[Change], purged: Mapping[bytes, int]) -> list[Change]:
    """The changes without content that was purged: `purged` maps records to the life up to which
    nothing of them exists. Joined, they come to the same state."""
    kept: list[Change] = []
    for change in changes:
        through = purged.get(change.record)
        if through is None or change.life is None or change.life > through:
            kept.append(change)
            continue
        entries = tuple(item for item in change.entries if is_control(item.name))
        if entries:
            kept.append(change._replace(entries=entries))
    return kept
