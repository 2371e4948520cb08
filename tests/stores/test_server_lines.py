"""The store on a server over a line that breaks, doubles and delays; what events bring."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.ledger.wire import ESSENTIAL_HEADER, Event, Trouble
from sealwax.stores.server import (
    Connection,
    QuotaFull,
    ServerStore,
    ServerTrouble,
    ServerUnreachable,
)
from tests.accounts import Account, made_account, next_commit, revocation
from tests.server.running import Running, running
from tests.stores.contract import named
from tests.stores.lines import Line, cut, whole

Change = Callable[[httpx.Request, httpx.Response], httpx.Response]


@pytest.fixture
def account() -> Account:
    return made_account(devices=2)


@pytest.fixture
def server(tmp_path: Path, account: Account) -> Iterator[Running]:
    with running(tmp_path / "server") as server:
        server.begun(account).close()
        yield server


def _over(server: Running, account: Account, line: httpx.BaseTransport) -> ServerStore:
    keys = account.devices[0]
    connection = Connection(server.url, line, wait=lambda seconds: None)
    return ServerStore(connection, account.log.account, keys.member().id, keys.sign)


def _bytes(size_bytes: int, seed: str = "") -> bytes:
    return b"".join(
        hashlib.sha256(f"{seed}{number}".encode()).digest() for number in range(size_bytes // 32)
    )


def test_a_download_goes_on_at_the_byte_where_the_line_broke(
    server: Running, account: Account
) -> None:
    breaks = [100_000, 7]

    def breaking(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        is_object = request.method == "GET" and "/objects/" in request.url.path
        return cut(answer, breaks.pop(0)) if is_object and breaks else answer

    line = Line(breaking)
    store = _over(server, account, line)
    name, data = named(_bytes(300_000))
    store.put_objects([(name, data)])
    assert store.get_object(name) == data
    ranges = [
        request.headers.get("range") for request in line.requests if "range" in request.headers
    ]
    assert ranges == ["bytes=100000-", "bytes=100007-"]
    store.close()


def test_whole_objects_of_a_broken_answer_count(server: Running, account: Account) -> None:
    breaks = [100_000 + 5_000]

    def breaking(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        is_read = request.url.path.endswith("/objects/read")
        return cut(answer, breaks.pop(0)) if is_read and breaks else answer

    line = Line(breaking)
    store = _over(server, account, line)
    objects = dict(named(_bytes(40_000, str(number))) for number in range(5))
    store.put_objects(objects.items())
    assert dict(store.get_objects(objects)) == objects
    asked = [request for request in line.requests if request.url.path.endswith("/objects/read")]
    assert [len(request.content) // 32 for request in asked] == [5, 3]
    store.close()


def test_a_line_that_breaks_at_once_again_and_again_is_told(
    server: Running, account: Account
) -> None:
    def breaking(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return cut(answer, 0) if request.url.path.endswith("/objects/read") else answer

    store = _over(server, account, Line(breaking))
    name, data = named(b"something")
    store.put_objects([(name, data)])
    with pytest.raises(ServerUnreachable):
        list(store.get_objects([name]))
    store.close()


def test_an_append_whose_answer_was_lost_is_not_done_twice(
    server: Running, account: Account
) -> None:
    lost = [True]

    def losing(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if "/commits/" in request.url.path and lost:
            lost.pop()
            answer.read()
            raise httpx.ReadError("lost")
        return answer

    store = _over(server, account, Line(losing))
    data = next_commit(account, beginning(account.log.account, MESSAGES_ZONE))
    store.append_commit(MESSAGES_ZONE, 0, data)
    assert not lost
    assert list(store.read_commits(MESSAGES_ZONE, 0)) == [(0, data)]
    store.close()


def test_a_busy_server_is_asked_again_when_it_says() -> None:
    waits: list[float] = []
    answers = [
        httpx.Response(429, headers={"retry-after": "7"}),
        httpx.Response(503, headers={"retry-after": "900"}),
        httpx.Response(503),
        httpx.Response(200, content=b"done"),
    ]
    transport = httpx.MockTransport(lambda request: answers.pop(0))
    connection = Connection("http://localhost", transport, waits.append)
    assert connection.send("GET", "/") == b"done"
    assert waits[:2] == [7.0, 30.0]
    assert 0 < waits[2] < 7
    connection.close()


def test_an_answer_without_an_end_is_cut_off() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1024 * 1024)

    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=endless()))
    connection = Connection("http://localhost", transport, lambda seconds: None)
    with pytest.raises(ServerTrouble):
        connection.send("GET", "/")
    connection.close()


def test_another_part_than_was_asked_for_is_refused() -> None:
    answers = [
        cut(httpx.Response(200, content=iter([bytes(1_000)])), 500),
        httpx.Response(200, content=b"x"),
    ]
    transport = httpx.MockTransport(lambda request: answers.pop(0))
    connection = Connection("http://localhost", transport, lambda seconds: None)
    with pytest.raises(ServerTrouble):
        connection.fetch("/", {})
    connection.close()


def test_a_full_account_is_told_with_its_numbers() -> None:
    trouble = Trouble("about:blank", "full", 507, "Full.", "storage-full", None, 900, 1_000)
    answer = httpx.Response(507, content=msgspec.json.encode(trouble))
    connection = Connection("http://localhost", httpx.MockTransport(lambda request: answer))
    with pytest.raises(QuotaFull) as caught:
        connection.send("POST", "/")
    assert (caught.value.used_bytes, caught.value.plan_bytes) == (900, 1_000)
    connection.close()


def test_only_what_is_marked_is_essential(server: Running, account: Account) -> None:
    line = Line(whole)
    store = _over(server, account, line)
    store.put_objects([named(b"a picture")])
    with store.essential():
        store.put_objects([named(b"a word")])
        other = threading.Thread(target=lambda: store.put_objects([named(b"a picture too")]))
        other.start()
        other.join()
    store.put_objects([named(b"another picture")])
    puts = [request for request in line.requests if request.url.path.endswith("/objects")]
    marked = [request.headers.get(ESSENTIAL_HEADER) for request in puts]
    assert marked == [None, "1", None, None]
    store.close()


def _listening(store: ServerStore) -> Iterator[Event | None]:
    """The events of a store, once it listens."""
    events = store.events()
    assert next(events) is None
    return events


def _next_event(events: Iterator[Event | None]) -> Event:
    return next(event for event in events if event is not None)


def _appended(store: ServerStore, account: Account, head: Head, *contents: bytes) -> Head:
    """Puts objects and appends a commit that adds them, to the messages."""
    objects = [named(content) for content in contents]
    store.put_objects(objects)
    added = tuple((name, len(content)) for name, content in objects)
    data = next_commit(account, head, added=added)
    store.append_commit(MESSAGES_ZONE, head.seq + 1, data)
    return judge(head, data, account.log).head


def test_an_event_brings_a_small_commit_and_what_it_adds(server: Running, account: Account) -> None:
    line = Line(whole)
    store, writer = _over(server, account, line), server.store(account, account.devices[1])
    heads = store.heads()
    events = _listening(store)
    head = _appended(writer, account, beginning(account.log.account, MESSAGES_ZONE), b"a word")
    event = _next_event(events)
    name, content = named(b"a word")
    before = len(line.requests)
    with store.primed(event):
        assert store.heads() == {**heads, MESSAGES_ZONE: (head.seq, head.hash)}
        ((seq, data),) = store.read_commits(MESSAGES_ZONE, 0)
        assert store.get_object(name) == content
        assert list(store.get_objects([name])) == [(name, content)]
    assert len(line.requests) == before
    assert (seq, data) == (0, writer.get_commit(MESSAGES_ZONE, 0))
    store.heads()
    assert len(line.requests) == before + 1
    writer.close()
    store.close()


def test_what_is_not_small_is_not_in_the_event(server: Running, account: Account) -> None:
    store, writer = server.store(account), server.store(account, account.devices[1])
    store.heads()
    events = _listening(store)
    head = beginning(account.log.account, MESSAGES_ZONE)
    head = _appended(writer, account, head, _bytes(3_000), _bytes(2_000, "other"))
    event = _next_event(events)
    assert event.objects == ()
    with store.primed(event):
        assert len(list(store.get_objects(name for name, _ in [named(_bytes(3_000))]))) == 1
    writer.close()
    store.close()


def test_an_event_beyond_the_known_account_log_answers_nothing(
    server: Running, account: Account
) -> None:
    store, writer = server.store(account), server.store(account)
    store.heads()
    events = _listening(store)
    data = revocation(account, account.devices[1])
    writer.append_commit(ACCOUNT_ZONE, account.log.head + 1, data)
    assert account.log.extend(data) is None
    assert _next_event(events).zone == ACCOUNT_ZONE
    head = beginning(account.log.account, MESSAGES_ZONE)
    # The keys of the new epoch do not matter here: nobody opens the sealed part.
    commit = next_commit(account, head, epoch=account.log.newest.epoch - 1)
    assert judge(head, commit, account.log).commit is None
    event = Event(MESSAGES_ZONE, 0, hashlib.sha256(commit).hexdigest(), commit)
    with store.primed(event):
        assert MESSAGES_ZONE not in store.heads()
        assert list(store.read_commits(MESSAGES_ZONE, 0)) == []
    writer.close()
    store.close()


def test_a_forged_event_brings_nothing(server: Running, account: Account) -> None:
    store = server.store(account)
    store.heads()
    with store.primed(Event(MESSAGES_ZONE, 0, "00" * 32, b"no commit")):
        assert list(store.read_commits(MESSAGES_ZONE, 0)) == []
    store.close()


def test_heads_are_told_with_their_hashes_and_members_with_their_times(
    server: Running, account: Account
) -> None:
    store = server.store(account)
    assert store.heads() == {ACCOUNT_ZONE: (account.log.head, account.log.head_hash)}
    store.close()
    other = server.store(account, account.devices[1])
    other.heads()
    ids = {device.member().id for device in account.devices}
    assert set(other.members()) == ids
    other.close()


def test_a_server_that_was_started_anew_is_signed_in_to_again(
    tmp_path: Path, account: Account
) -> None:
    with running(tmp_path / "server") as server:
        store = server.begun(account)
        heads = store.heads()
        port = int(server.url.rpartition(":")[2])
    with running(tmp_path / "server", port=port):
        assert store.heads() == heads
    with pytest.raises(ServerUnreachable):
        store.heads()
    store.close()
