"""Closing the zones of an account behind a device that was put out.

A commit's validity depends on the chain before it. So after a revocation one commit goes into the
zones: from there on nothing that names an older position of the account's log counts, and a device
that is out can only name those. Whoever notices that a zone still lacks it writes it: the device
that revoked may have died in between, and a place may have come back from an old disk.

A device's own zone takes commits of its device alone. So those of a device that is out are closed:
each that there is, and the one that it could begin next. In the zones of devices that stay nobody
else can say anything, and each closes its own: a commit from outside would part it from what waits
on its device. In a folder nothing waits elsewhere, so there all are closed at once.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from sealwax.ledger.account import AccountLog, DeviceRevoke
from sealwax.ledger.account_steps import newest_revocation
from sealwax.ledger.chain import Head, Judged, beginning, judge
from sealwax.ledger.commit import CommitKind, MalformedCommitError, parse_commit
from sealwax.ledger.names import (
    ACCOUNT_ZONE,
    GENERATION_LIMIT,
    device_zone,
    zone_device,
    zone_generation,
)
from sealwax.stores.base import CommitExists, Store, StoreError
from sealwax.stores.far_trouble import HistoryUnsound
from sealwax.sync.replica import APPEND_TRIES, CannotAppend, Replica
from sealwax.trust.account import need_open
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft
from sealwax.vault.writing import Writing

REASON = "revoked"
_CLOSED = "zones were closed up to the account log's"


def close_zones(history: Replica, own: Replica, shared: Store) -> tuple[str, ...]:
    """Closes every zone that is still open to a device that was put out; gives their names.

    `shared` is the place that all devices share. Costs nothing when there is nothing to do. Trouble
    with one zone does not keep the others open; raises the first StoreError at the end, and
    KeysUnusable.
    """
    position = newest_revocation(history.log)
    holdings = history.library.holdings
    if position < 0 or holdings.remembered_ms(_CLOSED) == position + 1:
        return ()
    need_open(history.log, history.keys)
    closed, trouble = list[str](), list[StoreError]()
    for zone in (history.zone, own.zone, *_others(history, own, shared)):
        try:
            if _is_closed_now(zone, history, own, shared):
                closed.append(zone)
        except StoreError as error:
            trouble.append(error)
    if trouble:
        raise trouble[0]
    holdings.remember_ms(_CLOSED, position + 1)
    return tuple(closed)


def look_again(history: Replica) -> None:
    """Has the next `close_zones` look at all zones: the shared place has lost something."""
    history.library.holdings.remember_ms(_CLOSED, 0)


def close_zone(shared: Store, zone: str, history: Replica) -> bool:
    """Closes one zone that this device has no library of; gives whether it was open. Raises
    StoreError."""
    for _ in range(APPEND_TRIES):
        head = _head(shared, history.log, zone)
        if head.position >= newest_revocation(history.log):
            return False
        draft = Draft(CommitKind.REVOKE, history.new_op_id(), Part(reason=REASON))
        data = history.compose_after(head, draft)
        try:
            shared.append_commit(zone, head.seq + 1, data)
        except CommitExists:
            continue
        return True
    raise CannotAppend("A history could not be closed: others were always faster.")


def is_closed(log: AccountLog, judged: Iterable[Judged]) -> bool:
    """Whether a device's own zone, of which these are all commits, is closed behind the removal of
    its device; also where that is not removed. What is still open may have been written since."""
    heads = [one.head for one in judged]
    device = zone_device(heads[-1].zone) if heads else None
    if device is None or device in log.newest.devices:
        return True
    removals = (
        position
        for position, entry in enumerate(log.entries)
        if isinstance(entry, DeviceRevoke) and entry.device == device
    )
    return heads[-1].position >= max(removals, default=0)


def _is_closed_now(zone: str, history: Replica, own: Replica, shared: Store) -> bool:
    for replica in (history, own):
        if replica.zone == zone:
            return _close_kept(replica)
    return close_zone(shared, zone, history)


def _others(history: Replica, own: Replica, shared: Store) -> list[str]:
    """The zones to be closed that this device has no library of."""
    there = shared.list_zones()
    zones = set(there) if shared is own.store else set()
    for device in removed_devices(history.log):
        begun = [zone for zone in there if zone_device(zone) == device]
        zones.update(begun)
        if not any(_begins_closed(shared, zone) for zone in begun):
            zones.update(_next_zone(device, begun))
    return sorted(zones - {ACCOUNT_ZONE, history.zone, own.zone})


def removed_devices(log: AccountLog) -> list[bytes]:
    """The devices that are out, in the order in which they went."""
    gone = (entry.device for entry in log.entries if isinstance(entry, DeviceRevoke))
    return list(dict.fromkeys(device for device in gone if device not in log.newest.devices))


def _next_zone(device: bytes, begun: Iterable[str]) -> Iterator[str]:
    """The own zone that a device could begin next."""
    taken = {zone_generation(zone) for zone in begun}
    free = (number for number in range(GENERATION_LIMIT + 1) if number not in taken)
    yield from (device_zone(device, number) for number in islice(free, 1))


def _begins_closed(shared: Store, zone: str) -> bool:
    """Whether a zone was closed before its device began it: then it begins none after it."""
    try:
        header = parse_commit(shared.get_commit(zone, 0)).header
    except MalformedCommitError:
        return False
    return header.kind == CommitKind.REVOKE and header.author != zone_device(zone)


def _close_kept(replica: Replica) -> bool:
    """Closes a zone that this device has in its library."""
    replica.pull()
    if replica.head().position >= newest_revocation(replica.log):
        return False
    if replica.is_own and replica.head().seq < 0:
        return False
    replica.write(Writing((), Part(reason=REASON), CommitKind.REVOKE))
    return True


def _head(store: Store, log: AccountLog, zone: str) -> Head:
    """Where a zone stands. What a place that takes no such commits tells beyond one that does not
    count may have no end."""
    head, is_judging = beginning(log.account, zone), getattr(store, "is_judging", False)
    for seq, data in store.read_commits(zone, 0):
        judged = judge(head, data, log)
        if judged.commit is None and is_judging:
            raise HistoryUnsound(store.describe(), zone, seq)
        head = judged.head
    return head
