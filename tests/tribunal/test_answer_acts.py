"""A server whose answers are not what a server says: on the wire, below what a store can tell.

Every answer has a size and a form. What has not is the server's trouble, told in a sentence; memory
stays bounded, nothing is kept, and all is well with the next honest answer.
"""

import gzip
import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from sealwax.agent import place as place_module
from sealwax.base.errors import SealwaxError
from sealwax.ledger.wire import encode_frames
from sealwax.stores.server import Connection
from tests.homes import NOW_MS, ignore
from tests.server.running import running
from tests.sync.homes_on_server import FIRST, Household, phone_with
from tests.tribunal.clock import MovedClock

OWNER, SECOND = 0, 1
WORDS = 4
TAKEN_LIMIT_BYTES = 128 * 1024 * 1024
WAITED_LIMIT_SECONDS = 600
Lie = Callable[[httpx.Request, httpx.Response], httpx.Response]


class Line(httpx.BaseTransport):
    """The line to an honest server, on which answers are changed."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self.lie: Lie | None = None
        self.asked: list[httpx.URL] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        if self.lie is not None and request.url.path.endswith("/events"):
            # An honest one would not end either.
            return self.lie(request, httpx.Response(200))
        answer = self._inner.handle_request(request)
        if self.lie is None:
            return answer
        answer.read()
        return self.lie(request, answer)

    def close(self) -> None:
        """It is used by all connections of the trial."""


class Endless(httpx.SyncByteStream):
    """A body that never ends; counts what is taken of it."""

    taken_bytes = 0

    def __init__(self, piece: bytes = bytes(1024 * 1024)) -> None:
        self._piece = piece

    def __iter__(self) -> Iterator[bytes]:
        while True:
            Endless.taken_bytes += len(self._piece)
            assert Endless.taken_bytes < 2 * TAKEN_LIMIT_BYTES, "it is read without end"
            yield self._piece


class Trial:
    """Two homes at an honest server, and the line between them."""

    def __init__(self, house: Household, line: Line, waited: list[float]) -> None:
        self.house = house
        self.line = line
        self.waited = waited


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    folder = tmp_path_factory.mktemp("answers")
    line, waited = Line(), list[float]()
    with (
        pytest.MonkeyPatch.context() as patch,
        running(folder / "server", MovedClock(NOW_MS)) as server,
    ):
        patch.setattr(
            place_module,
            "Connection",
            lambda url: Connection(url, transport=line, wait=waited.append),
        )
        house = Household(folder, server)
        with house.agent(OWNER) as agent:
            agent.import_source(phone_with(folder / "phone", WORDS, 3), ignore)
            agent.create_snapshot("before")
        house.sync(OWNER, SECOND)
        yield Trial(house, line, waited)


def answering(status: int, content: bytes, headers: dict[str, str] | None = None) -> Lie:
    return lambda request, _: httpx.Response(status, headers=headers, content=content)


def endless(
    status: int, headers: dict[str, str] | None = None, piece: bytes = b"x" * 65_536
) -> Lie:
    return lambda request, _: httpx.Response(status, headers=headers, stream=Endless(piece))


def changed(change: Callable[[bytes], bytes]) -> Lie:
    def lie(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name not in ("content-length", "transfer-encoding")
        }
        return httpx.Response(answer.status_code, headers=kept, content=change(answer.content))

    return lie


def with_header(name: str, value: str) -> Lie:
    def lie(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(
            answer.status_code, headers={**answer.headers, name: value}, content=answer.content
        )

    return lie


def when(part: str, lie: Lie) -> Lie:
    """Only for requests whose address has this."""
    return lambda request, answer: lie(request, answer) if part in str(request.url) else answer


def first(*lies: tuple[str, Lie], otherwise: Lie) -> Lie:
    """The first lie whose part is in the address."""

    def lie(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        for part, one in lies:
            if part in str(request.url):
                return one(request, answer)
        return otherwise(request, answer)

    return lie


def ever_more(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    """Frames of junk, and whoever asks for the next ones gets as many."""
    content = encode_frames([b"junk" * 16_384] * 64)
    Endless.taken_bytes += len(content)
    assert Endless.taken_bytes < 2 * TAKEN_LIMIT_BYTES, "it is asked for without end"
    return httpx.Response(200, content=content)


def honest(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    return answer


def far_ahead(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    """Every zone has gone on, beyond what anybody could fetch."""
    told = re.sub(rb'"seq":[0-9]+', b'"seq":9007199254740992', answer.content)
    assert told != answer.content
    return httpx.Response(200, headers={"content-type": "application/json"}, content=told)


TROUBLE = b'{"code": "%s", "detail": "no", "status": 401}'
LIES: dict[str, Lie] = {
    "answers are cut short": changed(lambda body: body[: len(body) * 2 // 3]),
    "answers have a tail": changed(lambda body: body + b"\x00\x00\x00\x09tail"),
    "answers are empty": answering(200, b""),
    "answers are a page": answering(200, b"<html>hello</html>"),
    "answers are nested without end": answering(200, b"[" * 100_000),
    "answers are of another form": answering(200, b'{"zones": 5, "token": [], "nonce": null}'),
    "answers are text that is none": answering(200, b"\xff\xfe" * 100),
    "answers lead elsewhere": answering(302, b"", {"location": "http://127.0.0.1:9/evil"}),
    "errors are a page": answering(500, b"<html>oh no</html>"),
    "errors are nested without end": answering(400, b"[" * 100_000),
    "errors have unknown codes": answering(418, TROUBLE % b"something-new"),
    "errors say that an account is locked": answering(423, TROUBLE % b"account-locked"),
    "errors say wait for ever": answering(429, b"", {"retry-after": "999999999"}),
    "errors say wait for nonsense": answering(503, b"", {"retry-after": "-1e99"}),
    "errors say that this device was put out": answering(401, TROUBLE % b"device-not-trusted"),
    "answers never end": endless(200),
    "answers of nothing never end": endless(200, piece=bytes(65_536)),
    "errors never end": endless(500),
    "errors of tokens never end": when("/tokens", endless(401)),
    "the account never ends": when("zone=account", endless(200, piece=b"\x00\x00\xff\xff" * 9_000)),
    "steps never end": when("zone=messages", endless(200, piece=b"\x00\x00\xff\xff" * 9_000)),
    "steps of junk never end": first(
        ("/zones", far_ahead), ("zone=messages", ever_more), otherwise=honest
    ),
    "entries of junk never end": first(
        ("/zones", far_ahead), ("zone=account", ever_more), otherwise=honest
    ),
    "a device that was put out is told an account that never ends": first(
        ("/tokens", honest),
        ("zone=account", ever_more),
        otherwise=answering(401, TROUBLE % b"device-not-trusted"),
    ),
    "answers unpack to a thousand times their size": answering(
        200, gzip.compress(bytes(256 * 1024 * 1024), 1), {"content-encoding": "gzip"}
    ),
    "answers are packed in a way that is none": with_header("content-encoding", "gzip"),
    "the date is 1970": with_header("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "the date is 2099": with_header("date", "Thu, 01 Jan 2099 00:00:00 GMT"),
    "the date is none": with_header("date", "x" * 5_000),
    "lengths are wrong": with_header("content-length", "99999999999999999999"),
    "a body has another type": with_header("content-type", "text/html; charset=utf-16"),
}


@pytest.mark.parametrize("name", LIES)
def test_an_answer(trial: Trial, name: str) -> None:
    house, line = trial.house, trial.line
    Endless.taken_bytes = 0
    trial.waited.clear()
    line.asked.clear()
    line.lie = LIES[name]
    try:
        for number in (OWNER, SECOND):
            with house.agent(number) as agent:
                try:
                    done = agent.sync.now()
                    assert done.is_verified or done.why or name.startswith("the date"), done
                except SealwaxError as error:
                    assert error.sentence
            assert len(house.texts(number, FIRST)) == WORDS
    finally:
        line.lie = None
    assert Endless.taken_bytes < TAKEN_LIMIT_BYTES
    assert sum(trial.waited) < WAITED_LIMIT_SECONDS
    assert all("evil" not in url.path for url in line.asked)
    house.sync(OWNER, SECOND)
    for number in (OWNER, SECOND):
        assert len(house.texts(number, FIRST)) == WORDS
        assert len(house.texts(number, FIRST, "before")) == WORDS


@pytest.mark.parametrize("start", [b"", b"data: "], ids=["line", "data"])
def test_an_event_never_ends(trial: Trial, start: bytes) -> None:
    Endless.taken_bytes = 0
    piece = start + b"x" * 65_536
    trial.line.lie = when("/events", endless(200, {"content-type": "text/event-stream"}, piece))
    try:
        with trial.house.agent(OWNER) as agent, pytest.raises(SealwaxError):
            for _ in agent.sync.listen():
                pass
    finally:
        trial.line.lie = None
    assert Endless.taken_bytes < TAKEN_LIMIT_BYTES


def test_an_event_line_answers_an_error_that_never_ends(trial: Trial) -> None:
    Endless.taken_bytes = 0
    trial.line.lie = when("/events", endless(500))
    try:
        with trial.house.agent(OWNER) as agent, pytest.raises(SealwaxError):
            next(agent.sync.listen())
    finally:
        trial.line.lie = None
    assert Endless.taken_bytes < TAKEN_LIMIT_BYTES
