"""Making a home on a new machine with a code that a trusted device shows."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from sealwax.agent.bootstrap import finish_home, need_a_place_for_keys, refuse_existing
from sealwax.agent.device import Environment
from sealwax.agent.home import HomeLock
from sealwax.agent.linking import Admitted, Wait, ask_in, letters_at
from sealwax.agent.place import Place, opened_store, place_of
from sealwax.base.paths import make_folder
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.stores.base import StoreError
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.others import refresh_all
from sealwax.trust.account import open_for_device, read_log
from sealwax.trust.heads import HEADS_FILE, RememberedHeads
from sealwax.trust.home_keys import need_no_traces, new_home_keys


def join_home(
    home: Path,
    address: str,
    code: str,
    device_name: str,
    env: Environment,
    tell: Callable[[str], None],
    wait: Wait = time.sleep,
) -> None:
    """Makes a home for an account that has other devices; returns once they trust it. Never in the
    folder of a home that lost its keys: what waits in its vault would be in the way.

    `address` is the server's, or a folder on a disk that the devices share; `tell` is given the six
    digits to compare. The heads that the trusted device hands over are remembered before anything
    is read, so a store that shows an older history is refused.
    """
    refuse_existing(home)
    need_no_traces(home)
    need_a_place_for_keys(env)
    keys = new_home_keys(env.entropy)
    member = keys.member_keys()
    with letters_at(address) as letters:
        admitted = ask_in(
            letters, code, member.member(), device_name, tell, env.clock, env.entropy, wait
        )
    place = place_of(home, address)
    make_folder(home)
    with HomeLock(home):
        _remember(home, place, admitted, member)
        finish_home(home, place, msgspec.structs.replace(keys, account=admitted.account), env)


def _remember(home: Path, place: Place, admitted: Admitted, member: MemberKeys) -> None:
    """Remembers the heads and checks the store against them, and the log against this device."""
    (home / HEADS_FILE).unlink(missing_ok=True)
    heads = RememberedHeads(home)
    for zone, (seq, head_hash) in admitted.heads.items():
        heads.remember(zone, seq, head_hash)
    try:
        with opened_store(place, admitted.account, member) as store:
            if isinstance(store, MirrorStore):
                store.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
            heads.check_store(store)
            log = read_log(store, admitted.account)
            open_for_device(log, member)
            if isinstance(store, MirrorStore):
                # What cannot be fetched now is asked for by the first sync.
                with suppress(StoreError):
                    refresh_all(store, log)
    except BaseException:
        # Nothing of a home that was not made stays behind, for the next try may be another account.
        (home / HEADS_FILE).unlink(missing_ok=True)
        if place.url:
            shutil.rmtree(place.root, ignore_errors=True)
        raise
