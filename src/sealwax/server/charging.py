"""What a commit does to objects and snapshots, kept in rows, and what the account is charged for.

The rules are those of `ledger.objects`, in SQL; what a commit begins and ends is for
`ledger.dropping` to say. A device takes a commit whose drops are refused, and tells of it; a server
does not take it at all.
"""

from typing import NamedTuple

import apsw

from sealwax.ledger.commit import Commit
from sealwax.ledger.dropping import Known, Settled, settle, touched
from sealwax.ledger.objects import FOREVER, Effects, effects, let_go_ms
from sealwax.server.quota import Standing, need_room
from sealwax.server.refusal import Refusal


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
    now_ms: int,
) -> None:
    """Keeps what a commit does to objects and pins, and what the account is charged for. Raises
    Refusal where it does not fit, or would take away what the rules of the chain keep."""
    names = touched(commit.header)
    settled = settle(commit.header, _known(connection, account, zone, names))
    if settled.refused:
        raise Refusal(412, "drop-refused", f"It takes too much away: {settled.refused[0].reason}.")
    effect = effects(commit)
    _need_unlocked_pins(connection, (account, zone), effect, let_go_ms(commit, now_ms))
    before = _counted_of(connection, account, names)
    _keep(connection, account, zone, settled, effect)
    after = _counted_of(connection, account, names)
    if effect.unpinned or _holds_the_past(effect):
        # What only the snapshot holds may be any object that was dropped since.
        total = _counted(connection, account)
    else:
        head_bytes = found.head_bytes + after.head_bytes - before.head_bytes
        total = Counted(head_bytes, found.used_bytes + after.held_bytes - before.held_bytes)
    need_room(found, max(total.held_bytes - found.used_bytes, 0), is_essential)
    if total != (found.head_bytes, found.used_bytes):
        connection.execute(
            "UPDATE account SET head_bytes = ?, snapshot_bytes = ? WHERE account = ?",
            (total.head_bytes, total.held_bytes - total.head_bytes, account),
        )


def _holds_the_past(effect: Effects) -> bool:
    return effect.pinned_seq is not None and effect.pinned_seq < effect.seq - 1


def _known(
    connection: apsw.Connection, account: bytes, zone: str, names: set[bytes]
) -> dict[bytes, Known]:
    known: dict[bytes, Known] = {}
    for name in names:
        row = connection.execute(
            "SELECT dropped_seq, change_digest FROM object"
            " WHERE account = ? AND zone = ? AND name = ?",
            (account, zone, name),
        ).fetchone()
        if row is not None:
            known[name] = Known(row[0] == FOREVER, row[1])
    return known


def _need_unlocked_pins(
    connection: apsw.Connection, key: tuple[bytes, str], effect: Effects, until_ms: int
) -> None:
    for pin in effect.unpinned:
        row = connection.execute(
            "SELECT 1 FROM pin WHERE account = ? AND zone = ? AND commit_seq = ?"
            " AND lock_until_ms > ?",
            (*key, pin, until_ms),
        ).fetchone()
        if row is not None:
            raise Refusal(412, "pin-locked", f"The snapshot {pin} is locked by the server's clock.")


def _keep(
    connection: apsw.Connection, account: bytes, zone: str, settled: Settled, effect: Effects
) -> None:
    key = (account, zone)
    connection.executemany(
        "INSERT INTO object (account, zone, name, size_bytes, added_seq, dropped_seq,"
        " change_digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (*key, name, size_bytes, effect.seq, FOREVER, change_digest)
            for name, size_bytes, change_digest in settled.begun
        ],
    )
    connection.executemany(
        "UPDATE object SET dropped_seq = ? WHERE account = ? AND zone = ? AND name = ?",
        [(effect.seq, *key, name) for name in settled.ended],
    )
    if effect.pinned_seq is not None:
        connection.execute(
            "INSERT INTO pin (account, zone, commit_seq, pinned_seq, lock_until_ms)"
            " VALUES (?, ?, ?, ?, ?)",
            (*key, effect.seq, effect.pinned_seq, effect.lock_until_ms),
        )
    connection.executemany(
        "DELETE FROM pin WHERE account = ? AND zone = ? AND commit_seq = ?",
        [(*key, pin) for pin in effect.unpinned],
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
