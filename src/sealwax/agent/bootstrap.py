"""The one place that builds: from a home's folder to an open agent, and a new home from nothing."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

import msgspec

from sealwax.agent.api import Agent
from sealwax.agent.device import Device, Environment
from sealwax.agent.home import (
    LIBRARY_FILE,
    WEAK,
    WEAK_SETTING,
    HomeLock,
    make_private,
    scratch_folder,
)
from sealwax.agent.noting import Note
from sealwax.agent.place import (
    STORE_SETTING,
    Place,
    claim_place,
    opened_near,
    opened_store,
    place_of,
)
from sealwax.agent.presence import withdraw
from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.base.errors import SealwaxError
from sealwax.base.paths import make_folder
from sealwax.base.settings import Settings
from sealwax.crypto.passphrase_strength import weakness
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.ledger.account import AccountLog
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.library.database import (
    DAMAGED_SUFFIX,
    LibraryBroken,
    LibraryStale,
    naming_damage,
    remove_files,
    set_aside,
)
from sealwax.library.guard_file import GUARD_FILE, GuardBroken, set_guard_aside
from sealwax.library.library import Library
from sealwax.stores.base import Store, StoreError
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.coming_back import bring_back, give_back
from sealwax.sync.generation import current_zone
from sealwax.trust.account import (
    NotTrusted,
    open_for_device,
    open_for_removed,
    read_log,
)
from sealwax.trust.heads import HEADS_FILE, HeadsBroken, RememberedHeads, RolledBack
from sealwax.trust.home_keys import (
    KEY_FILE,
    HomeKeys,
    NoPassphrase,
    load_home_keys,
    need_no_traces,
    new_home_keys,
    save_home_keys,
)
from sealwax.trust.key_troubles import KeysUnusable
from sealwax.trust.system_keyring import SystemKeyring, find_keyring
from sealwax.vault.genesis import begin_account
from sealwax.vault.keys import AccountKeys


class HomeExists(SealwaxError):
    """There is a home here already."""

    code = "home-exists"
    hint = "It is ready to use: run `sealwax import`. For another one, name another --home."


def system_environment(passphrase: str | None) -> Environment:
    """This computer's clock, generator and keyring."""
    keyring = SystemKeyring() if passphrase else find_keyring()
    return Environment(SystemClock(), SystemEntropy(), passphrase, keyring)


def create_home(
    home: Path,
    store: Path | str | None,
    device_name: str,
    env: Environment,
    invitation: str = "",
) -> str:
    """Makes a home, an account and its vault; gives the recovery key, which is kept nowhere.

    `store` is the folder of the vault, or the address of a server, which takes an invitation.
    """
    refuse_existing(home)
    need_no_traces(home)
    need_a_place_for_keys(env)
    code = new_recovery_code(env.entropy)
    keys = new_home_keys(env.entropy)
    beginning = begin_account(
        keys.member_keys(), recovery_keys(code), device_name, env.clock.now_ms(), env.entropy
    )
    keys = msgspec.structs.replace(keys, account=beginning.account)
    place = place_of(home, store)
    # A place that cannot hold a vault is named before a home is made.
    claim_place(place, beginning.account, beginning.commit, invitation)
    make_folder(home)
    with HomeLock(home):
        with opened_near(place, beginning.account, is_new=True) as vault:
            if vault.head_seq(ACCOUNT_ZONE) < 0:
                vault.append_commit(ACCOUNT_ZONE, 0, beginning.commit)
        finish_home(home, place, keys, env)
    return code


@contextmanager
def open_agent(
    home: Path, env: Environment, is_lenient: bool = False, is_waiting: bool = True
) -> Iterator[Agent]:
    """Opens a home for this process alone, with its library in step with its vault.

    What a new device has on the server alone is fetched first; without `is_waiting` it comes with
    the next sync, piece by piece.

    `is_lenient` opens even where the store has trouble, which the agent's `notes` then name; and on
    a device that was put out: then everything is read as it was, and every write is refused.
    """
    if not (home / KEY_FILE).exists():
        load_home_keys(home, env.passphrase, env.keyring)
    with HomeLock(home):
        notes = make_private(home)
        keys = load_home_keys(home, env.passphrase, env.keyring)
        settings = Settings(home)
        # Whoever has the lock is not the agent that these files speak of.
        withdraw(home)
        shutil.rmtree(scratch_folder(home), ignore_errors=True)
        place = place_of(home, settings.get(STORE_SETTING, "") or None)
        with opened_store(place, keys.account, keys.member_keys()) as store:
            heads = RememberedHeads(home)
            own_zone = current_zone(settings, keys.member_keys().member().id)
            if isinstance(store, MirrorStore):
                bring_back(store, heads)
            notes += _check_history(heads, store, is_lenient, but=own_zone)
            log = read_log(store, keys.account)
            opened, removed = _open_keys(log, keys, is_lenient)
            library, found = _open_library(home, keys, opened, bool(removed))
            notes += [*found, *_open_guard(library), *removed]
            try:
                with naming_damage():
                    if isinstance(store, MirrorStore) and own_zone in heads.wrong_in(store):
                        now_ms = env.clock.now_ms()
                        give_back(store, heads, library.holdings, log, own_zone, now_ms)
                    notes += _check_history(heads, store, is_lenient)
                    member = keys.member_keys()
                    device = Device(store, library, log, opened, member, heads, env, settings)
                    if not removed:
                        notes += _catch_up(device, is_lenient, is_waiting)
                    noted = dict.fromkeys(notes)
                    agent = Agent(home, settings, device, env.clock, env.entropy, noted)
                    # Whoever may not write, or cannot, leaves it to the other devices.
                    with suppress(StoreError, KeysUnusable, *([NotTrusted] if removed else ())):
                        device.sync.settle_held()
                        agent.devices.settle()
                    agent.time.note()
                    try:
                        yield agent
                    finally:
                        device.decoder.close()
            finally:
                library.close()


