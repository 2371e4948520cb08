"""A new machine joins an account, through a real server or a folder on a shared disk."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.devices import Devices
from sealwax.agent.joining import join_home
from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.crypto.link_code import new_link_code
from sealwax.ledger.account import Member
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, commit_hash
from sealwax.ledger.wire import ZoneHead
from sealwax.stores.base import StoreError
from sealwax.stores.letters import LinkUnknown, LinkUsed
from sealwax.stores.server import ServerUnreachable
from sealwax.trust.heads import RememberedHeads, RolledBack
from sealwax.trust.linking import Heads
from tests.homes import environment, ignore, importing, write_threads
from tests.linking import soon
from tests.server.running import Running, running


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


class Homes:
    """Homes of one account on a real server; the first is made at once."""

    def __init__(self, folder: Path, server: Running) -> None:
        self.folder = folder
        self.server = server
        self.env = environment(SystemClock())
        invitation = server.parts.accounts.invite("somebody")
        self.first = folder / "first"
        create_home(self.first, server.url, "first", self.env, invitation)
        write_threads(folder / "phone", [3])
        importing(self.first, self.env, folder / "phone")

    def joined(self, name: str, linking: Linking, tell: Callable[[str], None] = ignore) -> Path:
        home = self.folder / name
        join_home(home, self.server.url, linking.code, name, self.env, tell, soon)
        return home

    def open(self, home: Path) -> AbstractContextManager[Agent]:
        return open_agent(home, self.env)


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Homes]:
    with running(tmp_path / "server") as server:
        yield Homes(tmp_path, server)


def test_a_new_machine_joins_through_a_server(homes: Homes) -> None:
    digits: list[str] = []
    with homes.open(homes.first) as agent:
        agent.create_snapshot("here")
        linking = Linking(agent.devices)
        second = homes.joined("second", linking, digits.append)
        linking.end()
        heads = RememberedHeads(second).all()
        assert heads == {
            zone: head
            for zone, head in agent.device.history.heads.all().items()
            if zone in (ACCOUNT_ZONE, MESSAGES_ZONE)
        }
        assert MESSAGES_ZONE in heads
        with pytest.raises(LinkUsed):
            homes.joined("third", linking)
    assert digits == [linking.digits]
    assert not (homes.folder / "third" / "keys").exists()
    with homes.open(second) as agent:
        assert [device.name for device in agent.devices.list()] == ["first", "second"]
        assert [snapshot.name for snapshot in agent.snapshots()] == ["here"]


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


def test_a_store_that_shows_an_older_history_is_refused(homes: Homes) -> None:
    """The server hides the newest commit of the messages from the new device."""
    with homes.open(homes.first) as agent:
        agent.create_snapshot("one")
        agent.create_snapshot("two")
        zones = homes.server.parts.zones
        heads, admit = zones.heads, agent.devices._admit

        def older(account: bytes, head: ZoneHead) -> ZoneHead:
            before = zones.get(account, head.zone, head.seq - 1)
            return ZoneHead(head.zone, head.seq - 1, commit_hash(before).hex())

        def hiding(account: bytes) -> list[ZoneHead]:
            return [
                older(account, head) if head.zone == MESSAGES_ZONE else head
                for head in heads(account)
            ]

        def admit_and_hide(device: Member, name: str) -> Heads:
            told = admit(device, name)
            zones.heads = hiding  # type: ignore[method-assign]
            return told

        agent.devices._admit = admit_and_hide  # type: ignore[method-assign]
        linking = Linking(agent.devices)
        with pytest.raises(RolledBack):
            homes.joined("second", linking)
        linking.end()
    second = homes.folder / "second"
    assert not {"keys", "heads", "vault"} & {path.name for path in second.iterdir()}


def test_a_machine_that_the_log_does_not_name_is_not_in(homes: Homes) -> None:
    """A trusted device that says yes and writes nothing."""
    with homes.open(homes.first) as agent:
        heads = {ACCOUNT_ZONE: (0, agent.device.history.keys.account)}
        agent.devices._admit = lambda device, name: heads  # type: ignore[method-assign]
        linking = Linking(agent.devices)
        with pytest.raises(StoreError, match="does not trust"):
            homes.joined("second", linking)
        linking.end()
    assert not (homes.folder / "second" / "keys").exists()


def test_a_device_that_was_put_out_is_out_at_once(homes: Homes) -> None:
    with homes.open(homes.first) as agent:
        linking = Linking(agent.devices)
        second = homes.joined("second", linking)
        linking.end()
        with homes.open(second) as gone:
            assert gone.devices.list()
            gone.sync.pull()
            agent.devices.revoke("second")
            # Its token was good a moment ago.
            with pytest.raises(StoreError, match="does not trust"):
                gone.device.mirror.far.list_zones()  # type: ignore[union-attr]
            with pytest.raises(StoreError, match="does not trust"):
                gone.sync.pull()
        assert agent.device.history.log.newest.epoch == 1
        assert [device.name for device in agent.devices.list()] == ["first"]
        agent.create_snapshot("afterwards")
        known = {device.name: device for device in agent.devices.list(is_all=True)}
        assert known["second"].revoked_by == "first"
        assert known["second"].added_by == "first"
        assert agent.devices.settle() == ()


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
