"""Reading an account out of a store: its log, and its keys for a device or a recovery key."""

from sealwax.base.errors import SealwaxError
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.recovery_code import RecoveryKeyWrong
from sealwax.ledger.account import AccountLog, VoidEntryError
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.stores.base import Missing, Store
from sealwax.vault.keys import AccountKeys, open_account


class AccountBroken(SealwaxError):
    """A store does not hold the beginning of this account."""

    code = "account-broken"
    hint = "Run `sealwax verify`, or open another copy of the vault."


class NotTrusted(SealwaxError):
    """This device is not (or no longer) one of the account's."""

    code = "device-not-trusted"
    hint = "Link this device again from one that is trusted, or use the recovery key."


def read_log(store: Store, account: bytes) -> AccountLog:
    """The account log as a store holds it; raises AccountBroken without a sound genesis."""
    log = AccountLog(account)
    extend_log(log, store)
    return log


def extend_log(log: AccountLog, store: Store) -> None:
    """Folds in what a store holds beyond the log."""
    try:
        for _, data in store.read_commits(ACCOUNT_ZONE, log.head + 1):
            log.extend(data)
    except (VoidEntryError, Missing) as error:
        raise AccountBroken(f"The account's first commit does not count: {error}.") from error
    if not log.states:
        raise AccountBroken("The account's first commit is missing.")


def open_for_device(log: AccountLog, keys: MemberKeys) -> AccountKeys:
    """The account's keys for a device that the log trusts now."""
    member = keys.member()
    if member.id not in log.newest.devices:
        raise NotTrusted("The account does not trust this device.")
    return open_account(log, member.id, keys)


def open_for_recovery(log: AccountLog, keys: MemberKeys) -> AccountKeys:
    """The account's keys for the holder of its recovery key."""
    member = keys.member()
    if member.id != log.newest.recovery.id:
        raise RecoveryKeyWrong("This is not the recovery key of this account.")
    return open_account(log, member.id, keys)


def keep_up(keys: AccountKeys, log: AccountLog, author: MemberKeys) -> None:
    """Opens the keys of epochs that other devices began; raises NotTrusted for a device that the
    log does not trust any more."""
    if log.newest.epoch > keys.newest_epoch or author.member().id not in log.newest.devices:
        keys.learn(open_for_device(log, author))
