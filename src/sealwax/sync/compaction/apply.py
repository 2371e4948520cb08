"""Compacting: small segments become one, and words purged long ago leave the head.

A merge concatenates the changes of its inputs, so its change digest is the sum of theirs; an input
whose changes are not those that its commit said is left alone. Pinned moments go on holding the
inputs. Nothing is deleted here: see `collect`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.commit import CommitKind
from sealwax.library.database import STILL
from sealwax.library.project import NOWHERE
from sealwax.library.resting import Resting, note_resting
from sealwax.library.select import Moment
from sealwax.library.usage import used_chunks
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.stores.base import StoreError
from sealwax.sync.compaction.plan import LiveSegment, Merge, plan_merges, without_purged
from sealwax.sync.renaming import named_pieces
from sealwax.sync.replica import DroppedMeanwhile, Replica
from sealwax.vault.commit_part import MERGED, PURGED_WORDS, Part
from sealwax.vault.digest import change_digest, digest_bytes
from sealwax.vault.writing import CHANGES_LIMIT, Writing

PURGE_REST_MS = 30 * 24 * 60 * 60 * 1000
PURGES_EVERY_MS = 7 * 24 * 60 * 60 * 1000
_PURGES = "purged words left the head"


class Compacted(NamedTuple):
    """What a compaction did: segments that were replaced, bytes they had, bytes there are now."""

    segments: int
    before_bytes: int
    after_bytes: int


NOTHING = Compacted(0, 0, 0)


def planned_merges(replica: Replica) -> tuple[Merge, ...]:
    """What `merge_small` would do now."""
    live = map(LiveSegment._make, replica.library.holdings.live_segments())
    return plan_merges(live)


def merge_small(replica: Replica) -> Compacted:
    """Merges small segments; raises StoreError."""
    total = NOTHING
    for merge in planned_merges(replica):
        inputs: list[LiveSegment] = []
        changes: list[Change] = []
        for segment in merge:
            found = _trusted_changes(replica, segment)
            if found is not None:
                inputs.append(segment)
                changes += found
        if len(inputs) > 1:
            total = _added(total, _replace(replica, inputs, changes, CommitKind.COMPACT))
    return total


def drop_purged_words(replica: Replica, now_ms: int) -> Compacted:
    """Writes the segments anew that hold words which were purged long ago; at most weekly."""
    facts = replica.library.holdings
    if now_ms - facts.remembered_ms(_PURGES) < PURGES_EVERY_MS:
        return NOTHING
    purged = dict(_purged_long_ago(replica, now_ms))
    total = NOTHING
    inputs: list[LiveSegment] = []
    changes: list[Change] = []
    pieces: set[bytes] = set()
    for segment in map(LiveSegment._make, facts.live_segments() if purged else []):
        found = _trusted_changes(replica, segment)
        kept = without_purged(found or (), purged)
        if found is None or kept == found:
            continue
        pieces |= named_pieces(found) - named_pieces(kept)
        inputs.append(segment)
        changes += kept
        if len(changes) >= CHANGES_LIMIT:
            total = _added(total, _replace(replica, inputs, changes, CommitKind.PURGE))
            inputs, changes = [], []
    if inputs:
        total = _added(total, _replace(replica, inputs, changes, CommitKind.PURGE))
    _drop_pieces(replica, pieces)
    facts.remember_ms(_PURGES, now_ms)
    return total


def _drop_pieces(replica: Replica, pieces: set[bytes]) -> None:
    """Drops the pieces of purged files that are still at the head: the purge was written while the
    shared place was away, or was cut off."""
    connection = replica.library.database.connection
    known = replica.library.holdings.intervals(pieces)
    live = {name for name, dropped_seq in known.items() if dropped_seq == STILL}
    unused = sorted(live - used_chunks(connection)) if live else []
    for start in range(0, len(unused), CHANGES_LIMIT):
        batch = tuple(unused[start : start + CHANGES_LIMIT])
        part = Part(reason=PURGED_WORDS)
        replica.write(Writing((), part, dropped=batch, in_use=lambda: used_chunks(connection)))


def _replace(
    replica: Replica, inputs: list[LiveSegment], changes: list[Change], kind: CommitKind
) -> Compacted:
    """Adds the changes and drops the inputs in one commit, unless another device was faster."""
    names = tuple(segment.name for segment in inputs)
    reason = MERGED if kind == CommitKind.COMPACT else PURGED_WORDS
    writing = Writing(tuple(changes), Part(reason=reason), kind, dropped=names)
    try:
        written = replica.write(writing)
    except DroppedMeanwhile:
        return NOTHING
    return Compacted(
        len(inputs), sum(segment.size_bytes for segment in inputs), written.stored_bytes
    )


def _trusted_changes(replica: Replica, segment: LiveSegment) -> list[Change] | None:
    """A segment's changes, if they are those that its commit says."""
    try:
        changes = replica.read_segment(segment.name)
    except (StoreError, SealBroken, SealUnknown):
        return None
    known = replica.library.holdings.known([segment.name], replica.zone)
    found = digest_bytes(change_digest(replica.keys.roots, changes))
    return changes if found == known[segment.name].change_digest else None


def _purged_long_ago(replica: Replica, now_ms: int) -> Iterator[tuple[bytes, int]]:
    """What this device has seen purged for long enough, and nobody is asked about."""
    library = replica.library
    note_resting(library, now_ms)
    resting = Resting(library, now_ms - PURGE_REST_MS)
    asked = {row.record for row in library.guarded.losses.waiting()}
    moment = Moment(library.head_moment(), (NOWHERE,))
    for kind in Kind:
        for row in library.read.rows(kind, moment):
            if resting.is_purged(row.uid, row.state) and row.uid not in asked:
                yield row.uid, row.state.purged


def _added(left: Compacted, right: Compacted) -> Compacted:
    return Compacted(*map(sum, zip(left, right, strict=True)))
