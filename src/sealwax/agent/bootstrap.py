"""The one place that builds: from a home's folder to an open agent, and a new home from nothing."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from sealwax.agent.api import Agent, Note
from sealwax.agent.home import (
    LIBRARY_FILE,
    VAULT_FOLDER,
    HomeLock,
    scratch_folder,
)
from sealwax.base.clock import Clock, SystemClock
from sealwax.base.entropy import Entropy, SystemEntropy
from sealwax.base.errors import SealwaxError
from sealwax.base.paths import make_folder
from sealwax.base.settings import Settings
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash
from sealwax.library.database import (
    DAMAGED_SUFFIX,
    LibraryBroken,
    LibraryStale,
    naming_damage,
    remove_files,
    set_aside,
)
from sealwax.library.library import Library
from sealwax.stores.base import Store
from sealwax.stores.folder import FolderStore, list_accounts
from sealwax.sync.replica import Replica
from sealwax.trust.account import open_for_device, open_for_recovery, read_log
from sealwax.trust.heads import HEADS_FILE, HeadsBroken, RememberedHeads
from sealwax.trust.home_keys import (
    KEY_FILE,
    HomeKeys,
    Keyring,
    NoPassphrase,
    load_home_keys,
    new_home_keys,
    save_home_keys,
)
from sealwax.trust.system_keyring import SystemKeyring, find_keyring
from sealwax.vault.genesis import begin_account
from sealwax.vault.join import add_device_by_recovery
from sealwax.vault.keys import AccountKeys

STORE_SETTING = "store"


class HomeExists(SealwaxError):
    """There is a home here already."""

    code = "home-exists"
    hint = "It is ready to use: run `sealwax import`. For another one, name another --home."


class VaultEmpty(SealwaxError):
    """There is no account in this vault."""

    code = "vault-empty"
    hint = "Check the path given with --store; it should hold a folder named accounts."


class Environment(msgspec.Struct, frozen=True):
    """What the outside world gives: time, chance, secrets typed or set by a person."""

    clock: Clock
    entropy: Entropy
    passphrase: str | None
    keyring: Keyring | None


def system_environment(passphrase: str | None) -> Environment:
    """This computer's clock, generator and keyring."""
    keyring = SystemKeyring() if passphrase else find_keyring()
    return Environment(SystemClock(), SystemEntropy(), passphrase, keyring)


def create_home(home: Path, store: Path | None, device_name: str, env: Environment) -> str:
    """Makes a home, an account and its vault; gives the recovery key, which is kept nowhere."""
    refuse_existing(home)
    need_a_place_for_keys(env)
    code = new_recovery_code(env.entropy)
    keys = new_home_keys(env.entropy)
    beginning = begin_account(
        keys.member_keys(), recovery_keys(code), device_name, env.clock.now_ms(), env.entropy
    )
    keys = msgspec.structs.replace(keys, account=beginning.account)
    root = _store_root(home, store)
    if store is not None:
        # A place that cannot hold a vault is named before a home is made.
        FolderStore.create(root, beginning.account)
    make_folder(home)
    with HomeLock(home):
        with _opened_store(root, beginning.account, is_new=True) as vault:
            vault.append_commit(ACCOUNT_ZONE, 0, beginning.commit)
        finish_home(home, store, keys, env)
    return code


def recover_home(
    home: Path, store: Path | None, recovery_code: str, device_name: str, env: Environment
) -> None:
    """Makes a home for a vault that exists, with its recovery key alone: a new device is added."""
    refuse_existing(home)
    need_a_place_for_keys(env)
    recovery = recovery_keys(recovery_code)
    keys = new_home_keys(env.entropy)
    root = store or home / VAULT_FOLDER
    account = _find_account(root, recovery.member().id)
    make_folder(home)
    with HomeLock(home), _opened_store(root, account) as vault:
        log = read_log(vault, account)
        opened = open_for_recovery(log, recovery)
        commit = add_device_by_recovery(
            log,
            opened,
            recovery,
            keys.member_keys().member(),
            device_name,
            env.clock.now_ms(),
            env.entropy,
        )
        vault.append_commit(ACCOUNT_ZONE, log.head + 1, commit)
        keys = msgspec.structs.replace(keys, account=account)
        finish_home(home, store, keys, env)


