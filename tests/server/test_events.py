"""Events: told at once, small commits and objects inside, to the account's own devices alone."""

import threading
from collections.abc import Iterator
from queue import Queue

import msgspec
import pytest

from sealwax.crypto.device_keys import new_member_keys
from sealwax.ledger.account import Member
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash
from sealwax.ledger.wire import EVENT_COMMIT_BYTES, EVENT_OBJECTS_BYTES, Event
from sealwax.server import push
from sealwax.stores.base import StoreError
from sealwax.stores.server import ServerStore
from tests.accounts import TIME_MS, add_device_by_recovery, made_account, revocation
from tests.server.calling import MESSAGES, Calls, trouble
from tests.server.running import Running
from tests.stores.contract import named

WAIT_SECONDS = 20


class _Ear:
    """Listens with a store in a thread; `heard` ends with the error that ended the line."""

    def __init__(self, store: ServerStore) -> None:
        self.heard: Queue[Event | StoreError | None] = Queue()
        self._store = store
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.heard.get(timeout=WAIT_SECONDS) is None

    def next(self) -> Event | StoreError | None:
        return self.heard.get(timeout=WAIT_SECONDS)

    def _listen(self) -> None:
        try:
            for event in self._store.events():
                self.heard.put(event)
        except StoreError as error:
            self.heard.put(error)


@pytest.fixture
def ear(calls: Calls) -> Iterator[_Ear]:
    store = calls.server.store(calls.account, calls.account.devices[1])
    yield _Ear(store)
    store.close()


def test_a_small_commit_comes_with_its_objects(calls: Calls, ear: _Ear) -> None:
    calls.kept(b"small", b"objects")
    event = ear.next()
    assert isinstance(event, Event)
    assert (event.zone, event.seq) == (MESSAGES, 0)
    assert commit_hash(event.commit).hex() == event.hash == calls.head.hash.hex()
    assert event.objects == (b"small", b"objects")


def test_a_large_one_is_only_named(calls: Calls, ear: _Ear) -> None:
    calls.kept(b"x" * (EVENT_OBJECTS_BYTES + 1))
    event = ear.next()
    assert isinstance(event, Event)
    assert event.commit
    assert event.objects == ()
    many = [b"%d" % number for number in range(EVENT_COMMIT_BYTES // 32)]
    calls.kept(*many)
    event = ear.next()
    assert isinstance(event, Event)
    assert (event.seq, event.commit, event.objects) == (1, b"", ())
    assert event.hash == calls.head.hash.hex()


def test_what_an_event_brought_is_not_asked_for(calls: Calls) -> None:
    store = calls.server.store(calls.account, calls.account.devices[1])
    ear = _Ear(store)
    store.heads()
    name, data = named(b"hello")
    calls.kept(data)
    event = ear.next()
    assert isinstance(event, Event)
    calls.server.parts.accounts.lock(calls.name, "nothing is answered now")
    with store.primed(event):
        assert store.heads()[MESSAGES] == (0, calls.head.hash)
        assert list(store.read_commits(MESSAGES, 0)) == [(0, event.commit)]
        assert dict(store.get_objects([name])) == {name: data}
        assert store.get_object(name) == data
    with pytest.raises(StoreError):
        store.heads()
    store.close()


def test_another_account_hears_nothing(calls: Calls, server: Running) -> None:
    with Calls(server, made_account("quiet"), "quiet") as other:
        ear = _Ear(other.store)
        calls.kept(b"not for you")
        other.kept(b"for you")
        event = ear.next()
        assert isinstance(event, Event)
        assert event.objects == (b"for you",)


def test_a_removed_device_hears_no_more(calls: Calls, ear: _Ear) -> None:
    gone = calls.account.devices[1]
    position = calls.account.log.head + 1
    assert calls.append(revocation(calls.account, gone), position, ACCOUNT_ZONE).is_success
    calls.kept(b"after you went")
    assert isinstance(ear.next(), StoreError)


def test_the_line_shows_that_it_is_up(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "HEARTBEAT_SECONDS", 0.05)
    store = calls.server.store(calls.account)
    ear = _Ear(store)
    assert [ear.next() for _ in range(3)] == [None] * 3
    store.close()


def test_an_account_has_only_so_many_lines(
    calls: Calls, ear: _Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "LISTENERS_LIMIT", 1)
    trouble(calls.ask("GET", "/events"), 429, "too-many-requests")


def test_what_is_sent_is_plain_server_sent_events(calls: Calls) -> None:
    headers = {"authorization": f"Bearer {calls.token}"}
    with calls.client.stream("GET", calls.path + "/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines).startswith(":")
        assert next(lines) == ""
        data = calls.next()
        calls.store.append_commit(MESSAGES, 0, data)
        assert next(lines) == "event: commit"
        told = next(lines)
        assert told.startswith("data: ")
        event = msgspec.json.decode(told.removeprefix("data: "), type=Event)
        assert event.commit == data


def test_when_a_device_was_last_seen(calls: Calls) -> None:
    first, second = (device.member().id for device in calls.account.devices)
    calls.ask("GET", "/zones")
    told = calls.store.members()
    assert first in told
    assert second not in told
    calls.server.store(calls.account, calls.account.devices[1]).heads()
    assert second in calls.store.members()


def test_who_listens_is_asked_for_when_that_may_have_changed(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking for each event of each line would take most of the server's time."""
    asked: list[bytes] = []
    store = calls.server.store(calls.account, calls.account.devices[1])
    ear = _Ear(store)
    accounts = calls.server.parts.accounts
    member = accounts.member

    def counted(account: bytes, device: bytes) -> Member | None:
        if threading.current_thread().name != "AnyIO worker thread":
            asked.append(device)
        return member(account, device)

    monkeypatch.setattr(accounts, "member", counted)
    for number in range(5):
        calls.kept(b"event %d" % number)
        assert isinstance(ear.next(), Event)
    assert asked == []
    added = add_device_by_recovery(
        calls.account.log,
        calls.account.keys,
        calls.account.recovery,
        new_member_keys(calls.account.entropy).member(),
        "new",
        TIME_MS,
        calls.account.entropy,
    )
    assert calls.append(added, calls.account.log.head + 1, ACCOUNT_ZONE).is_success
    assert isinstance(ear.next(), Event)
    assert asked == [calls.account.devices[1].member().id]
    store.close()
