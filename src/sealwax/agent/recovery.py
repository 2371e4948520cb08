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

CONFIRMED_SETTING = "recovery_confirmed"


class RecoveryKeyOther(SealwaxError):
    """A recovery key without a typing mistake, of another account or an older one."""

    code = "recovery-key-other"
    hint = "Look for the one that was shown when this account was made; it does not change."


class Recovery:
    """A part of the agent; see `agent.api`."""

    def __init__(self, log: AccountLog, settings: Settings) -> None:
        self._log = log
        self._settings = settings

    def member(self) -> bytes:
        """The id of the account's recovery key: public."""
        return self._log.newest.recovery.id

    def is_confirmed(self) -> bool:
        """Whether the key that counts now was confirmed."""
        confirmed = str(self._settings.get(CONFIRMED_SETTING, ""))
        return hmac.compare_digest(confirmed.encode(), self.member().hex().encode())

    def note_confirmed(self) -> None:
        """Remembers that somebody has it."""
        self._settings.set(CONFIRMED_SETTING, self.member().hex())


def confirm_recovery(recovery: Recovery, code: str) -> None:
    """Checks a recovery key as it was typed; raises RecoveryKeyWrong or RecoveryKeyOther."""
    typed = recovery_keys(code).member().id
    if not hmac.compare_digest(typed, recovery.member()):
        raise RecoveryKeyOther("This is not the recovery key of this account.")
    recovery.note_confirmed()


def note_confirmed_at_beginning(home: Path, code: str) -> None:
    """For a home that was just made: its key was asked back, or opened it."""
    with HomeLock(home):
        Settings(home).set(CONFIRMED_SETTING, recovery_keys(code).member().id.hex())
