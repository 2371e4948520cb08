"""Composing commits of the account log: letting devices in and out, naming them, new keys.

Whoever cannot open the newest epoch can still put a device out or begin a new epoch: the header
names the log's epoch, and what is sealed is sealed under the newest one that its author can open.
"""

from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.key_packet import seal_earlier, seal_packet, seal_root
from sealwax.crypto.key_tree import SALT_BYTES, AccountKey, new_account_key
from sealwax.ledger.account import (
    EARLIER_LIMIT,
    AccountLog,
    DeviceAdd,
    DeviceRename,
    DeviceRevoke,
    EarlierKey,
    Epoch,
    Genesis,
    Member,
    RecoverySet,
    Rotation,
    encode_entry,
)
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
from sealwax.vault.commit_part import Part, seal_part
from sealwax.vault.keys import AccountKeys


class AccountWriter:
    """Composes what one member of an account says in its log: each time the next commit's bytes.

    `op_id` names the operation: composing it again after a lost race keeps it.
    """

    def __init__(
        self, log: AccountLog, keys: AccountKeys, author: MemberKeys, entropy: Entropy
    ) -> None:
        self._log = log
        self._keys = keys
        self._author = author
        self._entropy = entropy

    def add_device(
        self, device: Member, device_name: str, reason: str, time_ms: int, op_id: bytes
    ) -> bytes:
        """Lets a device in, with the newest account key sealed to it, which must be open."""
        key = self._newest_key()
        assert key.epoch == self._log.newest.epoch
        packet = seal_packet(key, device, self._nonce())
        entry = DeviceAdd(device, [packet])
        part = Part(reason=reason, device_name=device_name)
        return self._commit(CommitKind.DEVICE_ADD, encode_entry(entry), part, time_ms, op_id)

    def revoke_device(self, device: bytes, time_ms: int, op_id: bytes) -> bytes:
        """Puts a device out, and begins an epoch whose key it does not get."""
        stay = [member for member in self._log.newest.devices.values() if member.id != device]
        entry = DeviceRevoke(device, self._rotation([*stay, self._log.newest.recovery]))
        part = Part(reason="revoked")
        return self._commit(CommitKind.DEVICE_REVOKE, encode_entry(entry), part, time_ms, op_id)

    def rename_device(self, device: bytes, name: str, time_ms: int, op_id: bytes) -> bytes:
        """Gives a device another name."""
        entry = encode_entry(DeviceRename(device))
        part = Part(reason="renamed", device_name=name)
        return self._commit(CommitKind.DEVICE_RENAME, entry, part, time_ms, op_id)

    def begin_epoch(self, time_ms: int, op_id: bytes) -> bytes:
        """Begins an epoch with a new key, for the same members."""
        newest = self._log.newest
        entry = Epoch(self._rotation([*newest.devices.values(), newest.recovery]))
        part = Part(reason="epoch")
        return self._commit(CommitKind.EPOCH, encode_entry(entry), part, time_ms, op_id)

    def set_recovery(self, recovery: MemberKeys, time_ms: int, op_id: bytes) -> bytes:
        """Another recovery key takes the place of the one that writes this; both sign, and an epoch
        begins whose key the one before does not get."""
        newest = self._log.newest
        assert self._author.member() == newest.recovery
        members = [*newest.devices.values(), recovery.member()]
        entry = encode_entry(RecoverySet(recovery.member(), self._rotation(members)))
        part = Part(reason="recovery")
        kind = CommitKind.RECOVERY_SET
        return self._commit(kind, entry, part, time_ms, op_id, also_signed_by=recovery)

    def _rotation(self, members: list[Member]) -> Rotation:
        key = new_account_key(self._log.newest.epoch + 1, self._entropy)
        account, roots = self._log.account, self._keys.roots
        handed_on = (self._keys.newest_epoch, *self._keys.not_handed_on)[:EARLIER_LIMIT]
        return Rotation(
            key.epoch,
            [seal_packet(key, member, self._nonce()) for member in members],
            [self._earlier_key(epoch, key) for epoch in handed_on],
            seal_root(roots, key, account, self._entropy.bytes(SALT_BYTES)),
        )

    def _earlier_key(self, epoch: int, under: AccountKey) -> EarlierKey:
        earlier, salt = self._keys.account_key(epoch), self._entropy.bytes(SALT_BYTES)
        return EarlierKey(epoch, seal_earlier(earlier, under, self._log.account, salt))

    def _newest_key(self) -> AccountKey:
        """Of the newest epoch that is sound."""
        return self._keys.account_key(self._keys.newest_epoch)

    def _nonce(self) -> bytes:
        genesis = self._log.entries[0]
        assert isinstance(genesis, Genesis)
        return genesis.nonce

    def _commit(
        self,
        kind: CommitKind,
        entry: bytes,
        part: Part,
        time_ms: int,
        op_id: bytes,
        also_signed_by: MemberKeys | None = None,
    ) -> bytes:
        log, sealed_epoch = self._log, self._keys.newest_epoch
        header = Header(
            version=COMMIT_VERSION,
            suite=SUITE,
            account=log.account,
            zone=ACCOUNT_ZONE,
            seq=log.head + 1,
            previous=log.head_hash,
            author=self._author.member().id,
            position=log.head + 1,
            epoch=log.newest.epoch,
            time_ms=time_ms,
            kind=kind,
            segments=[],
            chunks=[],
            dropped=[],
            op_id=op_id,
            public=entry,
            sealed=seal_part(self._keys, ACCOUNT_ZONE, sealed_epoch, part, self._entropy),
        )
        payload = encode_header(header)
        message = commit_signing_input(header, payload)
        signers = (self._author,) if also_signed_by is None else (self._author, also_signed_by)
        return encode_commit(payload, tuple(signer.sign(message) for signer in signers))
