"""Reading the commits of a zone, whether they have a row each or lie in a pack.

The oldest ranges are packed (`packs`), the rest has rows. A range goes from the one to the other in
one transaction: who finds no row finds a pack.
"""

from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import apsw

from sealwax.ledger.names import commit_hash
from sealwax.stores.pack import Pack, previous_of

READ_TOGETHER = 256


def commit_at(connection: apsw.Connection, account: bytes, zone: str, seq: int) -> bytes | None:
    """One commit, or None where there is none."""
    found = commits_from(connection, account, zone, seq, 1)
    return found[0] if found else None


def commits_from(
    connection: apsw.Connection, account: bytes, zone: str, start_seq: int, most: int
) -> list[bytes]:
    """Commits from a seq on, in order, up to so many; fewer say nothing of the end, none say that
    it is there."""
    rows: Any = connection.execute(
        "SELECT seq, data FROM chain WHERE account = ? AND zone = ? AND seq >= ? AND seq < ?"
        " ORDER BY seq",
        (account, zone, start_seq, start_seq + most),
    ).fetchall()
    found = [bytes(data) for (seq, data), at in zip(rows, count(start_seq)) if seq == at]
    return found or _packed_from(connection, account, zone, start_seq, most)


def all_commits(
    connection: apsw.Connection, account: bytes, zone: str, start_seq: int = 0
) -> Iterator[bytes]:
    """All commits from a seq on."""
    seq = start_seq
    while batch := commits_from(connection, account, zone, seq, READ_TOGETHER):
        yield from batch
        seq += len(batch)


def broken_commits(connection: apsw.Connection, account: bytes) -> list[tuple[str, int]]:
    """(zone, seq) of the commits that the one after them, or the head, does not name: a disk
    damaged them, for none was taken that does not follow the one before."""
    heads: Any = connection.execute(
        "SELECT zone, seq, hash FROM zone WHERE account = ? ORDER BY zone", (account,)
    ).fetchall()
    broken: list[tuple[str, int]] = []
    for zone, head_seq, head_hash in heads:
        before: bytes | None = None
        seq = -1
        # What is appended meanwhile is behind the head that was read.
        row = islice(all_commits(connection, account, zone), head_seq + 1)
        for seq, data in enumerate(row):
            if before is not None and previous_of(data) not in (b"", before):
                broken.append((zone, seq - 1))
            before = commit_hash(data)
        if seq != head_seq or before != bytes(head_hash):
            broken.append((zone, head_seq))
    return broken


def _packed_from(
    connection: apsw.Connection, account: bytes, zone: str, start_seq: int, most: int
) -> list[bytes]:
    row = connection.execute(
        "SELECT start_seq, count, data FROM pack WHERE account = ? AND zone = ? AND start_seq <= ?"
        " ORDER BY start_seq DESC LIMIT 1",
        (account, zone, start_seq),
    ).fetchone()
    if row is None or row[2] is None:
        return []
    first, size = int(row[0]), int(row[1])
    pack = Pack.of(bytes(row[2]), first, size)
    return [pack.commit(seq) for seq in range(start_seq, min(first + size, start_seq + most))]
