"""Whether somebody has shown that the recovery key was written down.

The key itself is kept nowhere. Whoever types it proves to have it: its public part is in the
account's log. The key is checked in the process where it was typed, and goes nowhere else.
"""

import hmac
from pathlib import Path

from sealwax.agent.home import HomeLock
from sealwax.base.errors import SealwaxError
from sealwax.base.settings import Settings
from sealwax.crypto.recovery_code import recovery_keys
from sealwax.ledger.account import AccountLog
from sealwax.ledger.account_steps import newest_recovery_set
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash
from sealwax.stores.base import Store
from sealwax.trust.account import open_for_recovery
from sealwax.trust.key_troubles import key_troubles

CONFIRMED_SETTING = "recovery_confirmed"


class RecoveryKeyOther(SealwaxError):
    """A recovery key without a typing mistake, of another account or an older one."""

    code = "recovery-key-other"
    hint = (
        "Look for the one that was shown when this account was made. If `sealwax doctor` says that"
        " it was changed, the new one is meant."
    )


class RecoveryKeyShutOut(SealwaxError):
    """The recovery key is right, and would not open what is written now."""

    code = "recovery-key-shut-out"
    hint = "`sealwax security renew-keys` on this device hands the keys on to it. Then try again."


class Recovery:
    """A part of the agent; see `agent.api`."""

    def __init__(self, log: AccountLog, settings: Settings, store: Store) -> None:
        self._log = log
        self._settings = settings
        self._store = store

    def member(self) -> bytes:
        """The id of the account's recovery key: public."""
        return self._log.newest.recovery.id

    def entries(self) -> list[bytes]:
        """The account's log, as it is stored: it holds no secret that is not sealed."""
        return [data for _, data in self._store.read_commits(ACCOUNT_ZONE, 0)]

    def is_confirmed(self) -> bool:
        """Whether the key that counts now was confirmed here, since it counts."""
        confirmed = str(self._settings.get(CONFIRMED_SETTING, ""))
        return hmac.compare_digest(confirmed.encode(), self._confirmation().encode())

    def note_confirmed(self) -> None:
        """Remembers that somebody has it."""
        self._settings.set(CONFIRMED_SETTING, self._confirmation())

    def changed_ms(self) -> int | None:
        """When the key that counts now took the place of another one, by the clock of whoever did
        it; None for the one that the account began with."""
        commit = self._log.commits[newest_recovery_set(self._log)]
        assert commit is not None
        return commit.header.time_ms if commit.header.seq > 0 else None

    def _confirmation(self) -> str:
        return confirmation(self.member(), newest_recovery_set(self._log))


def confirmation(member: bytes, since_position: int) -> str:
    """What the settings say of a recovery key that was confirmed: its id, and the position of the
    account's log from which it counts. A key that comes back is to be confirmed again."""
    return f"{member.hex()}/{since_position}"


def confirm_recovery(recovery: Recovery, code: str) -> None:
    """Checks a recovery key as it was typed, and that it opens the account; raises
    RecoveryKeyWrong, RecoveryKeyOther, RecoveryKeyShutOut or AccountKeysClosed."""
    keys = recovery_keys(code)
    if not hmac.compare_digest(keys.member().id, recovery.member()):
        raise RecoveryKeyOther("This is not the recovery key of this account.")
    entries = recovery.entries()
    log = AccountLog(commit_hash(entries[0]))
    for data in entries:
        log.extend(data)
    opened = open_for_recovery(log, keys)
    for trouble in key_troubles(log, opened):
        if trouble.is_blocking:
            raise RecoveryKeyShutOut(
                f"This is the right recovery key, but “{trouble.device}” changed the account's keys"
                " to some that it does not open."
            )
    recovery.note_confirmed()


def note_confirmed_at_beginning(home: Path, code: str) -> None:
    """For a home that was just made with its account: the key was asked back."""
    with HomeLock(home):
        told = confirmation(recovery_keys(code).member().id, 0)
        Settings(home).set(CONFIRMED_SETTING, told)
