"""Accounts for tests, the same each time: keys, a log, commits that follow one another."""

from typing import NamedTuple

from sealwax.base.entropy import Entropy, TestOnlySeededEntropy
from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.ledger.account import (
    AccountLog,
    DeviceRevoke,
    Member,
    encode_entry,
)
from sealwax.ledger.chain import Head
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
from sealwax.trust.account import open_for_device
from sealwax.vault.account_commit import AccountWriter
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft, Place, compose
from sealwax.vault.genesis import begin_account
from sealwax.vault.keys import AccountKeys
from sealwax.vault.writing import PLAIN_PIN, Pinning
from tests.rotations import made_rotation

TIME_MS = 1_700_000_000_000


class Account(NamedTuple):
    """An account with some devices; `genesis` and `joins` are its first commits' bytes."""

    log: AccountLog
    keys: AccountKeys
    devices: tuple[MemberKeys, ...]
    recovery: MemberKeys
    entropy: TestOnlySeededEntropy
    commits: tuple[bytes, ...]


def made_account(seed: str = "account", devices: int = 1) -> Account:
    """The same account for the same seed."""
    entropy = TestOnlySeededEntropy(seed)
    recovery = recovery_keys(new_recovery_code(entropy))
    members = tuple(new_member_keys(entropy) for _ in range(devices))
    beginning = begin_account(members[0], recovery, "device 0", TIME_MS, entropy)
    log = AccountLog(beginning.account)
    commits = [beginning.commit]
    log.extend(beginning.commit)
    for number, member in enumerate(members[1:], 1):
        keys = beginning.keys
        name = f"device {number}"
        commits.append(
            add_device_by_recovery(log, keys, recovery, member.member(), name, TIME_MS, entropy)
        )
        assert log.extend(commits[-1]) is None
    keys = open_for_device(log, members[0])
    return Account(log, keys, members, recovery, entropy, tuple(commits))


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


def next_commit(
    account: Account,
    head: Head,
    author: MemberKeys | None = None,
    position: int | None = None,
    epoch: int | None = None,
    added: tuple[tuple[bytes, int], ...] = (),
    dropped: tuple[bytes, ...] = (),
    kind: CommitKind = CommitKind.CHANGE,
    public: bytes = b"",
    segments: tuple[tuple[bytes, int, bytes], ...] = (),
    pinning: Pinning = PLAIN_PIN,
    time_ms: int = TIME_MS,
) -> bytes:
    """The bytes of a commit that follows `head`; `added` are pieces of files."""
    op_id = account.entropy.bytes(16)
    draft = Draft(kind, op_id, Part(), segments, added, dropped, public, pinning)
    place = Place(
        head,
        account.log.head if position is None else position,
        account.log.newest.epoch if epoch is None else epoch,
        time_ms,
    )
    return compose(draft, place, account.keys, author or account.devices[0], account.entropy)


def revocation(account: Account, gone: MemberKeys, author: MemberKeys | None = None) -> bytes:
    """The account commit that removes a device and begins the next epoch."""
    log, entropy = account.log, account.entropy
    made = made_rotation(log, account.keys, entropy, without=gone.member().id)
    entry = encode_entry(DeviceRevoke(gone.member().id, made.rotation))
    return account_commit(account, CommitKind.DEVICE_REVOKE, entry, author or account.devices[0])


def account_commit(
    account: Account,
    kind: CommitKind,
    entry: bytes,
    author: MemberKeys,
    also_signed_by: MemberKeys | None = None,
) -> bytes:
    """The next commit of the account zone, signed by `author`, and perhaps by another one."""
    log = account.log
    header = Header(
        version=COMMIT_VERSION,
        suite=SUITE,
        account=log.account,
        zone=ACCOUNT_ZONE,
        seq=log.head + 1,
        previous=log.head_hash,
        author=author.member().id,
        position=log.head + 1,
        epoch=log.newest.epoch,
        time_ms=TIME_MS,
        kind=kind,
        segments=[],
        chunks=[],
        dropped=[],
        op_id=account.entropy.bytes(16),
        public=entry,
        sealed=b"",
    )
    payload = encode_header(header)
    message = commit_signing_input(header, payload)
    signers = (author,) if also_signed_by is None else (author, also_signed_by)
    return encode_commit(payload, tuple(signer.sign(message) for signer in signers))
