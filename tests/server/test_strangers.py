"""What strangers send is bounded, ends, and is no error of the server."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sealwax.server import bodies, patience
from sealwax.server.connections import ADDRESS_LIMIT
from sealwax.server.gate import ASKING_LIMIT
from tests.accounts import made_account
from tests.server.calling import Calls, trouble
from tests.server.running import Running, running
from tests.server.strangers import (
    ELSEWHERE,
    FROM_ELSEWHERE,
    Stranger,
    dripping,
    request,
    rest_of,
    status_of,
)

pytestmark = FROM_ELSEWHERE
LETTER = f"/v1/links/{'ab' * 32}/new"
MEGABYTE = 1024 * 1024


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Nothing that the test does is told to the log."""
    with caplog.at_level(logging.INFO):
        yield caplog
    told = caplog.get_records("call")
    assert [record.getMessage() for record in told if record.name != "httpx"] == []


def test_announced_lengths_hold_nobody_up(calls: Calls, server: Running) -> None:
    with Stranger(server.url, ELSEWHERE) as stranger:
        for size_bytes in (MEGABYTE, bodies.STRANGER_BODY_BYTES):
            head = request("PUT", LETTER, f"content-length: {size_bytes}")
            for _ in range(200):
                stranger.line(head)
        (name,) = calls.kept(b"x" * (2 * MEGABYTE))
        assert calls.ask("GET", f"/objects/{name.hex()}").is_success


def test_a_stranger_may_bring_little(server: Running) -> None:
    with Stranger(server.url, ELSEWHERE) as stranger:
        limit = bodies.STRANGER_BODY_BYTES
        assert status_of(stranger.answer(_letter(b"x" * limit))) == 400
        assert status_of(stranger.answer(_letter(b"x" * (limit + 1)))) == 413
        # One that does not say how much it brings, but as it comes.
        chunked = request("PUT", LETTER, "transfer-encoding: chunked")
        endless = stranger.line(chunked + b"10000\r\n" + b"x" * 0x10000 + b"\r\n1\r\nx\r\n")
        assert status_of(endless.recv(65_536)) == 413
        beginning = request(
            "PUT", f"/v1/accounts/{'ab' * 32}", "x-invitation: guess", "content-length: 262144"
        )
        assert status_of(stranger.answer(beginning + b"x" * 262_144)) == 400
        larger = beginning.replace(b"262144", b"262145")
        assert status_of(stranger.answer(larger)) == 413


def test_strangers_share_a_small_room(
    calls: Calls, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "STRANGERS_LIMIT_BYTES", 100_000)
    with Stranger(server.url, ELSEWHERE) as stranger:
        held = [stranger.line(_letter(b"x" * 40_000, missing=1)) for _ in range(2)]
        full = stranger.line(_letter(b"x" * 40_000, missing=1))
        refused = full.recv(65_536)
        assert status_of(refused) == 503
        assert b"retry-after: 1\r\n" in refused.lower()
        assert calls.put(b"x" * (2 * MEGABYTE)).is_success
        for line in held:
            line.sendall(b"x")
            assert status_of(rest_of(line)) == 400
        assert status_of(stranger.answer(_letter(b"x" * 40_000))) == 400


@pytest.mark.parametrize(
    "beginning",
    [b"", b"GET /status HT", request("PUT", LETTER, "content-length: 60000")[:-2]],
    ids=["silent", "half a line", "half a head"],
)
def test_half_a_request_ends(
    server: Running, beginning: bytes, quiet: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "WAIT_SECONDS", 1.0)
    with Stranger(server.url, ELSEWHERE) as stranger:
        line = stranger.line(beginning)
        with dripping(line, 0.2 if beginning else 60.0):
            assert rest_of(line) == b""


def test_a_body_byte_by_byte_ends_with_an_answer(
    server: Running, quiet: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "WAIT_SECONDS", 1.0)
    with Stranger(server.url, ELSEWHERE) as stranger:
        line = stranger.line(_letter(b"", missing=60_000))
        with dripping(line, 0.2):
            assert status_of(rest_of(line)) == 408


def test_a_body_that_nobody_reads_ends(
    server: Running, quiet: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "WAIT_SECONDS", 1.0)
    with Stranger(server.url, ELSEWHERE) as stranger:
        line = stranger.line(
            request("GET", "/status", "content-length: 60000", "connection: keep-alive")
        )
        with dripping(line, 0.2):
            assert status_of(rest_of(line)) == 200


