"""Making a home for an account that exists, with its recovery key alone.

The history is read before a person says yes, for that is how they see whether it is theirs: from a
place that was put back from an old copy comes an account that still trusts a removed device. The
library is made for real, in a folder of its own inside the home, and kept. With the yes the new
device is let in by the recovery key, and begins new keys at once. Before it nothing was written but
in that folder, and where it does not come nothing of the new home stays behind.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from sealwax.agent.bootstrap import fetching, finish_home, need_a_place_for_keys, refuse_existing
from sealwax.agent.device import Device, Environment
from sealwax.agent.devices import Devices
from sealwax.agent.noting import notes_of
from sealwax.agent.place import STORE_SETTING, find_account, opened_store, place_of
from sealwax.agent.recovery import CONFIRMED_SETTING, confirmation
from sealwax.agent.staging import Staging, staged
from sealwax.agent.wording import count
from sealwax.base.settings import Settings
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.recovery_code import recovery_keys
from sealwax.ledger.account_steps import newest_recovery_set
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.library.database import naming_damage
from sealwax.library.library import Library
from sealwax.library.span import Span, span
from sealwax.stores.base import StoreError
from sealwax.sync.others import refresh_all
from sealwax.trust.account import open_for_recovery, read_log
from sealwax.trust.devices import DeviceBook
from sealwax.trust.heads import RememberedHeads
from sealwax.trust.home_keys import HomeKeys, new_home_keys
from sealwax.trust.key_troubles import key_troubles
from sealwax.trust.roster import KnownDevice

RECOVERED = "recovered"
"""The reason of the entry that lets the new device in."""
Report = Callable[[int, int], None]
"""Is told how many of how many sealed batches of messages were read."""


def _unheard(_: int, __: int) -> None:
    """Nobody listens."""


class FoundAccount(NamedTuple):
    """An account as its recovery key shows it: its name in hex, its devices, how many messages are
    in the present and in the trash, from when to when, and what is wrong with any of it."""

    account: str
    devices: tuple[KnownDevice, ...]
    messages: int
    trashed: int
    span: Span | None
    troubles: tuple[str, ...]


class Recovering:
    """An account that was opened and read with its recovery key, and not joined yet."""

    def __init__(
        self,
        device: Device,
        recovery: MemberKeys,
        member: MemberKeys,
        name: str,
        env: Environment,
        trouble: str,
    ) -> None:
        """`device` reads with the recovery key; `member` is the device that is to be let in."""
        self._device = device
        self._recovery = recovery
        self._member = member
        self._name = name
        self._env = env
        self._trouble = trouble
        self.is_accepted = False

    def found(self) -> FoundAccount:
        """What was read."""
        history, library = self._device.history, self._device.history.library
        devices = Devices(self._device, self._env.clock, self._env.entropy)
        counts = library.counts()
        return FoundAccount(
            history.keys.account.hex(),
            tuple(devices.list(asked_ms=devices.asked_ms())),
            counts.messages,
            counts.trashed,
            span(library.database.connection, library.now()),
            tuple(self._troubles()),
        )

    def accept(self) -> None:
        """Lets the new device in, which then begins new keys: a device that the account does not
        trust any more, and that an old copy of it still does, may have those of before. Raises
        DevicesFull, AccountCrowded, KeysUnusable or StoreError."""
        history, book = self._device.history, self._book(self._recovery)
        if history.keys.newest_epoch < history.log.newest.epoch or history.keys.not_handed_on:
            # What this key alone opens would not reach the new device.
            book.begin_epoch()
        book.add(self._member.member(), self._name, RECOVERED)
        self._book(self._member).begin_epoch()
        history.heads.remember(ACCOUNT_ZONE, history.log.head, history.log.head_hash)
        self.is_accepted = True

    def confirmation(self) -> str:
        """What the settings are to say: that the recovery key is there was just shown."""
        position = newest_recovery_set(self._device.history.log)
        return confirmation(self._recovery.member().id, position)

    def _book(self, author: MemberKeys) -> DeviceBook:
        history = self._device.history
        return DeviceBook(
            history.store, history.log, history.keys, author, self._env.clock, self._env.entropy
        )

    def _troubles(self) -> Iterator[str]:
        history = self._device.history
        holdings = history.library.holdings
        if self._trouble:
            yield self._trouble
        yield from (note.what for note in notes_of(holdings, history.store.describe()))
        if damaged := len(holdings.damage()):
            yield f"{count(damaged, 'sealed object')} cannot be read, so messages may be missing."
        yield from (one.sentence for one in key_troubles(history.log, history.keys))


@contextmanager
def recovering(
    home: Path,
    store: Path | str | None,
    recovery_code: str,
    device_name: str,
    env: Environment,
    account: str = "",
    report: Report = _unheard,
) -> Iterator[Recovering]:
    """Opens and reads an account with its recovery key; once that is accepted, the home is made at
    the end of the block.

    In a home that lost its keys, without `store`, it is that home's vault; its old library is set
    aside, for nobody can open it. `account` is the beginning of an account's name, where several
    have the key. Raises HomeExists, RecoveryKeyWrong, VaultEmpty, AccountAmbiguous, RolledBack or
    StoreError.
    """
    refuse_existing(home)
    need_a_place_for_keys(env)
    recovery = recovery_keys(recovery_code)
    place = place_of(home, store or Settings(home).get(STORE_SETTING, "") or None)
    chosen = find_account(place, recovery, account)
    keys = msgspec.structs.replace(new_home_keys(env.entropy), account=chosen)
    with staged(home, place) as staging:
        # Another command may have made it before this one had the lock.
        refuse_existing(home)
        with _opened(staging, keys, recovery, env) as device:
            trouble = _read(device, report)
            found = Recovering(device, recovery, keys.member_keys(), device_name, env, trouble)
            yield found
        if found.is_accepted:
            staging.move_in()
            Settings(home).set(CONFIRMED_SETTING, found.confirmation())
            finish_home(home, place, keys, env)
            staging.is_kept = True


def recover_home(
    home: Path,
    store: Path | str | None,
    recovery_code: str,
    device_name: str,
    env: Environment,
    account: str = "",
) -> None:
    """The same for whoever need not be asked; see `recovering`."""
    with recovering(home, store, recovery_code, device_name, env, account) as found:
        found.accept()


@contextmanager
def _opened(
    staging: Staging, keys: HomeKeys, recovery: MemberKeys, env: Environment
) -> Iterator[Device]:
    """The account as the recovery key sees it, with a library that has nothing of it yet."""
    place = staging.place
    with opened_store(place, keys.account, recovery, is_new=bool(place.url)) as store:
        log = read_log(store, keys.account)
        opened = open_for_recovery(log, recovery)
        heads = RememberedHeads(staging.folder)
        with closing(Library(staging.library, keys.library_key, opened.roots)) as library:
            settings = Settings(staging.folder)
            device = Device(store, library, log, opened, recovery, heads, env, settings)
            with closing(device.decoder):
                yield device


def _read(device: Device, report: Report) -> str:
    """Reads all of the history that can be had; says what could not be fetched, if anything."""
    history, done = device.history, 0

    def applied(names: list[bytes]) -> None:
        nonlocal done
        done += len(names)
        report(min(done, total), total)

    try:
        if device.mirror is not None:
            refresh_all(device.mirror, history.log)
        total = len(history.segments_ahead())
        history.after_applying = applied
        with naming_damage(), fetching(device, True):
            device.sync.open()
    except StoreError as error:
        return error.sentence
    finally:
        history.after_applying = None
    return ""
