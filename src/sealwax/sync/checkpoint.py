"""Writing a checkpoint now and then: a sealed list of all that the zone holds, for new devices.

A checkpoint costs about 70 bytes for each object, so one is due only after many commits, and after
so many that they weigh more than it does; the one before it is dropped by the commit that replaces
it.
"""

from sealwax.base.entropy import Entropy
from sealwax.ledger.commit import CommitKind
from sealwax.sync.replica import Replica
from sealwax.trust.account import need_writer
from sealwax.vault.checkpoint import (
    HELD_LIMIT,
    Checkpoint,
    Held,
    PinnedMoment,
    seal_checkpoint,
)
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing, Written

COMMITS_BETWEEN = 256
OBJECTS_A_COMMIT = 8
"""A commit has about as many bytes as so many objects in a checkpoint."""


def is_checkpoint_due(replica: Replica) -> bool:
    """Whether enough was appended since the last checkpoint, and all fits into one."""
    newest_seq, _ = replica.library.holdings.checkpoint()
    commits = replica.head().seq - newest_seq
    if commits < COMMITS_BETWEEN:
        return False
    return replica.library.holdings.held_count() <= min(commits * OBJECTS_A_COMMIT, HELD_LIMIT)


def write_checkpoint(replica: Replica, entropy: Entropy) -> Written:
    """Lists what the zone holds now and appends the list; raises StoreError."""
    replica.pull()
    head = replica.head()
    holdings = replica.library.holdings
    listed = Checkpoint(
        head.seq,
        head.hash,
        head.position,
        [Held(*row) for row in holdings.listed()],
        [
            PinnedMoment(pin.commit_seq, pin.pinned_seq, pin.lock_until_ms, pin.made_ms)
            for pin in holdings.all_pins()
            if pin.zone == replica.zone
        ],
    )
    need_writer(replica.log, replica.keys, replica.device)
    pieces = seal_checkpoint(replica.keys, replica.zone, replica.log.newest.epoch, listed, entropy)
    replica.store.put_objects(pieces)
    _, earlier = holdings.checkpoint()
    part = Part(reason="checkpoint", checkpoint=[piece.name for piece in pieces])
    chunks = tuple((piece.name, len(piece.data)) for piece in pieces)
    return replica.write(
        Writing((), part, CommitKind.CHECKPOINT, chunks=chunks, dropped=tuple(earlier))
    )
