"""A clock that is wrong: times, snapshots and locks go by it."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding
from sealwax.agent.wording import count

WRONG_MS = 5 * 60 * 1000
_MINUTE_MS = 60 * 1000
_REMEDY = "set the clock of this computer, best by the network; the next sync compares again"


def check_clock(facts: Facts) -> Iterator[Finding]:
    """Judged by the server's clock; without one nobody can tell."""
    ahead_ms = facts.store.clock_ahead_ms if facts.store is not None else None
    if ahead_ms is None or abs(ahead_ms) < WRONG_MS:
        return
    how = "ahead" if ahead_ms > 0 else "behind"
    minutes = count(abs(ahead_ms) // _MINUTE_MS, "minute")
    yield Finding(
        "clock-wrong", "warn", f"This computer's clock is {minutes} {how}.", _REMEDY, "sync-now"
    )
