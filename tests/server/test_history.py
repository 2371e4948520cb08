"""Commits are counted and charged to no plan; how fast they come is bounded, never how many."""

from typing import Any

import pytest

from sealwax.base.clock import SetClock
from sealwax.ledger.commit import COMMIT_LIMIT_BYTES
from sealwax.server import history
from sealwax.server.history import DEVICE_ALLOWANCE, LEAST_ALLOWANCE, HistoryPace, allowance
from sealwax.server.quota import FREE_PLAN_BYTES
from sealwax.server.refusal import Refusal
from tests.accounts import TIME_MS, next_commit
from tests.server.calling import Calls, trouble

DAY_MS = 24 * 3600 * 1000
ACCOUNT, ONE, TWO = b"account", b"one", b"two"
NO_PLAN = 0
PIECE = 10**6


def _take_all(pace: HistoryPace, device: bytes, plan_bytes: int = NO_PLAN) -> int:
    """Takes pieces until it is refused; gives how many bytes it took."""
    taken = 0
    while True:
        try:
            pace.take(ACCOUNT, device, PIECE, plan_bytes)
        except Refusal as refused:
            assert (refused.trouble.status, refused.trouble.code) == (429, "too-much-history")
            return taken
        taken += PIECE


def test_the_allowance_is_used_once_and_fills_again() -> None:
    clock = SetClock(TIME_MS)
    pace = HistoryPace(clock)
    assert _take_all(pace, ONE) == LEAST_ALLOWANCE.burst_bytes + DEVICE_ALLOWANCE.burst_bytes
    clock.advance(DAY_MS)
    assert _take_all(pace, ONE) == LEAST_ALLOWANCE.daily_bytes + DEVICE_ALLOWANCE.daily_bytes


def test_who_waits_as_long_as_it_is_told_is_taken() -> None:
    clock = SetClock(TIME_MS)
    pace = HistoryPace(clock)
    _take_all(pace, ONE)
    with pytest.raises(Refusal) as refused:
        pace.take(ACCOUNT, ONE, PIECE, NO_PLAN)
    assert refused.value.retry_after_seconds is not None
    clock.advance(refused.value.retry_after_seconds * 1_000)
    pace.take(ACCOUNT, ONE, PIECE, NO_PLAN)


def test_one_device_does_not_use_up_what_another_needs() -> None:
    pace = HistoryPace(SetClock(TIME_MS))
    _take_all(pace, ONE)
    assert _take_all(pace, TWO) == DEVICE_ALLOWANCE.burst_bytes
    pace.take(b"another account", ONE, PIECE, NO_PLAN)


def test_a_bigger_plan_has_room_at_once() -> None:
    pace = HistoryPace(SetClock(TIME_MS))
    _take_all(pace, ONE)
    bigger = 20 * LEAST_ALLOWANCE.burst_bytes
    assert _take_all(pace, ONE, bigger) == LEAST_ALLOWANCE.burst_bytes


def test_the_largest_commit_fits_what_a_device_has_for_itself() -> None:
    assert DEVICE_ALLOWANCE.burst_bytes >= COMMIT_LIMIT_BYTES
    assert allowance(FREE_PLAN_BYTES).burst_bytes > LEAST_ALLOWANCE.burst_bytes


def test_of_very_many_accounts_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT_LIMIT", 10)
    clock = SetClock(TIME_MS)
    pace = HistoryPace(clock)
    for number in range(100):
        pace.take(b"%d" % number, ONE, PIECE, NO_PLAN)
        clock.advance(1)
        assert len(pace._used) <= 10


def test_commits_are_counted_apart_and_charged_to_no_plan(calls: Calls) -> None:
    begun_bytes = calls.store.usage().history_bytes
    assert begun_bytes == sum(map(len, calls.account.commits))
    data = calls.next()
    assert calls.append(data).is_success
    assert calls.append(data, seq=0).is_success, "an answer that was lost"
    usage = calls.store.usage()
    assert usage.history_bytes == begun_bytes + len(data)
    assert (usage.head_bytes, usage.snapshot_bytes) == (0, 0)


def test_too_fast_a_history_waits_and_goes_on_with_a_bigger_plan(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = calls.server.parts
    monkeypatch.setattr(history, "LEAST_ALLOWANCE", history.Allowance(1_000, 1_000))
    monkeypatch.setattr(history, "DEVICE_ALLOWANCE", history.Allowance(1_000, 1_000))
    monkeypatch.setattr(parts.zones, "_pace", HistoryPace(SetClock(TIME_MS)))
    parts.accounts.grant_plan(calls.name, 10_000)
    answers: list[Any] = []
    while not answers or answers[-1].is_success:
        answers.append(calls.append(calls.next()))
        assert len(answers) < 20
    trouble(answers[-1], 429, "too-much-history")
    assert int(answers[-1].headers["retry-after"]) > 0
    before = calls.store.usage().history_bytes
    # The other device removes this one all the same.
    other = next_commit(calls.account, calls.head, author=calls.account.devices[1])
    assert calls.append(other).is_success
    assert calls.store.usage().history_bytes == before + len(other)
    trouble(calls.append(calls.next()), 429, "too-much-history")
    parts.accounts.grant_plan(calls.name, 10_000_000)
    assert calls.append(calls.next()).is_success
