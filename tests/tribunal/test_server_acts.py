"""A device of the account, a removed one and a stranger against a real, honest server.

The server can read nothing, and judges as devices do: what it takes counts, what is held stays.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from sealwax.base.entropy import SystemEntropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, device_zone
from sealwax.snapshot.pins import create_snapshot
from sealwax.stores.base import StoreError
from sealwax.stores.server import Connection, ServerStore
from sealwax.trust.home_keys import load_home_keys
from tests.homes import DAY_MS, NOW_MS, ignore
from tests.server.running import Running, running
from tests.sync.homes_on_server import FIRST, Household, phone_with
from tests.tribunal.clock import MovedClock
from tests.tribunal.device import Intruder
from tests.tribunal.place import Truth

OWNER, THIEF = 0, 1
WORDS = 5


class Trial:
    """Two homes at a server; the second one's keys are in the wrong hands."""

    def __init__(self, folder: Path, server: Running, clock: MovedClock) -> None:
        self.folder = folder
        self.server = server
        self.clock = clock
        self.house = Household(folder, server)
        with self.house.agent(OWNER) as agent:
            agent.import_source(phone_with(folder / "phone", WORDS, 3), ignore)
            agent.create_snapshot("before")
        self.house.sync(OWNER, THIEF)
        self.keys = load_home_keys(self.house.homes[THIEF], None, self.house.env.keyring)

    @property
    def account(self) -> bytes:
        return self.keys.account

    def store(self, member: MemberKeys | None = None) -> ServerStore:
        keys = member or self.keys.member_keys()
        connection = Connection(self.server.url)
        return ServerStore(connection, self.account, keys.member().id, keys.sign)

    def thief(self) -> Intruder:
        """It composes by what the server tells, and is refused by the server itself."""
        truth = Truth(self.account)
        store = self.store()
        for zone in store.list_zones():
            for _, data in store.read_commits(zone, 0):
                truth.force(zone, data)
        store.close()
        return Intruder(truth, self.keys.member_keys(), SystemEntropy(), self.clock.now_ms())

    def append(self, data: bytes, zone: str = MESSAGES_ZONE) -> StoreError | None:
        store = self.store()
        try:
            store.append_commit(zone, store.head_seq(zone) + 1, data)
        except StoreError as error:
            return error
        finally:
            store.close()
        return None

    def check(self) -> None:
        """The owner has everything, and so has whoever begins from the server."""
        self.house.sync(OWNER, OWNER)
        assert len(self.house.texts(OWNER, FIRST)) == WORDS
        assert len(self.house.texts(OWNER, FIRST, "before")) == WORDS
        with self.house.agent(OWNER) as agent:
            assert agent.verify(ignore).is_sound


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    clock = MovedClock(NOW_MS)
    with running(tmp_path / "server", clock) as server:
        yield Trial(tmp_path, server, clock)


def test_a_device_deletes_every_object_at_the_server(trial: Trial) -> None:
    """What the head or a snapshot holds stays, whoever asks."""
    store = trial.store()
    before = {one.name for one in store.list_objects()}
    for name in before:
        with pytest.raises(StoreError):
            store.delete_objects([name])
    assert {one.name for one in store.list_objects()} == before
    store.close()
    trial.check()


def test_a_device_lets_everything_go_and_has_it_deleted_at_once(trial: Trial) -> None:
    """By what it says it is let go of; the server keeps it for 30 days of its own."""
    thief = trial.thief()
    pins = msgspec.msgpack.encode([thief.pins()])
    store = trial.store()
    before = {one.name for one in store.list_objects()}
    assert trial.append(thief.commit(kind=CommitKind.PURGE, dropped=thief.live())) is None
    assert trial.append(trial.thief().commit(kind=CommitKind.UNPIN, public=pins)) is None
    assert trial.append(trial.thief().commit(time_ms=0)) is None
    store.delete_objects(before)
    assert {one.name for one in store.list_objects()} == before
    store.close()


def test_a_device_takes_a_lock_off_at_the_server(trial: Trial) -> None:
    with trial.house.agent(OWNER) as agent:
        library, journal = agent.device.history.library, agent.device.journal
        create_snapshot(library, journal, "locked", "test", lock_until_ms=NOW_MS + 3_650 * DAY_MS)
        agent.sync.now()
    for time_ms in (0, NOW_MS, 4 * 10**15):
        thief = trial.thief()
        pins = msgspec.msgpack.encode([thief.pins()[-1:]])
        data = thief.commit(kind=CommitKind.UNPIN, public=pins, time_ms=time_ms)
        assert trial.append(data) is not None
    trial.check()
    assert len(trial.house.texts(OWNER, FIRST, "locked")) == WORDS


def test_a_device_writes_into_the_zone_of_another(trial: Trial) -> None:
    owner = load_home_keys(trial.house.homes[OWNER], None, trial.house.env.keyring)
    zone = device_zone(owner.member_keys().member().id)
    assert trial.append(trial.thief().commit(zone), zone) is not None
    trial.check()


def test_a_removed_device_asks_for_anything(trial: Trial) -> None:
    thief, store = trial.thief(), trial.store()
    assert store.head_seq(MESSAGES_ZONE) > 0
    with trial.house.agent(OWNER) as agent:
        agent.devices.revoke("home 1")
    refused = [
        lambda: store.head_seq(MESSAGES_ZONE),
        lambda: list(store.read_commits(MESSAGES_ZONE, 0)),
        lambda: list(store.list_objects()),
        lambda: store.put_objects([(b"\x00" * 32, b"x")]),
        lambda: store.delete_objects([b"\x00" * 32]),
        lambda: store.append_commit(MESSAGES_ZONE, 99, thief.commit()),
        store.usage,
    ]
    for ask in refused:
        with pytest.raises(StoreError):
            ask()
    assert list(store.read_commits(ACCOUNT_ZONE, 0))
    store.close()
    trial.check()


def test_another_place_passes_the_nonce_of_the_server_on(trial: Trial) -> None:
    """A device that keeps a second place signs in there; what it signs is good nowhere else."""
    passed_on: list[str] = []
    asked: list[str] = []

    class Relay(httpx.BaseTransport):
        """A server that asks the honest one for a nonce, and has the device sign it."""

        def __init__(self) -> None:
            self._inner = httpx.HTTPTransport()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            honest = httpx.URL(trial.server.url).copy_with(raw_path=request.url.raw_path)
            headers = {**request.headers, "host": honest.netloc.decode()}
            answer = self._inner.handle_request(
                httpx.Request(request.method, honest, headers=headers, stream=request.stream)
            )
            answer.read()
            asked.append(request.url.path)
            if request.url.path.endswith("/tokens") and answer.is_success:
                passed_on.append(answer.text)
            return answer

    keys = trial.keys.member_keys()
    connection = Connection("http://127.0.0.1:9", transport=Relay(), wait=lambda _: None)
    store = ServerStore(connection, trial.account, keys.member().id, keys.sign)
    with pytest.raises(StoreError):
        store.head_seq(MESSAGES_ZONE)
    store.close()
    assert any(path.endswith("/tokens") for path in asked)
    assert passed_on == []
    trial.check()