def test_an_answer_that_is_not_read_ends(
    calls: Calls, quiet: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of a large answer does not stay in memory for who does not fetch it."""
    (name,) = calls.kept(b"x" * (15 * MEGABYTE))
    monkeypatch.setattr(patience, "WAIT_SECONDS", 1.0)
    path = f"{calls.path}/objects/{name.hex()}"
    sent = request("GET", path, f"authorization: Bearer {calls.token}")
    with Stranger(calls.server.url, ELSEWHERE) as stranger:
        line = stranger.line(sent)
        # Its connection is gone from the server, whatever of the answer has not been fetched.
        while calls.server.connections.count_of(calls.account.log.account) > 1:
            assert calls.ask("GET", "/zones").is_success
        assert len(rest_of(line)) < 15 * MEGABYTE


def test_who_breaks_off_is_no_error(calls: Calls, server: Running, quiet: object) -> None:
    token = f"authorization: Bearer {calls.token}"
    large = request("POST", f"{calls.path}/objects", token, "content-length: 2000000")
    letter, status = _letter(b"x" * 100, missing=900), request("GET", "/status")
    for sent in (letter, large + b"x" * 70_000, status):
        with Stranger(server.url, ELSEWHERE) as stranger:
            for _ in range(10):
                stranger.line(sent)
            # By now the server has begun with them.
            assert stranger.answer(request("GET", "/v1/config"))
    while server.connections.count_of(ELSEWHERE):
        assert calls.ask("GET", "/zones").is_success


NONSENSE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    b"GET\r\n\r\n",
    b"\0" * 5_000,
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /%ff%00%2e%2e/%zz?zone=%00&start=%ff HTTP/1.1\r\nhost: \xff\r\n\r\n",
    b"GET /status HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
    b"PUT " + LETTER.encode() + b" HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n-5\r\n",
    b"GET /status HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
    b"GET /status HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n",
    b"GET /status HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    b"GET /status HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    b"FOO /status HTTP/1.1\r\nhost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n",
    b"POST /v1/challenges HTTP/1.1\r\nhost: a\r\ncontent-type: \xff;a=\xff\r\n\r\n",
    b"GET /status HTTP/1.1\r\nhost: a\r\naccept: " + b"x" * 70_000 + b"\r\n\r\n",
    b"GET /" + b"a/" * 5_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /status HTTP/1.1\r\nhost: a\r\ncookie: \xff=\xff; a; =\r\n\r\n",
    b"GET /v1/accounts/" + b"ab" * 32 + b" HTTP/1.1\r\nhost: a\r\nauthorization: \xff \xff\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
]


@pytest.mark.parametrize("number", range(len(NONSENSE)))
def test_nonsense_is_no_error(server: Running, quiet: object, number: int) -> None:
    with Stranger(server.url, ELSEWHERE) as stranger:
        for sent in (NONSENSE[number], NONSENSE[number] * 3):
            line = stranger.line(sent)
            line.shutdown(1)
            assert status_of(rest_of(line)) < 500
        assert status_of(stranger.answer(request("GET", "/v1/config"))) == 200


@pytest.mark.parametrize("depth", [5_000, 30_000])
def test_nested_json_is_refused(calls: Calls, quiet: object, depth: int) -> None:
    nested = b'{"member":' + b"[" * depth + b"]" * depth + b"}"
    for path in ("/tokens", "/plan"):
        for body in (nested, nested[:-1], b"[" * depth, b'{"a":' * (depth // 5)):
            answer = calls.ask(
                "POST", path, content=body, headers={"content-type": "application/json"}
            )
            trouble(answer, 400, "request-malformed")


def test_an_account_that_is_there_already_is_not_begun_again(
    calls: Calls, server: Running, quiet: object
) -> None:
    secret = server.parts.accounts.invite("another name")
    headers = {"x-invitation": secret, "content-type": "application/octet-stream"}
    genesis = calls.account.commits[0]
    refused = calls.client.put(calls.path, content=genesis, headers=headers)
    trouble(refused, 409, "account-exists")
    # The invitation is as good as before.
    assert "another name" in server.parts.accounts.invited()
    again = made_account("somebody else")
    url = f"/v1/accounts/{again.log.account.hex()}"
    assert calls.client.put(url, content=again.commits[0], headers=headers).status_code == 204


def test_one_address_has_so_many_connections(tmp_path: Path, quiet: object) -> None:
    with running(tmp_path / "server") as server, ExitStack() as stack:
        calls = stack.enter_context(Calls(server, made_account("here"), "here"))
        stranger = stack.enter_context(Stranger(server.url, ELSEWHERE))
        lines = [stranger.line() for _ in range(ADDRESS_LIMIT)]
        refused = stranger.answer(b"")
        assert status_of(refused) == 503
        assert b"retry-after: 1\r\n" in refused.lower()
        # Others, and those of whoever signed in, are not counted with them.
        assert calls.ask("GET", "/zones").is_success
        signed = request(
            "GET",
            f"{calls.path}/zones",
            f"authorization: Bearer {calls.token}",
            "connection: keep-alive",
        )
        for line in lines[:3]:
            line.sendall(signed)
            assert status_of(line.recv(65_536)) == 200
        for _ in range(3):
            assert status_of(stranger.answer(request("GET", "/v1/config"))) == 200


def test_behind_a_proxy_strangers_are_told_apart_by_what_it_says(
    tmp_path: Path, quiet: object
) -> None:
    def from_address(address: str) -> bytes:
        return request("PUT", LETTER, "content-length: 100", f"x-forwarded-for: {address}")

    with running(tmp_path / "server", is_proxied=True) as server, Stranger(server.url) as proxy:
        first = from_address("192.0.2.1")
        lines = [proxy.line(first) for _ in range(ASKING_LIMIT)]
        # What a stranger wrote into the header before the proxy did is not believed.
        forged = from_address("192.0.2.9, 192.0.2.1")
        assert [status_of(proxy.answer(sent)) for sent in (first, forged)] == [503, 503]
        other = proxy.line(from_address("192.0.2.2"))
        for line in (*lines, other):
            line.sendall(b"x" * 100)
            assert status_of(rest_of(line)) == 404


def _letter(body: bytes, missing: int = 0) -> bytes:
    """A request whose body lacks some bytes."""
    return request("PUT", LETTER, f"content-length: {len(body) + missing}", body=body)
