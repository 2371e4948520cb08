"""Beginning a simulated account: its devices, each trusted from the first."""

from typing import NamedTuple

from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.stores.base import Store
from sealwax.trust.account import open_for_recovery, read_log
from sealwax.vault.genesis import begin_account
from sealwax.vault.join import add_device_by_recovery


class Begun(NamedTuple):
    """An account and its devices, called `device 0` and so on."""

    account: bytes
    members: list[MemberKeys]


def begin(place: Store, count: int, now_ms: int, entropy: Entropy) -> Begun:
    """Begins an account with so many devices at a place."""
    recovery = recovery_keys(new_recovery_code(entropy))
    members = [new_member_keys(entropy) for _ in range(count)]
    begun = begin_account(members[0], recovery, "device 0", now_ms, entropy)
    place.append_commit(ACCOUNT_ZONE, 0, begun.commit)
    for number, member in enumerate(members[1:], 1):
        log = read_log(place, begun.account)
        opened = open_for_recovery(log, recovery)
        name = f"device {number}"
        entry = add_device_by_recovery(
            log, opened, recovery, member.member(), name, now_ms, entropy
        )
        place.append_commit(ACCOUNT_ZONE, log.head + 1, entry)
    return Begun(begun.account, members)