def repair_home(home: Path) -> None:
    """Sets a library and damaged heads aside: the next opening makes them from the vault."""
    with HomeLock(home):
        set_aside(home / LIBRARY_FILE)
        try:
            RememberedHeads(home)
        except HeadsBroken:
            (home / HEADS_FILE).replace(home / f"{HEADS_FILE}{DAMAGED_SUFFIX}")


def _check_history(
    heads: RememberedHeads, store: Store, is_lenient: bool, but: str = ""
) -> list[Note]:
    """A vault that was rolled back, or is another one, is named before anything is made of it; one
    zone may be left for later."""
    wrong = heads.wrong_in(store)
    wrong.pop(but, None)
    near = store.near if isinstance(store, MirrorStore) else store
    for sentence in wrong.values():
        if not is_lenient:
            raise RolledBack(sentence)
        return [Note("store", near.describe(), sentence)]
    return []


def _catch_up(device: Device, is_lenient: bool, is_waiting: bool) -> list[Note]:
    """Applies what the vault holds beyond the library."""
    try:
        with naming_damage(), fetching(device, is_waiting):
            device.sync.open(is_waiting)
    except KeysUnusable:
        # The agent says so in its notes; what another device wrote waits until it can be held.
        return []
    except SealwaxError as error:
        if not is_lenient:
            raise
        place = device.near if isinstance(error, RolledBack) else device.history.store
        return [Note("store", place.describe(), error.sentence)]
    return []


def fetching(device: Device, is_waiting: bool) -> AbstractContextManager[None]:
    """How objects come that the server alone has."""
    if device.mirror is None:
        return nullcontext()
    if not is_waiting:
        return device.mirror.near_only()
    return device.mirror.arriving(device.history.segments_ahead())


def refuse_existing(home: Path) -> None:
    """Raises HomeExists."""
    if (home / KEY_FILE).exists():
        raise HomeExists(f"There is a Sealwax home at {home} already.")


def need_a_place_for_keys(env: Environment) -> None:
    """Raises NoPassphrase before anything is made, where there is no keyring either."""
    if not env.passphrase and env.keyring is None:
        raise NoPassphrase("The keys of this device need a passphrase to lie under.")


def finish_home(home: Path, place: Place, keys: HomeKeys, env: Environment) -> None:
    """Settings first, keys last: a home counts as made once its keys are there. A passphrase that
    can be guessed came from a script, for nobody could type it: it is taken, and told for good."""
    make_private(home)
    if env.passphrase and weakness(env.passphrase):
        Settings(home).set(WEAK_SETTING, WEAK)
    if place.setting:
        Settings(home).set(STORE_SETTING, place.setting)
    save_home_keys(home, keys, env.passphrase, env.keyring, env.entropy)


def _open_keys(log: AccountLog, keys: HomeKeys, is_lenient: bool) -> tuple[AccountKeys, list[Note]]:
    """The account's keys; on a device that was put out, those that it had, with a note of it."""
    try:
        return open_for_device(log, keys.member_keys()), []
    except NotTrusted as error:
        if not is_lenient:
            raise
        opened = open_for_removed(log, keys.member_keys())
        told = (
            f"{error.sentence} What it has can be read; nothing can be written. To come back, make"
            " a fresh home and link it."
        )
        return opened, [Note("device", "this device", told)]


def _open_guard(library: Library) -> list[Note]:
    """What the guard knows. It cannot be made anew: where it is damaged, it begins again."""
    try:
        _ = library.guarded
    except GuardBroken as error:
        path = library.database.path.with_name(GUARD_FILE)
        set_guard_aside(path)
        told = (
            f"{error.sentence} It was set aside: times of grace begin anew, and questions about"
            " what other devices took away are not known any more."
        )
        return [Note("guard", str(path), told)]
    return []


def _open_library(
    home: Path, keys: HomeKeys, opened: AccountKeys, is_removed: bool
) -> tuple[Library, list[Note]]:
    """The library; made anew when it is missing, damaged or of another version: it is a copy. A
    device that was put out could not make it anew, and leaves it as it is."""
    path = home / LIBRARY_FILE
    try:
        return Library(path, keys.library_key, opened.roots), []
    except LibraryStale:
        if is_removed:
            raise
        remove_files(path)
        return Library(path, keys.library_key, opened.roots), []
    except LibraryBroken as error:
        set_aside(path)
        note = Note("library", str(path), f"{error.sentence} It was made anew from the vault.")
        return Library(path, keys.library_key, opened.roots), [note]
