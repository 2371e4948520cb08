"""Every answer of a server has an end: in bytes, in time, and in how often it is asked again."""

from collections.abc import Callable, Iterator
from typing import Any

import httpcore
import httpx
import msgspec
import pytest

from sealwax.ledger.commit import SEQ_LIMIT
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.wire import (
    BATCH_COMMITS,
    Challenge,
    Token,
    ZoneHead,
    encode_frames,
)
from sealwax.stores.base import OBJECT_LIMIT_BYTES, StoreError
from sealwax.stores.deadline import GRACE_SECONDS, LEAST_BYTES_A_SECOND, SILENT_SECONDS
from sealwax.stores.server import (
    AccountMissing,
    Connection,
    ServerStore,
    ServerTrouble,
    ServerUnreachable,
)
from sealwax.stores.server_connection import BUSY_SECONDS, QUIET_SECONDS, TRIES
from sealwax.stores.server_events import LINE_LIMIT
from tests.accounts import made_account
from tests.lying_place import endless, not_there

URL = "http://localhost"
ACCOUNT = made_account()
Answer = Callable[[httpx.Request], httpx.Response]


class _Hands:
    """A clock that is moved by what a test does."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class _Server:
    """A server that signs everybody in, and answers as a test says; it counts what it is asked."""

    def __init__(self, answer: Answer) -> None:
        self.clock = _Hands()
        self.waits: list[float] = []
        self.asked: list[str] = []
        self._answer = answer
        transport = httpx.MockTransport(self._answered)
        self.connection = Connection(URL, transport, self._wait, self.clock)
        keys = ACCOUNT.devices[0]
        self.store = ServerStore(self.connection, ACCOUNT.log.account, keys.member().id, keys.sign)

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.now += seconds

    def _answered(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/challenges"):
            return httpx.Response(200, content=msgspec.json.encode(Challenge("00" * 32)))
        if request.url.path.endswith("/tokens"):
            return httpx.Response(200, content=msgspec.json.encode(Token("token", 900)))
        self.asked.append(request.url.path)
        return self._answer(request)


def _pieces(count: int, piece: bytes, between: Callable[[], object]) -> Iterator[bytes]:
    for _ in range(count):
        between()
        yield piece


def test_an_answer_that_comes_a_byte_at_a_time_ends() -> None:
    counted = [0]

    def move() -> None:
        server.clock.now += 0.5
        counted[0] += 1

    server = _Server(lambda _: httpx.Response(200, content=_pieces(10**6, b"x", move)))
    with pytest.raises(ServerUnreachable):
        server.store.get_object(b"n" * 32)
    assert counted[0] <= 2 * GRACE_SECONDS + 1
    assert len(server.asked) == 1


def test_a_slow_line_has_all_the_time_that_it_needs() -> None:
    piece = bytes(4 * LEAST_BYTES_A_SECOND)

    def move() -> None:
        server.clock.now += 2.0

    server = _Server(lambda _: httpx.Response(200, content=_pieces(200, piece, move)))
    assert len(server.store.get_object(b"n" * 32)) == 200 * len(piece)
    assert server.clock.now > 5 * GRACE_SECONDS


class _Dribble(httpcore.NetworkStream):
    """A socket from which headers come a byte at a time, ten seconds for each."""

    def __init__(self, clock: _Hands) -> None:
        self.clock = clock
        self.reads = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.reads += 1
        self.clock.now += 10.0
        return b"HTTP/1.1 200 OK\r\nx-long: " if self.reads == 1 else b"x"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.clock.now += 10.0

    def close(self) -> None:
        """Nothing is open."""


class _Dribbling(httpcore.NetworkBackend):
    def __init__(self, stream: _Dribble) -> None:
        self._stream = stream

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        return self._stream


def _dribbled() -> tuple[Connection, _Dribble]:
    stream = _Dribble(_Hands())
    transport = httpx.HTTPTransport()
    transport._pool = httpcore.ConnectionPool(network_backend=_Dribbling(stream))
    return Connection(URL, transport, lambda _: None, stream.clock), stream


def test_headers_that_come_a_byte_at_a_time_end() -> None:
    connection, stream = _dribbled()
    with pytest.raises(ServerUnreachable):
        connection.send("GET", "/")
    assert stream.reads <= GRACE_SECONDS / 10
    # Without a deadline, an answer could go on like this up to the size that headers may have.
    assert stream.clock.now <= GRACE_SECONDS + 10


def test_a_line_that_takes_a_piece_now_and_then_ends() -> None:
    connection, stream = _dribbled()
    with pytest.raises(ServerUnreachable):
        connection.send("POST", "/", content=bytes(64 * 1024 * 20))
    # Each piece of 64 KiB in ten seconds is fast enough; the answer is not.
    assert stream.clock.now <= GRACE_SECONDS + 64 * 1024 * 20 / LEAST_BYTES_A_SECOND + 10


def test_what_is_silent_is_asked_once_until_somebody_says_so() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        server.clock.now += SILENT_SECONDS
        raise httpx.ReadTimeout("nothing came", request=request)

    server = _Server(silent)
    for _ in range(3):
        with pytest.raises(ServerUnreachable, match="does not answer"):
            server.store.heads()
    assert len(server.asked) == 1
    assert server.waits == []
    server.store.try_again()
    with pytest.raises(ServerUnreachable):
        server.store.usage()
    assert len(server.asked) == 2
    server.clock.now += QUIET_SECONDS
    with pytest.raises(ServerUnreachable):
        server.store.usage()
    assert len(server.asked) == 3


def test_one_that_is_not_there_costs_a_command_one_round_of_tries() -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    server = _Server(refused)
    for _ in range(17):
        with pytest.raises(ServerUnreachable):
            server.store.get_object(b"n" * 32)
    assert len(server.asked) == TRIES


def test_a_busy_server_is_waited_for_a_minute_at_most() -> None:
    server = _Server(lambda _: httpx.Response(503, headers={"retry-after": "25"}))
    with pytest.raises(ServerTrouble):
        server.store.heads()
    with pytest.raises(ServerTrouble):
        server.store.heads()
    assert 0 < sum(server.waits) <= BUSY_SECONDS


def test_what_came_before_a_stall_counts_and_nothing_is_asked_after_it() -> None:
    first = b"first"

    def stalling(request: httpx.Request) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            yield encode_frames([first])
            raise httpx.ReadTimeout("it stalls", request=request)

        return httpx.Response(200, content=pieces())

    server = _Server(stalling)
    found = server.store.get_objects([b"1" * 32, b"2" * 32])
    assert next(found) == (b"1" * 32, first)
    with pytest.raises(ServerUnreachable):
        next(found)
    assert len(server.asked) == 1


def _consumed(status: int, ask: Callable[[ServerStore], object], piece: bytes) -> int:
    """How many bytes of an endless answer are taken."""
    taken = [0]

    def counted() -> Iterator[bytes]:
        while True:
            taken[0] += len(piece)
            yield piece

    server = _Server(lambda _: httpx.Response(status, content=counted()))
    with pytest.raises(StoreError):
        ask(server.store)
    return taken[0]


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("ask", "most_bytes"),
    [
        (lambda store: store.heads(), 2 * MIB),
        (lambda store: store.members(), 2 * MIB),
        (lambda store: store.usage(), MIB),
        (lambda store: store.lost_objects(), MIB),
        (lambda store: store.has_objects([bytes(32)]), MIB),
        (lambda store: store.look_at_objects([bytes(32)]), 3 * MIB),
        (lambda store: list(store.list_objects()), 2 * MIB),
        (lambda store: store.get_commit(MESSAGES_ZONE, 0), 3 * MIB),
        (lambda store: list(store.read_commits(MESSAGES_ZONE, 0)), 33 * MIB),
        (lambda store: list(store.get_objects([bytes(32)])), 33 * MIB),
        (lambda store: store.append_commit(MESSAGES_ZONE, 0, b"x"), MIB),
        (lambda store: list(store.events()), 2 * LINE_LIMIT + MIB),
    ],
)
def test_an_endless_answer_is_cut_off(
    ask: Callable[[ServerStore], object], most_bytes: int
) -> None:
    assert _consumed(200, ask, b"a" * 65536) <= most_bytes
    assert _consumed(418, ask, b"a" * 65536) <= MIB


def test_an_endless_object_is_damage_and_no_trouble() -> None:
    server = _Server(lambda _: endless(bytes(MIB)))
    assert server.store.get_object(b"n" * 32) == b""
    large = httpx.Response(200, content=bytes(OBJECT_LIMIT_BYTES))
    server = _Server(lambda _: large)
    assert len(server.store.get_object(b"n" * 32)) == OBJECT_LIMIT_BYTES


@pytest.mark.parametrize("packing", ["gzip", "br", "zstd", "deflate"])
def test_a_packed_answer_is_not_unpacked(packing: str) -> None:
    headers = {"content-encoding": packing}
    server = _Server(lambda _: httpx.Response(200, headers=headers, content=iter([b"\0" * 100])))
    with pytest.raises(ServerTrouble, match="packed"):
        server.store.heads()
    with pytest.raises(ServerTrouble, match="packed"):
        list(server.store.events())


def test_lines_of_events_come_whole_however_they_are_cut() -> None:
    text = b": still here\r\n\r\ndata: nonsense\r\n"
    for size in (1, 3, 7, 1000):
        cut = [text[at : at + size] for at in range(0, len(text), size)]
        server = _Server(lambda _, cut=cut: httpx.Response(200, content=iter(cut)))  # type: ignore[misc]
        events = server.store.events()
        assert next(events) is None
        with pytest.raises(ServerTrouble, match="no event"):
            next(events)


@pytest.mark.parametrize("seq", [-1, SEQ_LIMIT + 1, 2**62])
def test_a_head_that_cannot_be_is_trouble(seq: int) -> None:
    told = [ZoneHead(MESSAGES_ZONE, seq, "00" * 32)]
    server = _Server(lambda _: httpx.Response(200, content=msgspec.json.encode(told)))
    with pytest.raises(ServerTrouble):
        server.store.heads()


def test_zones_of_no_name_are_none() -> None:
    told = [ZoneHead("../../etc", 1, "00" * 32), ZoneHead(MESSAGES_ZONE, 1, "00" * 32)]
    server = _Server(lambda _: httpx.Response(200, content=msgspec.json.encode(told)))
    assert list(server.store.heads()) == [MESSAGES_ZONE]


def test_an_answer_has_no_more_commits_than_one_may() -> None:
    many = encode_frames([b""] * (BATCH_COMMITS + 1))
    server = _Server(lambda _: httpx.Response(200, content=many))
    with pytest.raises(ServerTrouble, match="more commits"):
        list(server.store.read_commits(MESSAGES_ZONE, 0))


def test_a_server_that_does_not_know_the_account_says_so() -> None:
    transport = httpx.MockTransport(lambda _: not_there())
    keys = ACCOUNT.devices[0]
    store = ServerStore(
        Connection(URL, transport), ACCOUNT.log.account, keys.member().id, keys.sign
    )
    for ask in (store.heads, store.usage, lambda: store.has_objects([bytes(32)])):
        with pytest.raises(AccountMissing, match="does not have this account"):
            ask()
