"""Who asks too often, or brings too much at once, is told when to come again; clients do."""

import http.client
import json
from urllib.parse import urlsplit

import httpx
import pytest

from sealwax.base.clock import SetClock, SystemClock
from sealwax.ledger.wire import BODY_LIMIT_BYTES
from sealwax.server.limits import Buckets, Limits, Rate
from sealwax.server.refusal import Refusal
from sealwax.stores.server import Connection, ServerStore
from tests.accounts import TIME_MS
from tests.server.calling import Calls, trouble


def test_a_bucket_fills_again() -> None:
    clock = SetClock(TIME_MS)
    buckets = Buckets(Rate(2, 4), clock)
    for _ in range(4):
        buckets.take("one")
    with pytest.raises(Refusal) as refused:
        buckets.take("one")
    assert refused.value.retry_after_seconds == 1
    buckets.take("another")
    clock.advance(1_000)
    for _ in range(2):
        buckets.take("one")
    with pytest.raises(Refusal):
        buckets.take("one")


def test_an_account_that_asks_too_often_waits(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = calls.server.parts.limits
    few = Limits(SystemClock(), account=Rate(1, 3), stranger=Rate(1_000, 1_000))
    monkeypatch.setattr(limits, "take_account", few.take_account)
    for _ in range(3):
        assert calls.ask("GET", "/zones").is_success
    refused = calls.ask("GET", "/zones")
    trouble(refused, 429, "too-many-requests")
    assert int(refused.headers["retry-after"]) >= 1


def test_strangers_of_one_address_wait(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Limits(SystemClock(), stranger=Rate(1, 2))
    monkeypatch.setattr(calls.server.parts.limits, "take_stranger", few.take_stranger)
    for _ in range(2):
        assert calls.client.post("/v1/challenges").is_success
    trouble(calls.client.post("/v1/challenges"), 429, "too-many-requests")
    assert calls.ask("GET", "/zones").is_success


def test_a_client_waits_as_long_as_it_is_told(calls: Calls) -> None:
    answers = iter([(429, "7"), (503, "3"), (200, "")])
    waited: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/zones"):
            status, wait = next(answers)
            headers = {"retry-after": wait} if wait else {}
            return httpx.Response(status, json=[] if status == 200 else {}, headers=headers)
        if request.url.path.endswith("/tokens"):
            return httpx.Response(201, json={"token": "t", "expires_seconds": 900})
        return httpx.Response(201, json={"nonce": "ab" * 32})

    device = calls.account.devices[0]
    connection = Connection("https://somewhere.invalid", httpx.MockTransport(answer), waited.append)
    store = ServerStore(connection, calls.account.log.account, device.member().id, device.sign)
    assert store.heads() == {}
    assert waited == [7.0, 3.0]


def test_a_body_that_is_too_large_is_refused_before_it_comes(calls: Calls) -> None:
    place = urlsplit(calls.server.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    connection.putrequest("POST", calls.path + "/objects")
    connection.putheader("content-length", str(BODY_LIMIT_BYTES + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["code"] == "request-too-large"
    connection.close()


def test_nothing_secret_is_logged(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(0):
        calls.kept(b"a secret word")
        calls.ask("GET", "/zones", "not a token")
        calls.append(b"nonsense")
    told = caplog.text
    assert calls.token not in told
    assert "not a token" not in told
    assert "a secret word" not in told
