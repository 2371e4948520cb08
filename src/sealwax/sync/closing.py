"""Closing the zones of an account behind a device that was put out.

A commit's validity depends on the chain before it. So after a revocation one commit goes into the
zones: from there on nothing that names an older position of the account's log counts, and a device
that is out can only name those. Whoever notices that a zone still lacks it writes it: the device
that revoked may have died in between.

Each device closes the shared history and its own zone; in a folder that devices share, and for the
zones of devices that are out, whoever comes first closes them.
"""

from collections.abc import Callable, Iterator

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.account import AccountLog, DeviceRevoke, newest_revocation
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, OP_ID_BYTES, device_zone
from sealwax.stores.base import CommitExists, Store
from sealwax.sync.replica import APPEND_TRIES, CannotAppend, Replica
from sealwax.trust.account import need_open
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft, Place, compose
from sealwax.vault.writing import Writing

REASON = "revoked"
_CLOSED = "zones were closed behind the revocation of"


def close_zones(
    history: Replica,
    own: Replica,
    shared: Store,
    author: MemberKeys,
    clock: Clock,
    entropy: Entropy,
) -> tuple[str, ...]:
    """Closes every zone that is still open to a device that was put out; gives their names.

    `shared` is the place that all devices share. Costs nothing when there is nothing to do. Raises
    KeysUnusable or StoreError.
    """
    log = history.log
    position = newest_revocation(log)
    if position < 0:
        return ()
    commit = log.commits[position]
    assert commit is not None
    holdings = history.library.holdings
    if holdings.remembered_ms(_CLOSED) == commit.header.time_ms:
        return ()
    need_open(log, history.keys)
    others = set(_zones_of_revoked(log))
    if shared is own.store:
        others |= set(shared.list_zones())
    others -= {ACCOUNT_ZONE, history.zone, own.zone}
    closed = []
    for zone in sorted(others):
        draft = Draft(CommitKind.REVOKE, entropy.bytes(OP_ID_BYTES), Part(reason=REASON))

        def composed(head: Head, draft: Draft = draft) -> bytes:
            place = Place(head, log.head, log.newest.epoch, clock.now_ms())
            return compose(draft, place, history.keys, author, entropy)

        closed += [zone] if _close(shared, zone, log, composed) else []
    closed += [replica.zone for replica in (own, history) if _close_kept(replica, position)]
    holdings.remember_ms(_CLOSED, commit.header.time_ms)
    return tuple(closed)


def _zones_of_revoked(log: AccountLog) -> Iterator[str]:
    """The own zones of devices that are out, begun or not."""
    for entry in log.entries:
        if isinstance(entry, DeviceRevoke) and entry.device not in log.newest.devices:
            yield device_zone(entry.device)


def _close_kept(replica: Replica, position: int) -> bool:
    """Closes a zone that this device has in its library."""
    replica.pull()
    if replica.head().position >= position or (replica.is_own and replica.head().seq < 0):
        return False
    replica.write(Writing((), Part(reason=REASON), CommitKind.REVOKE))
    return True


def _close(shared: Store, zone: str, log: AccountLog, composed: Callable[[Head], bytes]) -> bool:
    """Closes a zone that this device has no library of."""
    for _ in range(APPEND_TRIES):
        head = _head(shared, log, zone)
        if head.position >= newest_revocation(log):
            return False
        try:
            shared.append_commit(zone, head.seq + 1, composed(head))
        except CommitExists:
            continue
        return True
    raise CannotAppend("A history could not be closed: others were always faster.")


def _head(store: Store, log: AccountLog, zone: str) -> Head:
    head = beginning(log.account, zone)
    for _, data in store.read_commits(zone, 0):
        head = judge(head, data, log).head
    return head
