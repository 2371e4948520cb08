"""Failures are told to the log, and of each kind only some."""

import io
import logging

from sealwax.base.clock import SetClock
from sealwax.server.failure_log import (
    EVERY_SECONDS,
    KINDS_LIMIT,
    LINES_AT_ONCE,
    FewOfAKind,
    failures_written,
)
from tests.accounts import TIME_MS

LOG = logging.getLogger("sealwax.server")


def _fail(error: Exception, times: int = 1) -> None:
    for _ in range(times):
        try:
            raise error
        except Exception:
            LOG.exception("a request failed")


def test_a_thousand_failures_are_a_few_lines() -> None:
    clock, stream = SetClock(TIME_MS), io.StringIO()
    with failures_written(stream, clock):
        _fail(OSError("disk"), 1_000)
        assert stream.getvalue().count("a request failed") == LINES_AT_ONCE
        # Another kind of failure is not drowned by the first.
        _fail(ValueError("ours"))
        assert "ValueError" in stream.getvalue()
        clock.advance(int(EVERY_SECONDS * 1_000))
        _fail(OSError("disk"), 5)
    told = stream.getvalue()
    assert told.count("OSError: disk") == LINES_AT_ONCE + 1
    assert f"({1_000 - LINES_AT_ONCE} more like this were left out before)" in told
    _fail(OSError("after it"))
    assert "after it" not in stream.getvalue()


def test_kinds_without_end_are_one_kind() -> None:
    few = FewOfAKind(SetClock(TIME_MS))
    records = [
        logging.LogRecord(f"log {number}", logging.ERROR, "", 1, "it failed", None, None)
        for number in range(10 * KINDS_LIMIT)
    ]
    passed = sum(few.filter(record) for record in records)
    assert passed == KINDS_LIMIT + LINES_AT_ONCE
    assert len(few._full_at) == KINDS_LIMIT + 1
