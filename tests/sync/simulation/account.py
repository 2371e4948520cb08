"""Beginning a simulated account, and letting devices in with its recovery key."""

from typing import NamedTuple

from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.stores.base import Store
from sealwax.trust.account import open_for_recovery, read_log
from sealwax.vault.genesis import begin_account
from tests.accounts import add_device_by_recovery


class Begun(NamedTuple):
    """An account, its recovery key, and its devices, called `device 0` and so on."""

    account: bytes
    recovery: MemberKeys
    members: list[MemberKeys]


def begin(place: Store, count: int, now_ms: int, entropy: Entropy) -> Begun:
    """Begins an account with so many devices at a place."""
    recovery = recovery_keys(new_recovery_code(entropy))
    first = new_member_keys(entropy)
    begun = begin_account(first, recovery, "device 0", now_ms, entropy)
    place.append_commit(ACCOUNT_ZONE, 0, begun.commit)
    account = Begun(begun.account, recovery, [first])
    for number in range(1, count):
        account.members.append(let_in(place, account, f"device {number}", now_ms, entropy))
    return account


def let_in(place: Store, begun: Begun, name: str, now_ms: int, entropy: Entropy) -> MemberKeys:
    """Adds a device to the account, with its recovery key alone; gives its keys."""
    member = new_member_keys(entropy)
    log = read_log(place, begun.account)
    opened = open_for_recovery(log, begun.recovery)
    entry = add_device_by_recovery(
        log, opened, begun.recovery, member.member(), name, now_ms, entropy
    )
    place.append_commit(ACCOUNT_ZONE, log.head + 1, entry)
    return member
