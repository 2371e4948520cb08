"""What is on this device and not on the place that devices share: how much, since when, why."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import DAY_MS, Facts, StoreFact
from sealwax.agent.doctor.finding import Finding, Level, moment
from sealwax.agent.wording import count, size
from sealwax.sync.pause import pause_sentence

HOUR_MS = 60 * 60 * 1000
LONG_MS = DAY_MS


def check_waiting(facts: Facts) -> Iterator[Finding]:
    """What waits for less than an hour is on its way, and no finding."""
    store = facts.store
    if store is None or not facts.is_sync_on:
        return
    since_ms = store.waiting_since_ms
    has_waited_ms = 0 if since_ms is None else facts.now_ms - since_ms
    if facts.pause is not None:
        sentence = pause_sentence(facts.pause, facts.zone)
        level: Level = "warn" if has_waited_ms >= LONG_MS else "note"
        what = f" {_what(store)} wait." if _waits(store) else ""
        yield Finding("paused", level, f"{sentence}{what}", "or sync now all the same", "sync-now")
    elif _waits(store) and since_ms is not None and has_waited_ms >= HOUR_MS:
        yield Finding(
            "not-on-store",
            "danger" if has_waited_ms >= LONG_MS else "warn",
            f"Not on the {_place(store)}: {_what(store)}, since"
            f" {moment(since_ms, facts.now_ms, facts.zone)}.",
            "`sealwax sync now`",
            "sync-now",
        )


def _waits(store: StoreFact) -> bool:
    return bool(_waits_itself(store) or store.waiting_snapshots)


def _waits_itself(store: StoreFact) -> bool:
    return bool(store.waiting_messages or store.waiting_attachments or store.waiting_bytes)


def _what(store: StoreFact) -> str:
    snapshots = [count(store.waiting_snapshots, "snapshot")] if store.waiting_snapshots else []
    if snapshots and not _waits_itself(store):
        return snapshots[0]
    parts = []
    if store.waiting_messages or not store.waiting_attachments:
        parts.append(count(store.waiting_messages, "message"))
    if store.waiting_attachments:
        parts.append(count(store.waiting_attachments, "attachment"))
    return ", ".join([*parts, size(store.waiting_bytes), *snapshots])


def _place(store: StoreFact) -> str:
    return "server" if store.is_server else "shared store"
