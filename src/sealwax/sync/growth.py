"""How much the shared history grew of late, by the times that its commits tell.

These are claims, and nothing more than a forecast is made of them.
"""

from sealwax.ledger.commit import SAID_ALREADY, CommitKind, parse_commit
from sealwax.sync.replica import Replica


def bytes_since(replica: Replica, time_ms: int) -> int:
    """The sealed bytes that a history grew by since a moment; 0 where it is not older than that.
    What a compaction, a reset or a checkpoint writes is there already in another form."""
    total = 0
    for _, data in replica.library.holdings.commits_backwards(replica.zone):
        header = parse_commit(data).header
        if header.time_ms < time_ms:
            return total
        if header.kind not in (*SAID_ALREADY, CommitKind.CHECKPOINT):
            total += sum(size_bytes for _, size_bytes in header.added)
    return 0
