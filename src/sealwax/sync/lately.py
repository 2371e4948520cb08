"""What came since a moment: which records fell into the trash or came back, and how many bytes.

The time that a deletion tells is its source's, and may lie years before it came here. So whoever
empties the trash asks when the change came.
"""

from collections.abc import Iterable

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.commit import SAID_ALREADY, CommitKind, parse_commit
from sealwax.model.field import LIFE
from sealwax.stores.base import Missing
from sealwax.sync.replica import Replica


def lives_since(replicas: Iterable[Replica], time_ms: int) -> set[bytes]:
    """The records whose life a change of a commit since `time_ms` tells of.

    A compaction or a reset writes old changes again, so it does not count. A segment that cannot be
    read is left out: its records are not in the library either.
    """
    found: set[bytes] = set()
    for replica in replicas:
        for _, data in replica.library.holdings.commits_backwards(replica.zone):
            commit = parse_commit(data)
            if commit.header.time_ms < time_ms:
                break
            if commit.header.kind in SAID_ALREADY:
                continue
            for name, *_ in commit.header.segments:
                found |= _lives(replica, name)
    return found


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


def _lives(replica: Replica, segment: bytes) -> set[bytes]:
    try:
        changes = replica.read_segment(segment)
    except (Missing, SealBroken, SealUnknown):
        return set()
    return {
        change.record
        for change in changes
        if any(told.name == LIFE.name for told in change.entries)
    }
