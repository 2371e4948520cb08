"""Accounts for tests, the same each time: keys, a log, commits that follow one another."""

from typing import NamedTuple

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.key_packet import seal_packet, seal_previous, seal_root
from sealwax.crypto.key_tree import SALT_BYTES, new_account_key
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.ledger.account import AccountLog, DeviceRevoke, Rotation, encode_entry
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
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.trust.account import open_for_device
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft, Place, compose
from sealwax.vault.genesis import begin_account
from sealwax.vault.join import add_device_by_recovery
from sealwax.vault.keys import AccountKeys
from sealwax.vault.writing import PLAIN_PIN, Pinning

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
) -> bytes:
    """The bytes of a commit that follows `head`; `added` are pieces of files."""
    op_id = account.entropy.bytes(16)
    draft = Draft(kind, op_id, Part(), segments, added, dropped, public, pinning)
    place = Place(
        head,
        account.log.head if position is None else position,
        account.log.newest.epoch if epoch is None else epoch,
        TIME_MS,
    )
    return compose(draft, place, account.keys, author or account.devices[0], account.entropy)


def revocation(account: Account, gone: MemberKeys, author: MemberKeys | None = None) -> bytes:
    """The account commit that removes a device and begins the next epoch."""
    log, entropy = account.log, account.entropy
    by = author or account.devices[0]
    epoch = log.newest.epoch + 1
    key = new_account_key(epoch, entropy)
    left = [member for member in log.newest.devices.values() if member.id != gone.member().id]
    nonce = log.entries[0].nonce  # type: ignore[union-attr]
    old = account.keys.account_key(epoch - 1)
    rotation = Rotation(
        epoch,
        [seal_packet(key, member, nonce) for member in (*left, log.newest.recovery)],
        seal_previous(old, key, log.account, entropy.bytes(SALT_BYTES)),
        seal_root(account.keys.roots, key, log.account, entropy.bytes(SALT_BYTES)),
    )
    entry = encode_entry(DeviceRevoke(gone.member().id, rotation))
    return account_commit(account, CommitKind.DEVICE_REVOKE, entry, by)


def account_commit(account: Account, kind: CommitKind, entry: bytes, author: MemberKeys) -> bytes:
    """The next commit of the account zone, signed by `author`."""
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
    return encode_commit(payload, (author.sign(commit_signing_input(header, payload)),))
