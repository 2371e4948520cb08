"""Trouble of the place that devices share: wait, nothing here is wrong. Unless it refuses this very
device."""

from collections.abc import Iterator
from typing import NamedTuple

from sealwax.agent.doctor.facts import DAY_MS, Facts
from sealwax.agent.doctor.finding import Finding, moment
from sealwax.agent.wording import count
from sealwax.stores.far_trouble import AccountNewer, HistoryUnsound
from sealwax.stores.server import AccountMissing
from sealwax.sync.belied import belied_sentence
from sealwax.sync.presence import lost_sentence
from sealwax.sync.removed_tail import RemovedDeviceWrote
from sealwax.sync.repair import AccountParted
from sealwax.trust.account import NotTrusted
from sealwax.trust.key_troubles import KeysUnusable

LONG_MS = 7 * DAY_MS
BELIED_TOLD_MS = 30 * DAY_MS


class _Grave(NamedTuple):
    """What a trouble that a wait does not end comes to: the finding's key, what it means, what to
    do."""

    key: str
    meaning: str
    remedy: str


_GRAVE = {
    HistoryUnsound.code: _Grave(
        "server-history",
        "Nothing of it was taken in, and nothing here changed.",
        "tell whoever runs it; once it is right, sync goes on by itself",
    ),
    AccountParted.code: _Grave(
        AccountParted.code,
        "What this device has is on this disk alone, as far as it can tell.",
        "check the address; if it is right, link this device anew in a fresh home",
    ),
    AccountNewer.code: _Grave(
        AccountNewer.code,
        "What is new waits on this device; the other devices do not see it.",
        "update Sealwax on this device; sync then goes on by itself",
    ),
    AccountMissing.code: _Grave(
        "account-missing",
        "What this device has is on this disk alone, as far as anybody knows.",
        "check the address, and ask whoever runs the server; docs/server.md says more",
    ),
}


def check_server(facts: Facts) -> Iterator[Finding]:
    """Named at once; red when it lasts for a week, for then what comes in is on one disk."""
    store = facts.store
    if store is None or not facts.is_sync_on or not store.trouble or store.is_full:
        return
    if store.trouble_code == RemovedDeviceWrote.code:
        yield Finding(
            RemovedDeviceWrote.code,
            "danger",
            f"{store.trouble} Nothing of it is applied here.",
            "`sealwax sync resolve` shows both ways to go on: without it, or with it",
        )
        return
    if store.trouble_code == NotTrusted.code:
        yield Finding(NotTrusted.code, "danger", store.trouble, NotTrusted.hint)
        return
    if store.trouble_code == KeysUnusable.code:
        # It is no trouble of the server: another check names the device that made it.
        return
    since_ms = facts.now_ms if store.trouble_since_ms is None else store.trouble_since_ms
    since = moment(since_ms, facts.now_ms, facts.zone)
    grave = _GRAVE.get(store.trouble_code)
    if grave is not None:
        text = f"Since {since}: {store.trouble} {grave.meaning}"
        yield Finding(grave.key, "danger", text, grave.remedy, "sync-now")
        return
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
        lost_sentence(store.lost, store.is_server),
        "sync the other devices, then this one; docs/recovery.md says what else there is",
        "sync-now",
    )


def check_belied(facts: Facts) -> Iterator[Finding]:
    """A place that says it has what it does not have is told for a month after it was mended."""
    store = facts.store
    if store is None or store.belied is None or not facts.is_sync_on:
        return
    found, when = store.belied, moment(store.belied.found_ms, facts.now_ms, facts.zone)
    remedy = "ask whoever runs it what happened; `sealwax verify --read` reads all of it back"
    if found.left:
        text = f"Since {when}: {belied_sentence(found)}"
        yield Finding("store-belied", "danger", text, remedy, "sync-now")
    elif 0 <= facts.now_ms - found.found_ms < BELIED_TOLD_MS:
        objects = count(found.objects, "sealed object")
        text = f"{when}: {objects} did not come back from the sync store. They were sent again."
        yield Finding("store-belied", "warn", text, remedy)


def check_doubt(facts: Facts) -> Iterator[Finding]:
    """Nothing waits, and still nobody can say that everything is shared."""
    store = facts.store
    if store is None or not facts.is_sync_on or store.lost or not store.doubt:
        return
    yield Finding(
        "not-verified",
        "danger",
        f"Not verified: {store.doubt}",
        "sync the other devices, then this one; `sealwax verify` says more",
        "sync-now",
    )
