"""Several devices of one account in one process, each with a library, a store of its own view."""

from collections.abc import Callable, Iterator
from pathlib import Path

from sealwax.agent.device import Environment
from sealwax.base.clock import SetClock
from sealwax.base.entropy import Entropy, TestOnlySeededEntropy
from sealwax.crypto.device_keys import new_member_keys
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.intake.apply import Intake
from sealwax.intake.imported import Imported
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.library.library import Library
from sealwax.snapshot.pins import create_snapshot
from sealwax.sources.base import Description, Item
from sealwax.stores.base import Store
from sealwax.sync.replica import Replica
from sealwax.trust.account import open_for_device, open_for_recovery, read_log
from sealwax.trust.heads import RememberedHeads
from sealwax.vault.compose import Draft, Place, compose
from sealwax.vault.genesis import begin_account
from tests.accounts import add_device_by_recovery
from tests.homes import NOW_MS, ignore

LIBRARY_KEY = b"k" * 32
__all__ = ["Device", "Environment", "ListSource", "appended", "made_devices"]


class ListSource:
    """A source that yields what it was given."""

    namespace = "imessage"

    def __init__(self, items: list[Item], newest_ms: int) -> None:
        self._items = items
        self._newest_ms = newest_ms

    def describe(self) -> Description:
        return Description("list", "list", "a list", self._newest_ms, len(self._items), "1")

    def read(self) -> Iterator[list[Item]]:
        yield self._items

    def state(self) -> None:
        """It is always read whole."""

    def close(self) -> None:
        """Nothing is open."""


class Device:
    """One device: import, pull, pin, as the agent does."""

    def __init__(self, replica: Replica, folder: Path) -> None:
        self.replica = replica
        self.folder = folder

    @property
    def library(self) -> Library:
        return self.replica.library

    def take(self, items: list[Item], newest_ms: int, is_confirmed: bool = True) -> Imported:
        """Imports items; raises StoreError."""
        self.replica.pull()
        return Intake(
            ListSource(items, newest_ms),
            self.library,
            self.replica,
            self.replica.keys.roots,
            lambda reason: create_snapshot(self.library, self.replica, "", reason),
            ignore,
            is_confirmed,
            now_ms=newest_ms,
        ).run()


def appended(device: Device, draft: Draft) -> int:
    """Appends a commit as a device writes it that cares for no rule; gives its seq. The device
    itself has not applied it."""
    replica = device.replica
    replica.pull()
    head = replica.head()
    now_ms, epoch = replica.clock.now_ms(), replica.log.newest.epoch
    place = Place(head, replica.log.head, epoch, now_ms)
    data = compose(draft, place, replica.keys, replica._author, TestOnlySeededEntropy("rogue"))
    replica.store.append_commit(replica.zone, head.seq + 1, data)
    return head.seq + 1


def made_devices(
    folder: Path, store: Store, count: int, entropy: Entropy, view: Callable[[int, Store], Store]
) -> list[Device]:
    """An account with so many devices on one store; `view(number, store)` is what each sees."""
    recovery = recovery_keys(new_recovery_code(entropy))
    members = [new_member_keys(entropy) for _ in range(count)]
    beginning = begin_account(members[0], recovery, "device 0", NOW_MS, entropy)
    store.append_commit(ACCOUNT_ZONE, 0, beginning.commit)
    for number, member in enumerate(members[1:], 1):
        log = read_log(store, beginning.account)
        opened = open_for_recovery(log, recovery)
        name = f"device {number}"
        commit = add_device_by_recovery(
            log, opened, recovery, member.member(), name, NOW_MS, entropy
        )
        store.append_commit(ACCOUNT_ZONE, log.head + 1, commit)
    devices = []
    for number, member in enumerate(members):
        log = read_log(store, beginning.account)
        keys = open_for_device(log, member)
        home = folder / f"device{number}"
        home.mkdir(parents=True)
        library = Library(home / "library.db", LIBRARY_KEY, keys.roots, is_durable=False)
        heads = RememberedHeads(home)
        seen = view(number, store)
        clock = SetClock(NOW_MS)
        replica = Replica(seen, library, log, keys, member, heads, clock, entropy)
        devices.append(Device(replica, home))
    return devices
