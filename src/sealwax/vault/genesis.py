"""The beginning of an account: its first commit, signed by its device and its recovery key."""

from typing import NamedTuple

import msgspec

from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.key_packet import seal_packet, seal_root
from sealwax.crypto.key_tree import SALT_BYTES, new_account_key, new_root_keys
from sealwax.crypto.sealing import SealedKind, seal
from sealwax.ledger.account import Genesis, encode_entry
from sealwax.ledger.commit import (
    COMMIT_VERSION,
    SUITE,
    CommitKind,
    Header,
    commit_signing_input,
    encode_commit,
    encode_header,
)
from sealwax.ledger.names import ACCOUNT_ZONE, HASH_BYTES, NO_HASH, OP_ID_BYTES, commit_hash
from sealwax.vault.commit_part import Part
from sealwax.vault.keys import AccountKeys

PROTECTION_ADVANCED = "advanced"


class Beginning(NamedTuple):
    """A new account: its name, its first commit's bytes and its open keys."""

    account: bytes
    commit: bytes
    keys: AccountKeys


def begin_account(
    device: MemberKeys,
    recovery: MemberKeys,
    device_name: str,
    time_ms: int,
    entropy: Entropy,
) -> Beginning:
    """Makes the keys of a new account and its genesis commit.

    The account's name is the hash of that commit, so everything inside it is sealed and signed
    under a name of 32 zero bytes.
    """
    key, roots, nonce = (
        new_account_key(0, entropy),
        new_root_keys(entropy),
        entropy.bytes(HASH_BYTES),
    )
    members = (device.member(), recovery.member())
    entry = Genesis(
        nonce=nonce,
        device=members[0],
        recovery=members[1],
        protection=PROTECTION_ADVANCED,
        packets=[seal_packet(key, member, nonce) for member in members],
        root=seal_root(roots, key, NO_HASH, entropy.bytes(SALT_BYTES)),
    )
    part = msgspec.msgpack.encode(Part(reason="init", device_name=device_name))
    sealed = seal(
        key.zone_key(NO_HASH, ACCOUNT_ZONE),
        SealedKind.COMMIT_PART,
        entropy.bytes(SALT_BYTES),
        part,
    )
    header = Header(
        version=COMMIT_VERSION,
        suite=SUITE,
        account=NO_HASH,
        zone=ACCOUNT_ZONE,
        seq=0,
        previous=NO_HASH,
        author=members[0].id,
        position=0,
        epoch=0,
        time_ms=time_ms,
        kind=CommitKind.GENESIS,
        segments=[],
        chunks=[],
        dropped=[],
        op_id=entropy.bytes(OP_ID_BYTES),
        public=encode_entry(entry),
        sealed=sealed,
    )
    payload = encode_header(header)
    message = commit_signing_input(header, payload)
    data = encode_commit(payload, (device.sign(message), recovery.sign(message)))
    account = commit_hash(data)
    return Beginning(account, data, AccountKeys(account, roots, {0: key}))
