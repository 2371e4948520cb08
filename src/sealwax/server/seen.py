"""When each member of an account last asked for something, to within some minutes."""

import threading

import apsw

from sealwax.base.clock import Clock
from sealwax.ledger.wire import MemberSeen
from sealwax.server.database import Database

WRITTEN_SECONDS = 180
"""A member is written down at most this often."""
KEPT_LIMIT = 100_000


class Seen:
    """The last times of all members."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._written: dict[tuple[bytes, bytes], float] = {}
        self._lock = threading.Lock()

    def note(self, account: bytes, member: bytes) -> None:
        """A member asks now. Nobody waits for it to be written."""
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        with self._lock:
            key = (account, member)
            written = self._written.get(key)
            if written is not None and now - written < WRITTEN_SECONDS:
                return
            if len(self._written) >= KEPT_LIMIT:
                self._written.clear()
            self._written[key] = now

        def act(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO member (account, member, last_seen_ms) VALUES (?, ?, ?)",
                (account, member, now_ms),
            )

        self._database.write_soon(act)

    def members(self, account: bytes) -> list[MemberSeen]:
        """Every member that was ever seen."""
        rows = self._database.read().execute(
            "SELECT member, last_seen_ms FROM member WHERE account = ? ORDER BY member", (account,)
        )
        return [MemberSeen(bytes(member).hex(), int(seen)) for member, seen in rows]
