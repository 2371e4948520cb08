"""Letting a device in with the recovery key: the account commit that adds it."""

from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.key_packet import seal_packet
from sealwax.ledger.account import AccountLog, DeviceAdd, Genesis, Member, encode_entry
from sealwax.ledger.commit import (
    COMMIT_VERSION,
    SUITE,
    CommitKind,
    Header,
    commit_signing_input,
    encode_commit,
    encode_header,
)
from sealwax.ledger.names import ACCOUNT_ZONE, OP_ID_BYTES
from sealwax.vault.commit_part import Part, seal_part
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
    genesis = log.entries[0]
    assert isinstance(genesis, Genesis)
    epoch = log.newest.epoch
    packet = seal_packet(keys.account_key(epoch), device, genesis.nonce)
    part = Part(reason="recovered", device_name=device_name)
    header = Header(
        version=COMMIT_VERSION,
        suite=SUITE,
        account=keys.account,
        zone=ACCOUNT_ZONE,
        seq=log.head + 1,
        previous=log.head_hash,
        author=recovery.member().id,
        position=log.head + 1,
        epoch=epoch,
        time_ms=time_ms,
        kind=CommitKind.DEVICE_ADD,
        added=[],
        dropped=[],
        op_id=entropy.bytes(OP_ID_BYTES),
        public=encode_entry(DeviceAdd(device, [packet])),
        sealed=seal_part(keys, ACCOUNT_ZONE, epoch, part, entropy),
    )
    payload = encode_header(header)
    return encode_commit(payload, (recovery.sign(commit_signing_input(header, payload)),))
