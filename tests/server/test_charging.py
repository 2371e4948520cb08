"""The server folds like everybody else, and refuses what would take away against the rules."""

import copy
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sealwax.base.clock import SystemClock
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import Commit, CommitKind
from sealwax.ledger.dropping import LOCKED, Refused
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import Interval, Objects, UnpinFacts, encode_facts
from sealwax.server.accounts import standing
from sealwax.server.charging import charge
from sealwax.server.database import Database
from sealwax.server.refusal import Refusal
from sealwax.vault.writing import Pinning
from tests.accounts import TIME_MS, made_account
from tests.folded import LOCKED_UNTIL_MS, STEPS, TELLING, Step, commit_of
from tests.server.calling import Calls, trouble
from tests.stores.contract import named

ACCOUNT = made_account("charging")
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


def _charge(database: Database, commit: Commit) -> None:
    def act(connection: apsw.Connection) -> None:
        found = standing(connection, NAME)
        charge(connection, NAME, MESSAGES_ZONE, commit, found, False, NOW_MS)

    database.write(act)


def _code(refused: tuple[Refused, ...]) -> str:
    return "pin-locked" if refused[0].reason == LOCKED else "drop-refused"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=10))
@example(steps=TELLING)
def test_the_server_folds_as_the_ledger_does(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    database = _begun(tmp_path_factory.mktemp("charging") / "server.db")
    head, objects = beginning(NAME, MESSAGES_ZONE), Objects()
    for step in steps:
        judged = judge(head, commit_of(ACCOUNT, head, step), ACCOUNT.log)
        assert judged.commit is not None
        tried = copy.deepcopy(objects)
        refused = tried.apply(judged.commit, NOW_MS)
        if refused:
            # A device folds it without what is refused; a server does not take it.
            with pytest.raises(Refusal) as raised:
                _charge(database, judged.commit)
            assert raised.value.trouble.code == _code(refused)
        else:
            _charge(database, judged.commit)
            head, objects = judged.head, tried
        _compare(database, objects, head.seq)
    database.close()


def _compare(database: Database, objects: Objects, head_seq: int) -> None:
    read = database.read().execute
    rows = read("SELECT name, added_seq, dropped_seq, size_bytes, change_digest FROM object")
    assert {name: Interval(*row) for name, *row in rows} == objects.intervals
    pins = read("SELECT commit_seq, pinned_seq, lock_until_ms FROM pin").fetchall()
    assert sorted(pins) == sorted(pin[:3] for pin in objects.pins.values())
    sizes = {name: interval.size_bytes for name, interval in objects.intervals.items()}
    live = sum(sizes[name] for name in objects.live_at(head_seq))
    held = sum(sizes[name] for name in objects.held(head_seq))
    found = standing(database.read(), NAME)
    assert (found.head_bytes, found.used_bytes) == (live, held)
    unheld = read("SELECT name FROM object WHERE unheld_ms IS NOT NULL").fetchall()
    assert {name for (name,) in unheld} == set(sizes) - objects.held(head_seq)


def _said(calls: Calls, *contents: bytes) -> list[bytes]:
    """Segments whose digests are the numbers from 1 on."""
    assert calls.put(*contents).is_success
    objects = [named(content) for content in contents]
    segments = tuple(
        (name, len(data), number.to_bytes(32, "big"))
        for number, (name, data) in enumerate(objects, 1)
    )
    assert calls.append(calls.next(segments=segments)).is_success
    return [name for name, _ in objects]


def test_words_are_not_dropped_against_the_rules(calls: Calls) -> None:
    one, two = _said(calls, b"one", b"two")
    told = trouble(calls.append(calls.next(dropped=(one,))), 412, "drop-refused")
    assert "only a compaction" in told.detail
    merged, data = named(b"both")
    assert calls.put(data).is_success
    for digest, is_taken in ((4, False), (3, True)):
        segments = ((merged, len(data), digest.to_bytes(32, "big")),)
        commit = calls.next(kind=CommitKind.COMPACT, segments=segments, dropped=(one, two))
        answer = calls.append(commit)
        assert answer.is_success == is_taken, answer.text
    assert calls.store.usage().head_bytes == len(data)


def test_a_lock_ends_by_the_clock_of_the_server(calls: Calls) -> None:
    _said(calls, b"one")
    now_ms = SystemClock().now_ms()
    assert now_ms > TIME_MS
    for lock_until_ms, is_let_go in ((now_ms + 10**9, False), (TIME_MS - 1, True)):
        pin = calls.next(kind=CommitKind.PIN, pinning=Pinning(lock_until_ms))
        assert calls.append(pin).is_success
        facts = encode_facts(UnpinFacts([calls.head.seq]))
        answer = calls.append(calls.next(kind=CommitKind.UNPIN, public=facts))
        if is_let_go:
            assert answer.is_success, answer.text
        else:
            trouble(answer, 412, "pin-locked")
