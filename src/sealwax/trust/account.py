"""Reading an account out of a store: its log, and its keys for a device or a recovery key."""

import datetime

from sealwax.base.errors import SealwaxError
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.recovery_code import RecoveryKeyWrong
from sealwax.crypto.sealing import SealBroken
from sealwax.ledger.account import AccountLog, DeviceRevoke, VoidEntryError
from sealwax.ledger.format_step import NewerFormatError
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.stores.base import Missing, Store
from sealwax.stores.far_trouble import AccountNewer, HistoryUnsound
from sealwax.trust.key_troubles import unusable
from sealwax.vault.keys import AccountKeys, open_account


class AccountBroken(SealwaxError):
    """A store does not hold the beginning of this account."""

    code = "account-broken"
    hint = "Run `sealwax verify`, or open another copy of the vault."


class NotTrusted(SealwaxError):
    """This device is not (or no longer) one of the account's."""

    code = "device-not-trusted"
    hint = (
        "What it has can still be read: `sealwax list`, `read`, `search`, `export`. To come back,"
        " make a fresh home and link it, or use the recovery key."
    )


class AccountKeysClosed(SealwaxError):
    """Nothing in the account's log opens its keys for this member."""

    code = "account-keys-closed"
    hint = (
        "Whoever let this device in handed over no key. Remove the device there, and link it again"
        " from another device, or use the recovery key."
    )


def read_log(store: Store, account: bytes) -> AccountLog:
    """The account log as a store holds it; raises AccountBroken without a sound genesis."""
    log = AccountLog(account)
    extend_log(log, store)
    return log


def extend_log(log: AccountLog, store: Store) -> None:
    """Folds in what a store holds beyond the log. Raises HistoryUnsound at the first entry that
    does not count, of a place that takes none: its answer may have no end. Raises AccountNewer
    where the log goes on in a format that is not known."""
    is_judging = getattr(store, "is_judging", False)
    try:
        for seq, data in store.read_commits(ACCOUNT_ZONE, log.head + 1):
            if log.extend(data) is not None and is_judging:
                raise HistoryUnsound(store.describe(), ACCOUNT_ZONE, seq)
    except (VoidEntryError, Missing) as error:
        raise AccountBroken(f"The account's first commit does not count: {error}.") from error
    except NewerFormatError as error:
        raise AccountNewer(error) from error
    if not log.states:
        raise AccountBroken("The account's first commit is missing.")


def open_for_device(log: AccountLog, keys: MemberKeys) -> AccountKeys:
    """The account's keys for a device that the log trusts now, as far as they open; raises
    NotTrusted or AccountKeysClosed."""
    need_trusted(log, keys.member().id)
    return _opened(log, keys)


def open_for_removed(log: AccountLog, keys: MemberKeys) -> AccountKeys:
    """The keys that a device which was put out had until then: they open what was written before.
    Raises NotTrusted for one that never was among the account's."""
    try:
        return open_account(log, keys.member().id, keys)
    except SealBroken as error:
        raise NotTrusted("The account does not trust this device.") from error


def need_trusted(log: AccountLog, device: bytes) -> None:
    """Raises NotTrusted for a device that the log does not trust; says since when."""
    if device in log.newest.devices:
        return
    for commit, entry in zip(reversed(log.commits), reversed(log.entries), strict=True):
        if commit is not None and isinstance(entry, DeviceRevoke) and entry.device == device:
            removed = datetime.datetime.fromtimestamp(commit.header.time_ms // 1000, datetime.UTC)
            raise NotTrusted(
                "The account does not trust this device any more: it was removed on"
                f" {removed:%Y-%m-%d at %H:%M} UTC."
            )
    raise NotTrusted("The account does not trust this device.")


def need_writer(log: AccountLog, keys: AccountKeys, device: bytes) -> None:
    """Raises NotTrusted for a device that may not write, KeysUnusable for one that cannot: what it
    sealed under older keys would not count."""
    need_trusted(log, device)
    need_open(log, keys)


def need_open(log: AccountLog, keys: AccountKeys) -> None:
    """Raises KeysUnusable where the newest keys of the account do not open."""
    if keys.newest_epoch < log.newest.epoch:
        raise unusable(log, keys)


def open_for_recovery(log: AccountLog, keys: MemberKeys) -> AccountKeys:
    """The account's keys for the holder of its recovery key, as far as they open; raises
    RecoveryKeyWrong or AccountKeysClosed."""
    if keys.member() != log.newest.recovery:
        raise RecoveryKeyWrong("This is not the recovery key of this account.")
    return _opened(log, keys)


def keep_up(keys: AccountKeys, log: AccountLog, author: MemberKeys) -> None:
    """Opens the keys of epochs that others began; raises NotTrusted for a device that the log does
    not trust any more."""
    member = author.member()
    if keys.position < log.head or member.id not in log.newest.devices:
        is_recovery = member == log.newest.recovery
        keys.learn((open_for_recovery if is_recovery else open_for_device)(log, author))


def _opened(log: AccountLog, keys: MemberKeys) -> AccountKeys:
    try:
        return open_account(log, keys.member().id, keys)
    except SealBroken as error:
        raise AccountKeysClosed("No key of this account opens for this device.") from error
