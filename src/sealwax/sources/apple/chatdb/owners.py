"""Whose messages a database holds: the addresses of its owner, as Messages itself notes them.

A chat names the account that it goes through; a message the number or address that it came to. Only
the chats and the newest messages are asked, so this takes milliseconds in a large database.
"""

from collections.abc import Iterator

import apsw

from sealwax.model.record import canonical_address
from sealwax.sources.apple.chatdb.columns import Columns
from sealwax.sources.apple.chatdb.rows import BrokenTable, select, words

NEWEST_MESSAGES = 500
OWNERS_LIMIT = 64
_ADDRESS_LIMIT = 200
_PREFIXES = ("e:", "p:")


def read_owners(connection: apsw.Connection, columns: Columns) -> tuple[str, ...]:
    """The canonical addresses of the owner in order, at most OWNERS_LIMIT; empty where the database
    notes none."""
    found = {_address(text) for text in _noted(connection, columns)}
    return tuple(sorted(address for address in found if address))[:OWNERS_LIMIT]


def _noted(connection: apsw.Connection, columns: Columns) -> Iterator[str]:
    for table, names, rest in (
        ("chat", ("account_login", "last_addressed_handle"), "FROM chat t"),
        (
            "message",
            ("account", "destination_caller_id"),
            f"FROM (SELECT * FROM message ORDER BY ROWID DESC LIMIT {NEWEST_MESSAGES}) t",
        ),
    ):
        known = [name for name in names if columns.has(table, name)]
        for name in known:
            try:
                for (value,) in select(connection, (f"t.{name}",), rest):
                    if words(value):
                        yield str(words(value))
            except BrokenTable:
                # What is damaged names nobody; the rest may.
                continue


def _address(noted: str) -> str:
    text = noted.strip()
    if text[:2].lower() in _PREFIXES:
        text = text[2:]
    return canonical_address(text) if len(text) <= _ADDRESS_LIMIT else ""
