"""Trouble of the place that devices share: wait, nothing here is wrong. Unless it refuses this very
device."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import DAY_MS, Facts
from sealwax.agent.doctor.finding import Finding, moment
from sealwax.sync.apply import lost_sentence
from sealwax.trust.account import NotTrusted
from sealwax.trust.key_troubles import KeysUnusable

LONG_MS = 7 * DAY_MS


def check_server(facts: Facts) -> Iterator[Finding]:
    """Named at once; red when it lasts for a week, for then what comes in is on one disk."""
    store = facts.store
    if store is None or not facts.is_sync_on or not store.trouble or store.is_full:
        return
    if store.trouble_code == NotTrusted.code:
        yield Finding(NotTrusted.code, "danger", store.trouble, NotTrusted.hint)
        return
    if store.trouble_code == KeysUnusable.code:
        # It is no trouble of the server: another check names the device that made it.
        return
    since_ms = facts.now_ms if store.trouble_since_ms is None else store.trouble_since_ms
    since = moment(since_ms, facts.now_ms, facts.zone)
    is_long = facts.now_ms - since_ms >= LONG_MS
    kind = "Server trouble" if store.is_server else "Trouble with the shared store"
    yield Finding(
        "server-trouble",
        "danger" if is_long else "warn",
        f"{kind} since {since}: {store.trouble.rstrip('.')}. Nothing here is wrong.",
        "ask whoever runs it; everything is kept here" if is_long else "wait; it goes on by itself",
        "sync-now",
    )


def check_lost(facts: Facts) -> Iterator[Finding]:
    """What the store lost is asked for until a device has put it back."""
    store = facts.store
    if store is None or not facts.is_sync_on or not store.lost:
        return
    yield Finding(
        "server-lost",
        "danger",
        lost_sentence(store.lost),
        "sync the other devices, then this one; docs/recovery.md says what else there is",
        "sync-now",
    )
