"""What a device signs names the server that it called, so nobody else can use it."""

import socket
from pathlib import Path

import httpx
import pytest

from sealwax.base.own_hosts import own_hosts
from sealwax.ledger.origin import ORIGIN_LIMIT, origin_of
from sealwax.server.listening import Listening
from sealwax.server.origins import Origins
from sealwax.server.refusal import Refusal
from sealwax.stores.server import BadAddress, Connection, ServerStore, checked_url
from sealwax.stores.server_errors import DeviceNotTrusted, OriginUnknown
from tests.accounts import made_account
from tests.server.calling import Calls, trouble
from tests.server.running import Running, running

NAMED = "https://sealwax.example.org"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Sealwax.Example.org/", "https://sealwax.example.org"),
        ("https://sealwax.example.org:443/below", "https://sealwax.example.org"),
        ("https://sealwax.example.org:8443", "https://sealwax.example.org:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[0:0::1]:8420", "http://[::1]:8420"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_written_in_one_way(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert origin_of(origin) == origin


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a", "https://", "https://a:port", "https://a:99999", f"https://{'a.' * 400}b"],
)
def test_what_is_no_address_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError):
        origin_of(url)
    with pytest.raises(BadAddress):
        checked_url(url)
    assert len(url) < 4 * ORIGIN_LIMIT


def _known(where: Listening, port: int) -> set[str]:
    return Origins(where, port).known()


def test_without_a_word_of_its_operator_a_server_goes_by_its_own_computer(tmp_path: Path) -> None:
    """By its own port only: another server of this computer has another one."""
    here = {"http://127.0.0.1:8420", "http://localhost:8420", "http://[::1]:8420"}
    assert here <= _known(Listening("127.0.0.1", 8420), 8420)
    assert all(one.endswith(":8420") for one in _known(Listening("127.0.0.1", 8420), 8420))
    name = socket.gethostname().lower()
    proxied = _known(Listening("127.0.0.1", 8420, is_proxied=True), 8420)
    assert here | {f"https://{name}", f"https://{name}.local", "https://localhost"} <= proxied
    assert name in own_hosts() and "127.0.0.1" in own_hosts()
    with_tls = _known(Listening("0.0.0.0", 443, tmp_path, tmp_path), 443)
    assert {f"https://{name}", "https://127.0.0.1"} <= with_tls
    assert not any(one.startswith("http:") for one in with_tls)
    assert _known(Listening("127.0.0.1", 8420, origins=(NAMED,)), 8420) == {NAMED}


def test_a_computer_that_tells_no_addresses_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service with few rights may not ask for them."""

    def refused() -> None:
        raise OSError("Address family not supported by protocol")

    monkeypatch.setattr("psutil.net_if_addrs", refused)
    assert own_hosts() == {socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}
    assert "http://127.0.0.1:8420" in _known(Listening("127.0.0.1", 8420), 8420)


def test_an_unknown_origin_is_told_to_the_operator() -> None:
    with pytest.raises(Refusal) as refused:
        Origins(Listening("127.0.0.1", 8420), 8420).need_known(NAMED)
    assert refused.value.trouble.code == "origin-unknown"
    assert f"`--origin {NAMED}`" in refused.value.trouble.detail


def test_a_signature_is_good_for_the_server_that_it_names(calls: Calls) -> None:
    device, url = calls.account.devices[0], calls.server.url
    assert calls.asked_to_sign_in(device, origin=url.replace("127.0.0.1", "localhost")).is_success
    trouble(calls.asked_to_sign_in(device, origin=NAMED), 401, "origin-unknown")
    lied = calls.asked_to_sign_in(device, origin=NAMED, named_origin=url)
    trouble(lied, 401, "device-not-trusted")
    for odd in ("", "https://", "nonsense", "https://a/b", "https://" + "a" * 400):
        assert calls.asked_to_sign_in(device, named_origin=odd or " ").status_code == 400


class _Relay(httpx.BaseTransport):
    """A server that passes every request on to another one, and wants a token there. It says of
    itself what serves it best."""

    def __init__(self, honest: Running, does_lie: bool) -> None:
        self._honest = honest
        self._does_lie = does_lie
        self._client = httpx.Client(base_url=honest.url, trust_env=False)
        self.tokens: list[bytes] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        if self._does_lie:
            content = content.replace(b"http://127.0.0.1:9", self._honest.url.encode())
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in ("host", "content-length")
        }
        answer = self._client.request(
            request.method, request.url.raw_path.decode(), headers=headers, content=content
        )
        if request.url.path.endswith("/tokens") and answer.is_success:
            self.tokens.append(answer.content)
        return httpx.Response(answer.status_code, content=answer.content)


@pytest.mark.parametrize(
    ("does_lie", "error"), [(False, OriginUnknown), (True, DeviceNotTrusted)], ids=["says", "lies"]
)
def test_who_passes_requests_on_gets_no_token(
    calls: Calls, does_lie: bool, error: type[Exception]
) -> None:
    relay = _Relay(calls.server, does_lie)
    device = calls.account.devices[0]
    connection = Connection("http://127.0.0.1:9", relay, wait=lambda _: None)
    store = ServerStore(connection, calls.account.log.account, device.member().id, device.sign)
    with pytest.raises(error):
        store.heads()
    assert relay.tokens == []
    assert calls.store.heads()


def test_a_server_goes_by_the_names_that_it_was_given(tmp_path: Path) -> None:
    account = made_account()
    with running(tmp_path / "server", origins=("https://somewhere.example",)) as server:
        store = server.begun(account)
        with pytest.raises(OriginUnknown, match=r"--origin http://127\.0\.0\.1:"):
            store.heads()
