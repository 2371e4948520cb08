"""How long a slow line is waited for: what comes moves the end, but not far."""

import pytest

from sealwax.server.patience import LEAST_BYTES_PER_SECOND, WAIT_SECONDS, Patience


def _waited(every_seconds: float, size_bytes: int, until: float) -> float:
    """How long a line is waited for on which so much comes every so often."""
    now, patience = 0.0, Patience(0.0)
    while now < until:
        if patience.left_seconds(now) <= every_seconds:
            return now + patience.left_seconds(now)
        now += every_seconds
        patience.moved(now, size_bytes)
    return now


def test_one_byte_now_and_then_is_not_enough() -> None:
    assert _waited(10.0, 1, 10_000.0) == pytest.approx(WAIT_SECONDS, rel=0.01)
    assert _waited(0.1, 1, 10_000.0) == pytest.approx(WAIT_SECONDS, rel=0.01)


def test_a_poor_line_is_waited_for_as_long_as_it_takes() -> None:
    assert _waited(1.0, LEAST_BYTES_PER_SECOND, 10_000.0) == 10_000.0
    assert _waited(20.0, 20 * LEAST_BYTES_PER_SECOND, 10_000.0) == 10_000.0


def test_what_came_before_is_no_reason_to_wait_longer() -> None:
    patience = Patience(0.0)
    patience.moved(1.0, 10**9)
    assert patience.left_seconds(1.0) == WAIT_SECONDS
    assert patience.left_seconds(1.0 + WAIT_SECONDS) == 0.0
