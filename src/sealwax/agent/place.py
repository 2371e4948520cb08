"""Where a home keeps its vault: in a folder, or near and on a server.

A folder is the vault itself; homes that name the same folder share it. With a server, the vault in
the home is this device's own copy, and the server is the place that all devices share.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.home import VAULT_FOLDER
from sealwax.base.errors import SealwaxError
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.stores.base import Store, StoreError
from sealwax.stores.folder import FolderStore, list_accounts
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.server import Connection, ServerStore, is_server
from sealwax.stores.server_errors import ServerTrouble
from sealwax.trust.account import AccountBroken, read_log

STORE_SETTING = "store"
NAME_DIGITS = 12
"""So many hex digits of an account's name tell it from others."""
CANDIDATES_LIMIT = 16
"""So many accounts that a server names for one recovery key are looked at."""


class VaultEmpty(SealwaxError):
    """There is no account in this vault."""

    code = "vault-empty"
    hint = "Check the path given with --store; it should hold a folder named accounts."


class AccountAmbiguous(SealwaxError):
    """Several accounts of a place have the same recovery key."""

    code = "recovery-ambiguous"
    hint = (
        "Name one with --account, and look at its devices and messages before you say yes: one that"
        " you do not know may be somebody else's."
    )


class Place(NamedTuple):
    """The folder of the vault, the address of a server (empty without one), and what the settings
    say of it (empty for the usual folder)."""

    root: Path
    url: str
    setting: str


def place_of(home: Path, store: Path | str | None) -> Place:
    """What is meant by --store, or by the setting."""
    if store is None:
        return Place(home / VAULT_FOLDER, "", "")
    if is_server(str(store)):
        return Place(home / VAULT_FOLDER, str(store), str(store))
    root = Path(store).resolve()
    return Place(root, "", str(root))


def claim_place(place: Place, account: bytes, genesis: bytes, invitation: str) -> None:
    """Begins an account at a place; raises StoreError where that cannot be."""
    if not place.url:
        if place.setting:
            FolderStore.create(place.root, account)
        return
    connection = Connection(place.url)
    try:
        connection.claim(account, invitation, genesis)
    finally:
        connection.close()


@contextmanager
def opened_near(place: Place, account: bytes, is_new: bool = False) -> Iterator[FolderStore]:
    """The folder of the vault."""
    opening = FolderStore.create if is_new else FolderStore.open
    store = opening(place.root, account)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_store(
    place: Place, account: bytes, member: MemberKeys, is_new: bool = False
) -> Iterator[MirrorStore | FolderStore]:
    """The vault, together with the server where there is one, signed in as a member."""
    with opened_near(place, account, is_new or bool(place.url)) as near:
        if not place.url:
            yield near
            return
        far = opened_far(place.url, account, member)
        store = MirrorStore(near, far, account)
        try:
            if is_new or near.head_seq(ACCOUNT_ZONE) < 0:
                store.refresh([ACCOUNT_ZONE])
            yield store
        finally:
            far.close()


def opened_far(url: str, account: bytes, member: MemberKeys) -> ServerStore:
    """The account on a server; nothing is asked of it yet."""
    return ServerStore(Connection(url), account, member.member().id, member.sign)


def find_account(place: Place, recovery: MemberKeys, wanted: str = "") -> bytes:
    """The account that has this recovery key; of several, the one whose name begins as wanted.

    Whatever else lies there, a stranger's account too, is looked at and left alone. Raises
    VaultEmpty, AccountAmbiguous or StoreError.
    """
    where = place.url or f"the vault at {place.root}"
    fitting, trouble = [], None
    for account in _accounts_at(place, recovery):
        try:
            with _opened_alone(place, account, recovery) as store:
                log = read_log(store, account)
        except AccountBroken:
            continue
        except StoreError as error:
            trouble = trouble or error
            continue
        if log.newest.recovery == recovery.member() and account.hex().startswith(wanted.lower()):
            fitting.append(account)
    if len(fitting) > 1:
        names = ", ".join(account.hex()[:NAME_DIGITS] for account in fitting)
        raise AccountAmbiguous(f"Several accounts in {where} have this recovery key: {names}.")
    if fitting:
        return fitting[0]
    if trouble is not None:
        raise trouble
    named = f" whose name begins with “{wanted[:80]}”" if wanted else ""
    raise VaultEmpty(
        f"No account in {where}{named} has this recovery key.",
        f"Check the key, and the {'address' if place.url else 'path'} given with --store.",
    )


def _accounts_at(place: Place, recovery: MemberKeys) -> list[bytes]:
    """Those that may have the recovery key."""
    if place.url:
        connection = Connection(place.url)
        try:
            named = connection.accounts_of_recovery(recovery.member().id)
        finally:
            connection.close()
        if len(named) > CANDIDATES_LIMIT:
            raise ServerTrouble(f"{place.url} names too many accounts for one recovery key.")
        return named
    accounts = list_accounts(place.root)
    if not accounts:
        raise VaultEmpty(f"There is no account in the vault at {place.root}.")
    return accounts


@contextmanager
def _opened_alone(place: Place, account: bytes, member: MemberKeys) -> Iterator[Store]:
    """Where an account is shared, to look at it: nothing of it comes near."""
    store: Store
    if place.url:
        store = opened_far(place.url, account, member)
    else:
        store = FolderStore.open(place.root, account)
    try:
        yield store
    finally:
        store.close()
