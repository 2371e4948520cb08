"""What a commit does to objects and snapshots, kept in rows, and what the account is charged for.

The rules are those of `ledger.objects`, in SQL.
"""

from typing import NamedTuple

import apsw

from sealwax.ledger.commit import Commit
from sealwax.ledger.objects import FOREVER, Effects, effects
from sealwax.server.quota import Standing, need_room


class Counted(NamedTuple):
    """Bytes live at the heads, and bytes held by heads or pins."""

    head_bytes: int
    held_bytes: int


def charge(
    connection: apsw.Connection,
    account: bytes,
    zone: str,
    commit: Commit,
    found: Standing,
    is_essential: bool,
) -> None:
    """Keeps what a commit does to objects and pins, and what the account is charged for. Raises
    Refusal where it does not fit."""
    effect = effects(commit)
    names = _touched(effect)
    before = _counted_of(connection, account, names)
    _keep(connection, account, zone, effect, commit.header.time_ms)
    after = _counted_of(connection, account, names)
    need_room(found, max(after.held_bytes - before.held_bytes, 0), is_essential)
    if effect.unpinned:
        # What only the snapshot held may be any object that was dropped since.
        total = _counted(connection, account)
    else:
        head_bytes = found.head_bytes + after.head_bytes - before.head_bytes
        total = Counted(head_bytes, found.used_bytes + after.held_bytes - before.held_bytes)
    if total != (found.head_bytes, found.used_bytes):
        connection.execute(
            "UPDATE account SET head_bytes = ?, snapshot_bytes = ? WHERE account = ?",
            (total.head_bytes, total.held_bytes - total.head_bytes, account),
        )


def _touched(effect: Effects) -> set[bytes]:
    """The names of all objects whose intervals a commit may change."""
    names = {name for name, _ in effect.added}
    names.update(effect.dropped)
    for old, new in effect.redacted:
        names.update((old,) if new is None else (old, new))
    return names


def _keep(
    connection: apsw.Connection, account: bytes, zone: str, effect: Effects, time_ms: int
) -> None:
    key = (account, zone)
    connection.executemany(
        "INSERT OR IGNORE INTO object (account, zone, name, size_bytes, added_seq, dropped_seq)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(*key, name, size_bytes, effect.seq, FOREVER) for name, size_bytes in effect.added],
    )
    connection.executemany(
        "UPDATE object SET dropped_seq = ? WHERE account = ? AND zone = ? AND name = ?"
        " AND dropped_seq = ?",
        [(effect.seq, *key, name, FOREVER) for name in effect.dropped],
    )
    if effect.pinned_seq is not None:
        connection.execute(
            "INSERT INTO pin (account, zone, commit_seq, pinned_seq, lock_until_ms)"
            " VALUES (?, ?, ?, ?, ?)",
            (*key, effect.seq, effect.pinned_seq, effect.lock_until_ms),
        )
    for old, new in effect.redacted:
        _redact(connection, key, effect, old, new)
    connection.executemany(
        "DELETE FROM pin WHERE account = ? AND zone = ? AND commit_seq = ? AND lock_until_ms <= ?",
        [(*key, pin, time_ms) for pin in effect.unpinned],
    )


def _redact(
    connection: apsw.Connection,
    key: tuple[bytes, str],
    effect: Effects,
    old: bytes,
    new: bytes | None,
) -> None:
    """The new object takes the old one's place in every moment; see `ledger.objects`."""
    where = "account = ? AND zone = ? AND name = ?"
    row = connection.execute(
        f"SELECT added_seq, dropped_seq FROM object WHERE {where}", (*key, old)
    ).fetchone()
    if row is None:
        return
    connection.execute(f"UPDATE object SET dropped_seq = added_seq WHERE {where}", (*key, old))
    if new is not None and new in dict(effect.added):
        connection.execute(
            f"UPDATE object SET added_seq = ?, dropped_seq = ? WHERE {where} AND added_seq = ?",
            (*row, *key, new, effect.seq),
        )


_COUNTED = (
    "SELECT ifnull(sum(size_bytes) FILTER (WHERE is_live), 0), ifnull(sum(size_bytes), 0) FROM"
    " (SELECT max(size_bytes) AS size_bytes, max(dropped_seq = ?2) AS is_live FROM object"
    "  WHERE account = ?1{one} AND (dropped_seq = ?2 OR EXISTS (SELECT 1 FROM pin"
    "   WHERE pin.account = object.account AND pin.zone = object.zone"
    "   AND added_seq <= pinned_seq AND pinned_seq < dropped_seq)) GROUP BY name)"
)
_ALL, _ONE = _COUNTED.format(one=""), _COUNTED.format(one=" AND name = ?3")


def _counted(connection: apsw.Connection, account: bytes) -> Counted:
    """All objects of an account, each once."""
    row = connection.execute(_ALL, (account, FOREVER)).fetchone()
    assert row is not None
    return Counted(int(row[0]), int(row[1]))


def _counted_of(connection: apsw.Connection, account: bytes, names: set[bytes]) -> Counted:
    """Some objects of an account, each once, whatever zones they are in."""
    head_bytes = held_bytes = 0
    for name in names:
        row = connection.execute(_ONE, (account, FOREVER, name)).fetchone()
        assert row is not None
        head_bytes, held_bytes = head_bytes + int(row[0]), held_bytes + int(row[1])
    return Counted(head_bytes, held_bytes)
