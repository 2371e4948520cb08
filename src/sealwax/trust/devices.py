"""What a member does to the account's log: letting devices in and out, naming them, new keys.

An act is one commit, composed anew after each race that another device won, and known again by its
operation's id when the answer of a store was lost.
"""

from collections.abc import Callable

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.account import MEMBERS_LIMIT, AccountLog, Member
from sealwax.ledger.names import ACCOUNT_ZONE, OP_ID_BYTES
from sealwax.stores.base import CommitExists, CommitVoid, Store
from sealwax.trust.account import extend_log, keep_up, need_open
from sealwax.vault.account_commit import AccountWriter
from sealwax.vault.keys import AccountKeys

TRIES = 64


class AccountCrowded(SealwaxError):
    """Other devices changed the account at the same moment, again and again."""

    code = "account-crowded"
    hint = "Try again in a moment."


class DeviceThere(SealwaxError):
    """The device is one of the account's already."""

    code = "device-there"
    hint = "`sealwax device list` shows it. For another machine, run `sealwax init --join` there."


class DevicesFull(SealwaxError):
    """The account has as many devices as it may."""

    code = "devices-full"
    hint = "Remove one that is not used any more: `sealwax device list`, `sealwax device revoke`."


class DeviceGone(SealwaxError):
    """The device is none of the account's, or not any more."""

    code = "device-gone"
    hint = "`sealwax device list --all` shows who was removed, when and by whom."


class DeviceLast(SealwaxError):
    """The account's last device cannot be removed."""

    code = "device-last"
    hint = (
        "Link another device first, or make one with the recovery key; then remove this one there."
    )


class DeviceBook:
    """The account's devices, as one member may change them: a trusted device, or the recovery key.
    `log` and `keys` are brought up to date by every act."""

    def __init__(
        self,
        store: Store,
        log: AccountLog,
        keys: AccountKeys,
        author: MemberKeys,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._store = store
        self._log = log
        self._keys = keys
        self._author = author
        self._clock = clock
        self._entropy = entropy
        self._writer = AccountWriter(log, keys, author, entropy)

    def add(self, device: Member, name: str, reason: str = "linked") -> None:
        """Lets a device in; raises DeviceThere, DevicesFull, KeysUnusable or StoreError."""

        def compose(op_id: bytes) -> bytes:
            need_open(self._log, self._keys)
            if device.id in self._log.newest.devices:
                raise DeviceThere("This device is one of the account's already.")
            if len(self._log.newest.devices) >= MEMBERS_LIMIT - 1:
                raise DevicesFull(f"The account has {MEMBERS_LIMIT - 1} devices: no more may come.")
            return self._writer.add_device(device, name, reason, self._clock.now_ms(), op_id)

        self._append(compose)

    def revoke(self, device: bytes) -> None:
        """Puts a device out and begins the next epoch, from the newest keys that open here; raises
        DeviceGone or DeviceLast."""

        def compose(op_id: bytes) -> bytes:
            self._need(device)
            if len(self._log.newest.devices) == 1:
                raise DeviceLast("This is the account's only device.")
            return self._writer.revoke_device(device, self._clock.now_ms(), op_id)

        self._append(compose)

    def rename(self, device: bytes, name: str) -> None:
        """Gives a device another name; raises DeviceGone, KeysUnusable or StoreError."""

        def compose(op_id: bytes) -> bytes:
            need_open(self._log, self._keys)
            self._need(device)
            return self._writer.rename_device(device, name, self._clock.now_ms(), op_id)

        self._append(compose)

    def begin_epoch(self) -> None:
        """Begins the next epoch for the same members, from the newest keys that open here."""
        self._append(lambda op_id: self._writer.begin_epoch(self._clock.now_ms(), op_id))

    def _need(self, device: bytes) -> None:
        if device not in self._log.newest.devices:
            raise DeviceGone("The account does not have this device.")

    def _append(self, compose: Callable[[bytes], bytes]) -> None:
        op_id = self._entropy.bytes(OP_ID_BYTES)
        for _ in range(TRIES):
            extend_log(self._log, self._store)
            if self._is_written(op_id):
                break
            keep_up(self._keys, self._log, self._author)
            data = compose(op_id)
            try:
                self._store.append_commit(ACCOUNT_ZONE, self._log.head + 1, data)
            except (CommitExists, CommitVoid):
                # Another member was faster. What it wrote is read, and the act composed anew.
                continue
            reason = self._log.extend(data)
            assert reason is None, reason
            break
        else:
            raise AccountCrowded("Other devices changed the account at the same moment.")
        member = self._author.member()
        if member.id in self._log.newest.devices or member == self._log.newest.recovery:
            keep_up(self._keys, self._log, self._author)

    def _is_written(self, op_id: bytes) -> bool:
        """Whether the commit that was just tried stands: the answer of the store was lost."""
        return any(
            commit is not None and commit.header.op_id == op_id for commit in self._log.commits
        )
