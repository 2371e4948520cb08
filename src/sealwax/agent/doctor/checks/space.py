"""Room: of the plan, with the day on which it will be full, and of this computer's disk."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import DAY_MS, Facts, StoreFact
from sealwax.agent.doctor.finding import Finding, day
from sealwax.agent.forecast import forecast
from sealwax.agent.wording import count, size

WARN_PERCENT = 80
ALMOST_PERCENT = 95
SOON_DAYS = 30
LOW_DISK_BYTES = 1024**3
_WAYS_OUT = "make room (`sealwax storage compact`, let old snapshots go) or ask for a larger plan"


def check_space(facts: Facts) -> Iterator[Finding]:
    """The plan first, then the disk."""
    if facts.store is not None and facts.store.plan_bytes:
        yield from _plan(facts, facts.store, facts.store.plan_bytes)
    if facts.free_bytes is not None and facts.free_bytes < LOW_DISK_BYTES:
        yield Finding(
            "disk-low",
            "warn",
            f"The disk with the home has {size(facts.free_bytes)} left.",
            "free some space on it; `sealwax storage large` names the largest files here",
            "storage",
        )


def _plan(facts: Facts, store: StoreFact, plan_bytes: int) -> Iterator[Finding]:
    left_bytes = plan_bytes - store.used_bytes
    seen = forecast(facts.used_bytes, left_bytes - store.waiting_bytes)
    is_failing = store.waiting_bytes + seen.day_bytes > left_bytes
    if store.is_full or is_failing:
        waits = f", {size(store.waiting_bytes)} wait" if store.waiting_bytes else ""
        yield Finding(
            "storage-full",
            "danger",
            f"Your backup is failing: {size(max(left_bytes, 0))} of {size(plan_bytes)} are left"
            f"{waits}, and a day brings about {size(seen.day_bytes)}."
            f"{_attachments(store)}",
            _WAYS_OUT,
            "storage",
        )
        return
    percent = store.used_bytes * 100 // plan_bytes
    is_soon = seen.full_in_days is not None and seen.full_in_days <= SOON_DAYS
    if percent >= WARN_PERCENT or is_soon:
        when = ""
        if seen.full_in_days is not None:
            full_ms = facts.now_ms + seen.full_in_days * DAY_MS
            when = f", and will be full about {day(full_ms, facts.zone)}"
        yield Finding(
            "storage-filling",
            "danger" if percent >= ALMOST_PERCENT else "warn",
            f"The plan of {size(plan_bytes)} is {percent} % full{when}.",
            _WAYS_OUT,
            "storage",
        )


def _attachments(store: StoreFact) -> str:
    if not store.waiting_attachments:
        return ""
    return f" {count(store.waiting_attachments, 'attachment')} are not on the server."
