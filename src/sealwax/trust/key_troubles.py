"""What is wrong with the account's keys, in a person's words: which device changed them how. Pure.

A rotation that a device cannot use stops it from writing. Its author is named, for a person to
decide: a device that does this is broken, or in the wrong hands.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sealwax.base.errors import SealwaxError
from sealwax.ledger.account import AccountLog
from sealwax.trust.roster import member_names
from sealwax.vault.keys import AccountKeys, Flaw

RENEW = "sealwax security renew-keys"


class KeysUnusable(SealwaxError):
    """The newest keys of the account do not open for this device: it can only read."""

    code = "account-keys-unusable"
    hint = "`sealwax status` says which device changed them, and what to do."


class KeyTrouble(NamedTuple):
    """A rotation that is not as it must be: who made it when (ms since 1970, by its own clock).

    `device` is the author's name, `device_id` its id in hex. `is_in` says whether it is one of the
    account's devices still, `is_blocking` whether nothing can be written because of it.
    """

    device: str
    device_id: str
    at_ms: int
    is_in: bool
    is_closed: bool
    is_blocking: bool

    @property
    def sentence(self) -> str:
        """What happened, and what it means here."""
        if not self.is_closed:
            return f"“{self.device}” put other root keys into the account; nobody uses them."
        told = f"“{self.device}” changed the account's keys to some that this device cannot use"
        if not self.is_blocking:
            return f"{told}."
        return f"{told}: what is here can be read, nothing can be written."

    @property
    def remedy(self) -> str:
        """The command that ends it."""
        return f"sealwax device revoke {self.device_id[:8]}" if self.is_in else RENEW


def key_troubles(log: AccountLog, keys: AccountKeys) -> list[KeyTrouble]:
    """Those that a person can do something about: of devices that are in still, and what keeps this
    device from writing. One of each kind and device, the newest."""
    found = {(one.device_id, one.is_closed): one for one in _all_troubles(log, keys)}
    return [one for one in found.values() if one.is_in or one.is_blocking]


def unusable(log: AccountLog, keys: AccountKeys) -> KeysUnusable:
    """Why a device whose keys do not reach the log's epoch cannot write."""
    for one in _all_troubles(log, keys):
        if one.is_blocking:
            return KeysUnusable(one.sentence, f"To go on: `{one.remedy}`.")
    return KeysUnusable("The newest keys of the account do not open for this device.")


def _all_troubles(log: AccountLog, keys: AccountKeys) -> Iterator[KeyTrouble]:
    names = member_names(log, keys) if keys.unsound else {}
    for position, flaw in keys.unsound:
        commit = log.commits[position]
        assert commit is not None
        author, is_closed = commit.header.author, flaw == Flaw.CLOSED
        yield KeyTrouble(
            names.get(author, author.hex()),
            author.hex(),
            commit.header.time_ms,
            author in log.newest.devices,
            is_closed,
            is_closed and log.states[position].epoch == log.newest.epoch,
        )
