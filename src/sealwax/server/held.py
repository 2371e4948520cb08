"""What heads and pins of an account hold, and since when nothing holds the rest.

A device may have deleted what nothing holds, but only what nothing has held for 30 days by this
server's own clock. Nothing that a commit says moves that clock, and a device that asks for more is
told how long to wait: whoever takes away without a right to it is noticed meanwhile, and all of it
can be held again.

A row of `object` is an object in one zone. It has `unheld_ms` while nothing in that zone holds it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apsw

from sealwax.ledger.objects import FOREVER

GRACE_MS = 30 * 24 * 3600 * 1000
LET_GO_MS = 0
"""Since when nothing holds an object that the operator lets go of: for ever."""
HELD = (
    f"(dropped_seq = {FOREVER} OR EXISTS (SELECT 1 FROM pin WHERE pin.account = object.account"
    " AND pin.zone = object.zone AND added_seq <= pinned_seq AND pinned_seq < dropped_seq))"
)
"""Of a row of `object`: whether a head or a pin holds it."""
# By itself SQLite would walk all objects of the account for each name.
ONE_HELD = (
    "SELECT 1 FROM object INDEXED BY object_by_name"
    f" WHERE object.account = ?1 AND object.name = ?2 AND {HELD}"
)
ONE_UNHELD = (
    "SELECT max(ifnull(unheld_ms, ?3)) FROM object INDEXED BY object_by_name"
    " WHERE account = ?1 AND name = ?2"
)


class Staying(NamedTuple):
    """Objects that stay, though a device asks, and until when the last of them does at least (ms
    since 1970)."""

    names: list[bytes]
    until_ms: int


def held_names(connection: apsw.Connection, account: bytes, names: Iterable[bytes]) -> set[bytes]:
    """Those of the objects that a head or a pin holds."""
    return {name for name in names if connection.execute(ONE_HELD, (account, name)).fetchone()}


def is_named(connection: apsw.Connection, account: bytes, name: bytes) -> bool:
    """Whether a commit ever added it."""
    row = connection.execute(
        "SELECT 1 FROM object INDEXED BY object_by_name WHERE account = ? AND name = ?",
        (account, name),
    ).fetchone()
    return row is not None


def all_held(connection: apsw.Connection, account: bytes) -> Iterator[bytes]:
    """The names of all objects that an account's heads and pins hold, in order."""
    rows: Any = connection.execute(
        f"SELECT DISTINCT name FROM object WHERE account = ? AND {HELD} ORDER BY name", (account,)
    )
    for (name,) in rows:
        yield bytes(name)


def all_unheld(connection: apsw.Connection, account: bytes) -> dict[bytes, int]:
    """The objects that nothing in the account holds, with their sizes."""
    rows: Any = connection.execute(
        "SELECT name, max(size_bytes) FROM object WHERE account = ?"
        " GROUP BY name HAVING min(unheld_ms IS NOT NULL)",
        (account,),
    ).fetchall()
    return {bytes(name): int(size_bytes) for name, size_bytes in rows}


def note_unheld(
    connection: apsw.Connection, key: tuple[bytes, str], names: Iterable[bytes], now_ms: int
) -> None:
    """A commit took these objects away from a zone (an account and its name): from now on nothing
    holds them, where no pin does."""
    connection.executemany(
        "UPDATE object SET unheld_ms = ? WHERE account = ? AND zone = ? AND name = ?"
        f" AND unheld_ms IS NULL AND NOT {HELD}",
        [(now_ms, *key, name) for name in names],
    )


def note_zone(connection: apsw.Connection, key: tuple[bytes, str], now_ms: int) -> list[bytes]:
    """Pins of a zone came or went, which may hold any object of its past: looks at all of them.
    Gives those that nothing held, and that are held again."""
    again: Any = connection.execute(
        "SELECT name FROM object WHERE account = ? AND zone = ?"
        f" AND unheld_ms IS NOT NULL AND {HELD}",
        key,
    ).fetchall()
    connection.executemany(
        "UPDATE object SET unheld_ms = NULL WHERE account = ? AND zone = ? AND name = ?",
        [(*key, name) for (name,) in again],
    )
    connection.execute(
        "UPDATE object SET unheld_ms = ? WHERE account = ? AND zone = ?"
        f" AND unheld_ms IS NULL AND NOT {HELD}",
        (now_ms, *key),
    )
    return [bytes(name) for (name,) in again]


def staying(
    connection: apsw.Connection, account: bytes, names: Iterable[bytes], now_ms: int
) -> Staying:
    """Those of the objects that something holds, or did lately. What no commit ever named need not
    wait."""
    found: dict[bytes, int] = {}
    for name in names:
        row = connection.execute(ONE_UNHELD, (account, name, now_ms)).fetchone()
        unheld_ms = row[0] if row is not None else None
        if unheld_ms is not None and unheld_ms != LET_GO_MS and unheld_ms + GRACE_MS > now_ms:
            found[name] = unheld_ms + GRACE_MS
    return Staying(sorted(found), max(found.values(), default=0))


def let_go(connection: apsw.Connection, account: bytes) -> None:
    """The operator lets go of all that nothing in the account holds."""
    connection.execute(
        "UPDATE object SET unheld_ms = ? WHERE account = ? AND unheld_ms IS NOT NULL",
        (LET_GO_MS, account),
    )


def all_let_go(connection: apsw.Connection, limit: int) -> list[tuple[bytes, bytes]]:
    """Some objects that an operator let go of, and that were not looked at since: accounts and
    names."""
    rows: Any = connection.execute(
        f"SELECT DISTINCT account, name FROM object WHERE unheld_ms = {LET_GO_MS}"
        " ORDER BY account LIMIT ?",
        (limit,),
    ).fetchall()
    return [(bytes(account), bytes(name)) for account, name in rows]


def note_let_go(connection: apsw.Connection, objects: Iterable[tuple[bytes, bytes]]) -> None:
    """These were looked at: they are gone, or held elsewhere in their account."""
    connection.executemany(
        f"UPDATE object SET unheld_ms = {LET_GO_MS + 1}"
        f" WHERE account = ? AND name = ? AND unheld_ms = {LET_GO_MS}",
        list(objects),
    )
