"""Letting a device in with the recovery key: the account commit that adds it."""

from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.account import AccountLog, Member
from sealwax.ledger.names import OP_ID_BYTES
from sealwax.vault.account_commit import AccountWriter
from sealwax.vault.keys import AccountKeys


def add_device_by_recovery(
    log: AccountLog,
    keys: AccountKeys,
    recovery: MemberKeys,
    device: Member,
    device_name: str,
    time_ms: int,
    entropy: Entropy,
) -> bytes:
    """The bytes of the account commit that adds a device, signed by the recovery key."""
    writer = AccountWriter(log, keys, recovery, entropy)
    op_id = entropy.bytes(OP_ID_BYTES)
    return writer.add_device(device, device_name, "recovered", time_ms, op_id)