@contextmanager
def open_agent(home: Path, env: Environment, is_lenient: bool = False) -> Iterator[Agent]:
    """Opens a home for this process alone, with its library in step with its vault.

    `is_lenient` opens even where the store has trouble, which the agent's `notes` then name.
    """
    if not (home / KEY_FILE).exists():
        load_home_keys(home, env.passphrase, env.keyring)
    with HomeLock(home):
        keys = load_home_keys(home, env.passphrase, env.keyring)
        settings = Settings(home)
        shutil.rmtree(scratch_folder(home), ignore_errors=True)
        with _opened_store(_root_of(home, settings), keys.account) as store:
            heads = RememberedHeads(home)
            notes = _check_history(heads, store, is_lenient)
            log = read_log(store, keys.account)
            opened = open_for_device(log, keys.member_keys())
            library, found = _open_library(home, keys, opened)
            notes += found
            try:
                replica = Replica(
                    store,
                    library,
                    log,
                    opened,
                    keys.member_keys(),
                    heads,
                    env.clock,
                    env.entropy,
                )
                with naming_damage():
                    notes += _catch_up(replica, is_lenient)
                    noted = dict.fromkeys(notes)
                    yield Agent(home, settings, replica, env.clock, env.entropy, noted)
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


def _check_history(heads: RememberedHeads, store: Store, is_lenient: bool) -> list[Note]:
    """A vault that was rolled back, or is another one, is named before anything is made of it."""
    try:
        heads.check_store(store)
    except SealwaxError as error:
        if not is_lenient:
            raise
        return [Note("store", store.describe(), error.sentence)]
    return []


def _catch_up(replica: Replica, is_lenient: bool) -> list[Note]:
    """Applies what the vault holds beyond the library."""
    try:
        with naming_damage():
            replica.pull()
    except SealwaxError as error:
        if not is_lenient:
            raise
        note = Note("store", replica.store.describe(), error.sentence)
        return [note]
    return []


def refuse_existing(home: Path) -> None:
    """Raises HomeExists."""
    if (home / KEY_FILE).exists():
        raise HomeExists(f"There is a Sealwax home at {home} already.")


def need_a_place_for_keys(env: Environment) -> None:
    """Raises NoPassphrase before anything is made, where there is no keyring either."""
    if not env.passphrase and env.keyring is None:
        raise NoPassphrase("The keys of this device need a passphrase to lie under.")


def finish_home(home: Path, store: Path | None, keys: HomeKeys, env: Environment) -> None:
    """Settings first, keys last: a home counts as made once its keys are there."""
    if store is not None:
        Settings(home).set(STORE_SETTING, str(store.resolve()))
    save_home_keys(home, keys, env.passphrase, env.keyring, env.entropy)


def _store_root(home: Path, store: Path | None) -> Path:
    return store if store is not None else home / VAULT_FOLDER


def _root_of(home: Path, settings: Settings) -> Path:
    named = settings.get(STORE_SETTING, "")
    return Path(named) if named else home / VAULT_FOLDER


@contextmanager
def _opened_store(root: Path, account: bytes, is_new: bool = False) -> Iterator[FolderStore]:
    store = FolderStore.create(root, account) if is_new else FolderStore.open(root, account)
    try:
        yield store
    finally:
        store.close()


def _find_account(root: Path, recovery: bytes) -> bytes:
    """The account in a vault that has this recovery key."""
    accounts = list_accounts(root)
    for account in accounts:
        with _opened_store(root, account) as store:
            if commit_hash(store.get_commit(ACCOUNT_ZONE, 0)) != account:
                continue
            if read_log(store, account).newest.recovery.id == recovery:
                return account
    raise VaultEmpty(
        "No account in this vault has this recovery key."
        if accounts
        else f"There is no account in the vault at {root}."
    )


def _open_library(home: Path, keys: HomeKeys, opened: AccountKeys) -> tuple[Library, list[Note]]:
    """The library; made anew when it is missing, damaged or of another version: it is a copy."""
    path = home / LIBRARY_FILE
    try:
        return Library(path, keys.library_key, opened.roots), []
    except LibraryStale:
        remove_files(path)
        return Library(path, keys.library_key, opened.roots), []
    except LibraryBroken as error:
        set_aside(path)
        note = Note("library", str(path), f"{error.sentence} It was made anew from the vault.")
        return Library(path, keys.library_key, opened.roots), [note]
