"""What this device has seen unheld for long enough, by its own clock.

A commit tells a time, and that decides nothing here: a device's clock may say 1970, or somebody may
want it to. What counts is up to which commit this device had seen each history so long ago.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.commit import Commit, CommitKind, MalformedCommitError, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.ledger.objects import effects
from sealwax.library.library import Library
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import open_part


class Grace(NamedTuple):
    """What was dropped before a seq of the messages zone has been dropped for long enough. Of these
    moments somebody has let go since then, or they are wanted still: what they held is not yet free
    for long enough."""

    before_seq: int
    moments: set[int]


def grace(replica: Replica, time_ms: int) -> Grace:
    """What this device had seen at a time."""
    library = replica.library
    guarded = library.guarded
    moments = {one.seq for one in guarded.let_go.wanted()}
    moments |= {one.wanted.seq for one in (*guarded.let_go.waiting(), *guarded.let_go.lately(0))}
    moments |= guarded.losses.moments(time_ms)
    for zone, _ in library.holdings.heads():
        moments.update(_let_go_since(replica, zone, _seen_at(library, zone, time_ms)))
    return Grace(_seen_at(library, MESSAGES_ZONE, time_ms) + 1, moments)


def _seen_at(library: Library, zone: str, time_ms: int) -> int:
    """The seq up to which a zone had been seen at a time; −1 where that was another history."""
    seq, seen_hash = library.guarded.seen.head_before(zone, time_ms)
    data = library.holdings.seen_commit(zone, seq)
    return seq if data is not None and commit_hash(data) == seen_hash else -1


def _let_go_since(replica: Replica, zone: str, seen_seq: int) -> Iterator[int]:
    """The seqs of the messages zone that pins of a zone held which were let go of after a seq."""
    for seq, data in replica.library.holdings.commits_backwards(zone):
        if seq <= seen_seq:
            return
        commit = parse_commit(data)
        if commit.header.kind == CommitKind.UNPIN:
            for pin in effects(commit).unpinned:
                held = _held_by(replica, zone, pin)
                if held is not None:
                    yield held


def _held_by(replica: Replica, zone: str, seq: int) -> int | None:
    """The seq of the messages zone that a pin holds, or stands on."""
    data = replica.library.holdings.seen_commit(zone, seq)
    try:
        commit = parse_commit(data) if data is not None else None
        if commit is None or zone == MESSAGES_ZONE:
            return effects(commit).pinned_seq if commit is not None else None
        return _base(replica, commit)
    except (MalformedCommitError, SealBroken, SealUnknown):
        return None


def _base(replica: Replica, commit: Commit) -> int | None:
    heads = open_part(replica.keys, commit).heads
    return heads[MESSAGES_ZONE][0] if MESSAGES_ZONE in heads else None
