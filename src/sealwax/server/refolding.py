"""Folding a zone anew, where a merge disowns what was folded: see `ledger.disowning`.

It reads the whole zone inside the one transaction that takes the merge, so an account may have it
done now and then only.
"""

from collections.abc import Iterator
from typing import Any

import apsw

from sealwax.ledger.account import AccountLog
from sealwax.ledger.commit import Commit, parse_commit
from sealwax.ledger.disowning import Disowning
from sealwax.ledger.objects import Interval, Objects
from sealwax.server.charging import count_again
from sealwax.server.commits import all_commits
from sealwax.server.held import note_zone


def refold(
    connection: apsw.Connection, account: bytes, zone: str, log: AccountLog, now_ms: int
) -> list[bytes]:
    """Folds all commits of a zone as its merges have it now; gives the objects that nothing held,
    and that are held again. What is held after that is charged, whether there is room or not: a
    merge takes nothing that is not there."""
    key = (account, zone)
    disowning = Disowning(log)
    for commit in _commits(connection, key):
        disowning.add(commit)
    merges = disowning.merges()
    if not merges and not _has_disowned(connection, key):
        return []
    objects = Objects(merges)
    for commit in _commits(connection, key):
        objects.apply(commit, now_ms)
    _keep_objects(connection, key, objects)
    connection.execute("DELETE FROM pin WHERE account = ? AND zone = ?", key)
    connection.executemany(
        "INSERT INTO pin (account, zone, commit_seq, pinned_seq, lock_until_ms)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (*key, pin.commit_seq, pin.pinned_seq, pin.lock_until_ms)
            for pin in objects.pins.values()
        ],
    )
    held_again = note_zone(connection, key, now_ms)
    count_again(connection, account)
    return held_again


def _keep_objects(connection: apsw.Connection, key: tuple[bytes, str], objects: Objects) -> None:
    """Writes the rows anew. Since when nothing holds an object stays as it was noted."""
    rows: Any = connection.execute(
        "SELECT name, unheld_ms FROM object WHERE account = ? AND zone = ?", key
    ).fetchall()
    unheld_ms = {bytes(name): since_ms for name, since_ms in rows}
    connection.execute("DELETE FROM object WHERE account = ? AND zone = ?", key)
    for intervals, is_disowned in ((objects.intervals, False), (objects.disowned, True)):
        connection.executemany(
            "INSERT INTO object (account, zone, name, size_bytes, added_seq, dropped_seq,"
            " change_digest, unheld_ms, is_disowned) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (*key, name, *_row(interval), unheld_ms.get(name), is_disowned)
                for name, interval in intervals.items()
            ],
        )


def _row(interval: Interval) -> tuple[int, int, int, bytes | None]:
    return (
        interval.size_bytes, interval.added_seq, interval.dropped_seq, interval.change_digest
    )  # fmt: skip


def _has_disowned(connection: apsw.Connection, key: tuple[bytes, str]) -> bool:
    row = connection.execute(
        "SELECT 1 FROM object WHERE account = ? AND zone = ? AND is_disowned", key
    ).fetchone()
    return row is not None


def _commits(connection: apsw.Connection, key: tuple[bytes, str]) -> Iterator[Commit]:
    """All of them count: no other is taken."""
    return map(parse_commit, all_commits(connection, *key))
