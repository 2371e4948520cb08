"""A clock that is wrong: times, snapshots and locks go by it."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import DAY_MS, Facts
from sealwax.agent.doctor.finding import Finding
from sealwax.agent.wording import count

WRONG_MS = 5 * 60 * 1000
_MINUTE_MS = 60 * 1000
_REMEDY = "set the clock of this computer, best by the network"
_REMEDY_NOW = f"{_REMEDY}; the next sync compares again"


def check_clock(facts: Facts) -> Iterator[Finding]:
    """Judged by the server's clock; and where that was not asked, by what was seen here before."""
    ahead_ms = facts.store.clock_ahead_ms if facts.store is not None else None
    if ahead_ms is not None and abs(ahead_ms) >= WRONG_MS:
        how = "ahead" if ahead_ms > 0 else "behind"
        text = f"This computer's clock is {_span(abs(ahead_ms))} {how}."
        yield Finding("clock-wrong", "warn", text, _REMEDY_NOW, "sync-now")
    elif facts.clock_doubt_ms:
        yield Finding(
            "clock-wrong",
            "warn",
            f"This computer's clock is {_span(facts.clock_doubt_ms)} ahead of what was last seen"
            " here. Until that is sure, no trash is emptied and no snapshot goes.",
            f"{_REMEDY}; if it is right, `sealwax sync now` asks the server, and without one it is"
            " believed after a month",
            "sync-now",
        )


def _span(time_ms: int) -> str:
    if time_ms >= 2 * DAY_MS:
        return count(time_ms // DAY_MS, "day")
    return count(time_ms // _MINUTE_MS, "minute")
