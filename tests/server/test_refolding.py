"""Where a merge disowns, the server folds anew, as the ledger does."""

from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings

from sealwax.ledger.commit import Commit, CommitKind
from sealwax.ledger.disowning import Disowning, MergeFacts
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import Interval, Objects, encode_facts
from sealwax.server.accounts import standing
from sealwax.server.charging import charge
from sealwax.server.database import Database
from sealwax.server.refolding import refold
from sealwax.server.refusal import Refusal
from tests.disowned import AFTER, TAILS, Said, history, removed_account
from tests.folded import LOCKED_UNTIL_MS, Step
from tests.server.calling import Calls, trouble
from tests.stores.contract import named

ACCOUNT = removed_account("refolding")
NAME = ACCOUNT.log.account
NOW_MS = LOCKED_UNTIL_MS - 1


def _begun(path: Path) -> Database:
    database = Database(path)

    def begin(connection: apsw.Connection) -> None:
        connection.execute(
            "INSERT INTO account (account, name, recovery, plan_bytes, made_ms)"
            " VALUES (?, 'one', x'', 1000000, 0)",
            (NAME,),
        )

    database.write(begin)
    return database


def _taken(database: Database, commit: Commit, data: bytes) -> bool:
    """Whether the server takes a commit."""

    def act(connection: apsw.Connection) -> None:
        found = standing(connection, NAME)
        charge(connection, NAME, MESSAGES_ZONE, commit, found, False, NOW_MS)
        connection.execute(
            "INSERT INTO chain (account, zone, seq, op_id, arrived_ms, data)"
            " VALUES (?, ?, ?, ?, 0, ?)",
            (NAME, MESSAGES_ZONE, commit.header.seq, commit.header.op_id, data),
        )
        refold(connection, NAME, MESSAGES_ZONE, ACCOUNT.log, NOW_MS)

    try:
        database.write(act)
    except Refusal:
        return False
    return True


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tail=TAILS, after=AFTER)
def test_the_server_folds_anew_as_the_ledger_does(
    tmp_path_factory: pytest.TempPathFactory, tail: list[Said], after: list[Step | int]
) -> None:
    database = _begun(tmp_path_factory.mktemp("refolding") / "server.db")
    disowning, commits = Disowning(ACCOUNT.log), list[Commit]()
    for head, commit, data in history(ACCOUNT, tail, after):
        if not _taken(database, commit, data):
            # What comes after it stands on nothing.
            break
        disowning.add(commit)
        commits.append(commit)
        objects = Objects(disowning.merges())
        for one in commits:
            objects.apply(one, NOW_MS)
        _compare(database, objects, head.seq)
    database.close()


def _compare(database: Database, objects: Objects, head_seq: int) -> None:
    read = database.read().execute
    columns = "name, added_seq, dropped_seq, size_bytes, change_digest"
    for is_disowned, expected in ((0, objects.intervals), (1, objects.disowned)):
        rows = read(f"SELECT {columns} FROM object WHERE is_disowned = ?", (is_disowned,))
        assert {name: Interval(*row) for name, *row in rows} == expected
    pins = read("SELECT commit_seq, pinned_seq, lock_until_ms FROM pin").fetchall()
    assert sorted(pins) == sorted(pin[:3] for pin in objects.pins.values())
    intervals = {**objects.disowned, **objects.intervals}
    live = sum(intervals[name].size_bytes for name in objects.live_at(head_seq))
    held = sum(intervals[name].size_bytes for name in objects.held(head_seq))
    found = standing(database.read(), NAME)
    assert (found.head_bytes, found.used_bytes) == (live, held)
    unheld = read("SELECT name FROM object WHERE unheld_ms IS NOT NULL").fetchall()
    assert {name for (name,) in unheld} == intervals.keys() - objects.held(head_seq)


def test_an_account_has_its_history_folded_anew_now_and_then(calls: Calls) -> None:
    name, data = named(b"one")
    assert calls.put(data).is_success
    assert calls.append(calls.next(added=((name, len(data)),))).is_success
    facts = encode_facts(MergeFacts(0, bytes(32), 0))
    assert calls.append(calls.next(kind=CommitKind.MERGE, public=facts)).is_success
    answer = calls.append(calls.next(kind=CommitKind.MERGE, public=facts))
    trouble(answer, 429, "too-many-merges")
    assert int(answer.headers["retry-after"]) > 0
    # Nothing else has to wait.
    plain = encode_facts(MergeFacts(0, bytes(32), None))
    assert calls.append(calls.next(kind=CommitKind.MERGE, public=plain)).is_success
