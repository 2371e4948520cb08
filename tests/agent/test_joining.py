"""A new machine joins an account, through a real server or a folder on a shared disk."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.devices import Devices
from sealwax.agent.joining import join_home
from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.crypto.link_code import new_link_code
from sealwax.ledger.account import Member
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, commit_hash
from sealwax.library.library import Library
from sealwax.stores.letters import LinkUnknown, LinkUsed
from sealwax.stores.server import Connection, ServerStore, ServerUnreachable
from sealwax.sync.replica import Replica
from sealwax.trust.account import open_for_device, read_log
from sealwax.trust.heads import RememberedHeads, RolledBack
from sealwax.trust.home_keys import load_home_keys
from sealwax.trust.linking import Heads
from tests.accounts import Account, made_account, next_commit
from tests.homes import environment, ignore
from tests.linking import soon
from tests.server.running import running


class Linking:
    """`device link` on the trusted device, in a thread."""

    def __init__(self, devices: Devices) -> None:
        self.code, self._told = "", threading.Event()
        self.error: Exception | None = None
        self.digits = ""

        def tell(offered: object) -> None:
            self.code = offered.code  # type: ignore[attr-defined]
            self._told.set()

        def confirm(candidate: object) -> bool:
            self.digits = candidate.digits  # type: ignore[attr-defined]
            return True

        def run() -> None:
            try:
                devices.link(tell, confirm, soon)
            except Exception as error:
                self.error = error
                self._told.set()

        self._thread = threading.Thread(target=run)
        self._thread.start()
        self._told.wait(20)

    def end(self) -> None:
        self._thread.join(30)
        if self.error is not None:
            raise self.error


@contextmanager
def trusted(folder: Path, account: Account, store: ServerStore) -> Iterator[Replica]:
    """The first device of an account on a server."""
    folder.mkdir()
    log = read_log(store, account.log.account)
    keys = open_for_device(log, account.devices[0])
    library = Library(folder / "library.db", b"k" * 32, keys.roots, is_durable=False)
    heads = RememberedHeads(folder)
    clock, entropy = SystemClock(), SystemEntropy()
    replica = Replica(store, library, log, keys, account.devices[0], heads, clock, entropy)
    replica.pull()
    try:
        yield replica
    finally:
        library.close()


def _devices(replica: Replica) -> Devices:
    return Devices(replica, SystemClock(), SystemEntropy())


def test_a_new_machine_joins_through_a_server(tmp_path: Path) -> None:
    account, env = made_account(), environment()
    with running(tmp_path / "server") as server:
        store = server.begun(account)
        with trusted(tmp_path / "first", account, store) as replica:
            linking = Linking(_devices(replica))
            digits: list[str] = []
            home = tmp_path / "second"
            join_home(home, server.url, linking.code, "second", env, digits.append, soon)
            linking.end()
            assert digits == [linking.digits]
            heads = RememberedHeads(home).all()
            assert heads == replica.heads.all()
            assert heads[ACCOUNT_ZONE] == (1, commit_hash(store.get_commit(ACCOUNT_ZONE, 1)))
        keys = load_home_keys(home, None, env.keyring)
        member = keys.member_keys()
        assert keys.account == account.log.account
        theirs = ServerStore(Connection(server.url), keys.account, member.member().id, member.sign)
        opened = open_for_device(read_log(theirs, keys.account), member)
        assert opened.roots == account.keys.roots
        # What the server keeps of it is a device in the log; the letters were never on its disk.
        with pytest.raises(LinkUsed):
            join_home(tmp_path / "third", server.url, linking.code, "third", env, ignore, soon)
        assert not (tmp_path / "third" / "keys").exists()
        theirs.close()
        store.close()


def test_a_code_for_another_server_is_not_known(tmp_path: Path) -> None:
    env = environment()
    code = new_link_code(SystemEntropy())
    with running(tmp_path / "server") as server:
        with pytest.raises(LinkUnknown):
            join_home(tmp_path / "home", server.url, code, "x", env, ignore, soon)
        url = server.url
    with pytest.raises(ServerUnreachable):
        join_home(tmp_path / "home", url, code, "x", env, ignore, soon)
    assert not (tmp_path / "home").exists()


def test_a_store_that_shows_an_older_history_is_refused(tmp_path: Path) -> None:
    """The server hides the newest commit of the messages from the new device."""
    account, env = made_account(), environment()
    with running(tmp_path / "server") as server:
        store = server.begun(account)
        with trusted(tmp_path / "first", account, store) as replica:
            data = next_commit(account, replica.head())
            store.append_commit(MESSAGES_ZONE, 0, data)
            replica.pull()
            hide = threading.Event()
            devices = _devices(replica)
            admit = devices._admit

            def admit_and_hide(device: Member, name: str) -> Heads:
                heads = admit(device, name)
                hide.set()
                return heads

            devices._admit = admit_and_hide  # type: ignore[method-assign]
            linking = Linking(devices)
            read = server.parts.zones.get

            def hiding(name: bytes, zone: str, seq: int) -> bytes:
                if hide.is_set() and zone == MESSAGES_ZONE:
                    return read(name, ACCOUNT_ZONE, 0)
                return read(name, zone, seq)

            server.parts.zones.get = hiding  # type: ignore[method-assign]
            home = tmp_path / "second"
            with pytest.raises(RolledBack):
                join_home(home, server.url, linking.code, "second", env, ignore, soon)
            linking.end()
            assert not (home / "keys").exists()
            assert not (home / "heads").exists()
        store.close()


def test_a_machine_that_the_log_does_not_name_is_not_in(tmp_path: Path) -> None:
    """A trusted device that says yes and writes nothing."""
    account, env = made_account(), environment()
    with running(tmp_path / "server") as server:
        store = server.begun(account)
        with trusted(tmp_path / "first", account, store) as replica:
            devices = _devices(replica)
            heads = {ACCOUNT_ZONE: (0, account.log.account)}
            devices._admit = lambda device, name: heads  # type: ignore[method-assign]
            linking = Linking(devices)
            home = tmp_path / "second"
            with pytest.raises(Exception, match="does not trust"):
                join_home(home, server.url, linking.code, "second", env, ignore, soon)
            linking.end()
            assert not (home / "keys").exists()
        store.close()


def test_a_new_machine_joins_through_a_folder(tmp_path: Path) -> None:
    env, other = environment(), environment()
    create_home(tmp_path / "one", tmp_path / "shared", "one", env)
    with open_agent(tmp_path / "one", env) as agent:
        # The agent's library belongs to one thread: so the machine that joins has the other.
        code = threading.Event()
        found: list[str] = []
        errors: list[Exception] = []

        def join() -> None:
            code.wait(20)
            try:
                place = str(tmp_path / "shared")
                join_home(tmp_path / "two", place, found[0], "two", other, ignore, soon)
            except Exception as error:
                errors.append(error)

        joining = threading.Thread(target=join)
        joining.start()

        def tell(offered: object) -> None:
            found.append(offered.code)  # type: ignore[attr-defined]
            code.set()

        linked = agent.devices.link(tell, lambda _: True, lambda _: soon(0))
        joining.join(30)
        assert not errors
    with open_agent(tmp_path / "two", other) as agent:
        assert agent.status().devices == 2
    with open_agent(tmp_path / "one", env) as agent:
        assert agent.status().devices == 2
    assert linked.name == "two"
