"""Composing commits of the account log: letting devices in and out, and naming them."""

from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.key_packet import seal_packet, seal_previous, seal_root
from sealwax.crypto.key_tree import SALT_BYTES, AccountKey, new_account_key
from sealwax.ledger.account import (
    AccountLog,
    DeviceAdd,
    DeviceRename,
    DeviceRevoke,
    Genesis,
    Member,
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
        """Lets a device in, with the newest account key sealed to it."""
        packet = seal_packet(self._newest_key(), device, self._nonce())
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

    def _rotation(self, members: list[Member]) -> Rotation:
        old = self._newest_key()
        key = new_account_key(old.epoch + 1, self._entropy)
        account, roots = self._log.account, self._keys.roots
        return Rotation(
            key.epoch,
            [seal_packet(key, member, self._nonce()) for member in members],
            seal_previous(old, key, account, self._entropy.bytes(SALT_BYTES)),
            seal_root(roots, key, account, self._entropy.bytes(SALT_BYTES)),
        )

    def _newest_key(self) -> AccountKey:
        return self._keys.account_key(self._log.newest.epoch)

    def _nonce(self) -> bytes:
        genesis = self._log.entries[0]
        assert isinstance(genesis, Genesis)
        return genesis.nonce

    def _commit(
        self, kind: CommitKind, entry: bytes, part: Part, time_ms: int, op_id: bytes
    ) -> bytes:
        log, epoch = self._log, self._log.newest.epoch
        header = Header(
            version=COMMIT_VERSION,
            suite=SUITE,
            account=log.account,
            zone=ACCOUNT_ZONE,
            seq=log.head + 1,
            previous=log.head_hash,
            author=self._author.member().id,
            position=log.head + 1,
            epoch=epoch,
            time_ms=time_ms,
            kind=kind,
            segments=[],
            chunks=[],
            dropped=[],
            op_id=op_id,
            public=entry,
            sealed=seal_part(self._keys, ACCOUNT_ZONE, epoch, part, self._entropy),
        )
        payload = encode_header(header)
        signature = self._author.sign(commit_signing_input(header, payload))
        return encode_commit(payload, (signature,))
