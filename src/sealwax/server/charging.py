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
from sealwax.server.held import HELD, note_unheld, note_zone
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
) -> list[bytes]:
    """Keeps what a commit does to objects and pins, and what the account is charged for; gives the
    objects that it holds again. Raises Refusal where it does not fit, or would take away what the
    rules of the chain keep."""
    key = (account, zone)
    names = touched(commit.header)
    settled = settle(commit.header, _known(connection, account, zone, names))
    if settled.refused:
        raise Refusal(412, "drop-refused", f"It takes too much away: {settled.refused[0].reason}.")
    effect = effects(commit)
    _need_unlocked_pins(connection, key, effect, let_go_ms(commit, now_ms))
    before = _counted_of(connection, account, names)
    _keep(connection, account, zone, settled, effect)
    after = _counted_of(connection, account, names)
    held_again: list[bytes] = []
    if effect.unpinned or _holds_the_past(effect):
        # What only the snapshot holds may be any object that was dropped since.
        total = _counted(connection, account)
        held_again = note_zone(connection, key, now_ms)
    else:
        note_unheld(connection, key, settled.ended, now_ms)
        head_bytes = found.head_bytes + after.head_bytes - before.head_bytes
        total = Counted(head_bytes, found.used_bytes + after.held_bytes - before.held_bytes)
    need_room(found, max(total.held_bytes - found.used_bytes, 0), is_essential)
    if total != (found.head_bytes, found.used_bytes):
        connection.execute(
            "UPDATE account SET head_bytes = ?, snapshot_bytes = ? WHERE account = ?",
            (total.head_bytes, total.held_bytes - total.head_bytes, account),
        )
    return held_again


def _holds_the_past(effect: Effects) -> bool:
    return effect.pinned_seq is not None and effect.pinned_seq < effect.seq - 1


def _known(
    connection: apsw.Connection, account: bytes, zone: str, names: set[bytes]
) -> dict[bytes, Known]:
    known: dict[bytes, Known] = {}
    for name in names:
        row = connection.execute(
            "SELECT dropped_seq, change_digest FROM object"
            " WHERE account = ? AND zone = ? AND name = ? AND NOT is_disowned",
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
        # What a disowned commit added, and this one adds again, begins with this one.
        "INSERT OR REPLACE INTO object (account, zone, name, size_bytes, added_seq, dropped_seq,"
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
    f" (SELECT max(size_bytes) AS size_bytes, max(dropped_seq = {FOREVER}) AS is_live"
    "  FROM object{one} AND " + HELD + " GROUP BY name)"
)
ALL = _COUNTED.format(one=" WHERE object.account = ?1")
ONE = _COUNTED.format(
    one=" INDEXED BY object_by_name WHERE object.account = ?1 AND object.name = ?2"
)


def count_again(connection: apsw.Connection, account: bytes) -> None:
    """Charges what the account holds, after its zones were folded anew."""
    total = _counted(connection, account)
    connection.execute(
        "UPDATE account SET head_bytes = ?, snapshot_bytes = ? WHERE account = ?",
        (total.head_bytes, total.held_bytes - total.head_bytes, account),
    )


def _counted(connection: apsw.Connection, account: bytes) -> Counted:
    """All objects of an account, each once."""
    row = connection.execute(ALL, (account,)).fetchone()
    assert row is not None
    return Counted(int(row[0]), int(row[1]))


def _counted_of(connection: apsw.Connection, account: bytes, names: set[bytes]) -> Counted:
    """Some objects of an account, each once, whatever zones they are in."""
    head_bytes = held_bytes = 0
    for name in names:
        row = connection.execute(ONE, (account, name)).fetchone()
        assert row is not None
        head_bytes, held_bytes = head_bytes + int(row[0]), held_bytes + int(row[1])
    return Counted(head_bytes, held_bytes)
