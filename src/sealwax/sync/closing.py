"""Closing the zones of an account behind a device that was put out.

A commit's validity depends on the chain before it. So after a revocation one commit goes into every
zone: from there on nothing that names an older position of the account's log counts, and a device
that is out can only name those. Whoever notices that a zone still lacks it writes it: the device
that revoked may have died in between.
"""

from collections.abc import Iterator

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.ledger.account import AccountLog, DeviceRevoke, newest_revocation
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, OP_ID_BYTES, device_zone
from sealwax.stores.base import CommitExists, Store
from sealwax.sync.replica import APPEND_TRIES, CannotAppend, Replica
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft, Place, compose
from sealwax.vault.writing import Writing

REASON = "revoked"
_CLOSED = "zones were closed behind the revocation of"


def close_zones(replica: Replica, clock: Clock, entropy: Entropy) -> tuple[str, ...]:
    """Closes every zone that is still open to a device that was put out; gives their names.

    Costs nothing when there is nothing to do. Raises StoreError.
    """
    log = replica.log
    position = newest_revocation(log)
    if position < 0:
        return ()
    commit = log.commits[position]
    assert commit is not None
    holdings = replica.library.holdings
    if holdings.remembered_ms(_CLOSED) == commit.header.time_ms:
        return ()
    closed: list[str] = []
    for zone in sorted(_zones(replica)):
        if zone == replica.zone:
            is_closed = _close_own(replica, position)
        else:
            is_closed = _close(replica, zone, position, clock, entropy)
        closed += [zone] if is_closed else []
    holdings.remember_ms(_CLOSED, commit.header.time_ms)
    return tuple(closed)


def _zones(replica: Replica) -> set[str]:
    """The zones that there are, and the own ones of devices that are out, begun or not."""
    known = {*replica.store.list_zones(), replica.zone, *_zones_of_revoked(replica.log)}
    return known - {ACCOUNT_ZONE}


def _zones_of_revoked(log: AccountLog) -> Iterator[str]:
    for entry in log.entries:
        if isinstance(entry, DeviceRevoke):
            yield device_zone(entry.device)


def _close_own(replica: Replica, position: int) -> bool:
    replica.pull()
    if replica.head().position >= position:
        return False
    replica.write(Writing((), Part(reason=REASON), CommitKind.REVOKE))
    return True


def _close(replica: Replica, zone: str, position: int, clock: Clock, entropy: Entropy) -> bool:
    """Appends the commit to a zone that this device has no library of."""
    op_id = entropy.bytes(OP_ID_BYTES)
    draft = Draft(CommitKind.REVOKE, op_id, Part(reason=REASON))
    for _ in range(APPEND_TRIES):
        head = _head(replica.store, replica.log, zone)
        if head.position >= position:
            return False
        place = Place(head, replica.log.head, replica.log.newest.epoch, clock.now_ms())
        data = compose(draft, place, replica.keys, replica.author, entropy)
        try:
            replica.store.append_commit(zone, head.seq + 1, data)
        except CommitExists:
            continue
        return True
    raise CannotAppend("A history could not be closed: others were always faster.")


def _head(store: Store, log: AccountLog, zone: str) -> Head:
    head = beginning(log.account, zone)
    for _, data in store.read_commits(zone, 0):
        head = judge(head, data, log).head
    return head
