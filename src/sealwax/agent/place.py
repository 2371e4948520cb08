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
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash
from sealwax.stores.folder import FolderStore, list_accounts
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.server import Connection, ServerStore, is_server
from sealwax.trust.account import read_log

STORE_SETTING = "store"


class VaultEmpty(SealwaxError):
    """There is no account in this vault."""

    code = "vault-empty"
    hint = "Check the path given with --store; it should hold a folder named accounts."


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


def find_account(place: Place, recovery: MemberKeys) -> bytes:
    """The account that has this recovery key."""
    if place.url:
        return _find_on_server(place.url, recovery)
    accounts = list_accounts(place.root)
    for account in accounts:
        with opened_near(place, account) as store:
            if commit_hash(store.get_commit(ACCOUNT_ZONE, 0)) != account:
                continue
            if read_log(store, account).newest.recovery.id == recovery.member().id:
                return account
    if accounts:
        raise VaultEmpty(
            "No account in this vault has this recovery key.",
            "Check the key, and the path given with --store.",
        )
    raise VaultEmpty(f"There is no account in the vault at {place.root}.")


def _find_on_server(url: str, recovery: MemberKeys) -> bytes:
    connection = Connection(url)
    try:
        found = connection.accounts_of_recovery(recovery.member().id)
    finally:
        connection.close()
    if not found:
        raise VaultEmpty(
            f"No account at {url} has this recovery key.",
            "Check the key, and the address given with --store.",
        )
    return found[0]
