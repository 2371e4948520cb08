"""No cursor of the database stays alive: each one that does makes all later statements slower."""

import gc

import apsw

from tests.server.calling import MESSAGES, Calls

APPENDS = 1_000


def _cursors() -> int:
    gc.collect()
    return sum(isinstance(one, apsw.Cursor) for one in gc.get_objects())


def test_a_thousand_commits_leave_no_cursor(calls: Calls) -> None:
    zones, account = calls.server.parts.zones, calls.account.log.account
    before = _cursors()
    for seq in range(APPENDS):
        data = calls.next()
        assert zones.append(account, MESSAGES, seq, data).seq == seq
        calls.take(data)
    for _ in range(20):
        assert calls.ask("GET", "/zones").is_success
        assert calls.ask("GET", "").is_success
        assert calls.kept(b"one more")
    assert _cursors() - before < 10
