"""Requests to one server: asked again when an answer is lost, gone on with when it breaks off.

Every request may be repeated: objects are named by their bytes, commits carry an operation's id.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

from sealwax.base.loopback import is_loopback
from sealwax.ledger.origin import origin_of
from sealwax.ledger.wire import (
    BODY_LIMIT_BYTES,
    Config,
    HexHash,
    ServerStatus,
    Trouble,
)
from sealwax.stores.base import StoreError
from sealwax.stores.server_errors import (
    BadAddress,
    CertificateUntrusted,
    ServerTrouble,
    ServerUnreachable,
    refusal,
)

if TYPE_CHECKING:
    import httpx

TRIES = 4
WAITS_SECONDS = (0.1, 0.5, 2.0)
BUSY_TRIES = 12
"""A server that says how long to wait is asked so often."""
BUSY_WAIT_LIMIT_SECONDS = 30.0
LISTEN_SECONDS = 60.0
"""A line of events that is silent for so long is broken: heartbeats come more often."""
_ANSWER_SECONDS, _CONNECT_SECONDS = 60.0, 10.0
_AGAIN = frozenset((408, 429, 502, 503, 504))
_PARTIAL = 206
OCTETS = {"content-type": "application/octet-stream"}
JSON = {"content-type": "application/json"}

T = TypeVar("T")
_decode_trouble = msgspec.json.Decoder(Trouble).decode


class _Answer(NamedTuple):
    """An answer, or as much of it as came; `broken` says why there is no more."""

    status: int
    wait_seconds: float | None
    body: bytes
    broken: "httpx.HTTPError | None"

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_to_ask_again(self) -> bool:
        return self.status in _AGAIN


class Connection:
    """Requests to one server. `close` it when done."""

    def __init__(
        self,
        url: str,
        transport: "httpx.BaseTransport | None" = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises BadAddress. `transport` stands in for the network in tests, `wait` for sleep."""
        self.url = checked_url(url)
        self.origin = origin_of(self.url)
        """What this device signs that it calls: never what the other side says that it is."""
        self._wait = wait
        self.server_ms: int | None = None
        """The server's clock when it last answered (ms since 1970), to a second."""
        is_here = is_loopback(urlsplit(self.url).hostname or "")
        # A command that talks to no server starts without it: it takes a tenth of a second.
        import httpx

        self._lost = httpx.HTTPError
        self._listening = httpx.Timeout(LISTEN_SECONDS, connect=_CONNECT_SECONDS)
        self._client = httpx.Client(
            base_url=self.url,
            # Sealed bytes do not shrink, and a broken answer goes on at a byte of the object's own.
            headers={"accept-encoding": "identity"},
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
            transport=transport,
            verify=_trusted() if self.url.startswith("https:") else False,
            # A proxy has no business between two programs on one computer.
            trust_env=not is_here,
            follow_redirects=False,
        )

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any
    ) -> bytes:
        """The body of the answer; raises a StoreError. Asks again when an answer is lost."""
        answer = self._asked(method, path, headers or {}, rest, lambda _: False)
        return answer.body

    def send_some(
        self,
        is_enough: Callable[[bytes], bool],
        method: str,
        path: str,
        headers: dict[str, str],
        **rest: Any,
    ) -> tuple[bytes, bool]:
        """The body of the answer, or its beginning where the line broke after `is_enough`; and
        whether it is whole."""
        answer = self._asked(method, path, headers, rest, is_enough)
        return answer.body, answer.broken is None

    def fetch(self, path: str, headers: dict[str, str]) -> bytes:
        """A large answer: where the line breaks, it goes on at the next byte."""
        body, is_whole = self.send_some(bool, "GET", path, headers)
        for _ in range(BUSY_TRIES):
            if is_whole:
                return body
            ranged = {**headers, "range": f"bytes={len(body)}-"}
            rest, is_whole = self.send_some(bool, "GET", path, ranged)
            body += rest
            if len(body) > BODY_LIMIT_BYTES:
                raise ServerTrouble("The server's answer is larger than one may be.")
        raise ServerUnreachable(f"The line to {self.url} breaks again and again.")

    def listen(self, path: str, headers: dict[str, str]) -> Iterator[str]:
        """The lines of an answer that does not end; raises a StoreError when it does."""
        try:
            with self._client.stream(
                "GET", path, headers=headers, timeout=self._listening
            ) as answer:
                if not answer.is_success:
                    raise _trouble(answer.status_code, answer.read())
                yield from answer.iter_lines()
        except self._lost as error:
            raise self._unreachable(error) from error
        raise ServerUnreachable(f"{self.url} ended the line.")

    def ask(self, kind: type[T], method: str, path: str, **rest: Any) -> T:
        """The answer as a struct of the wire."""
        body = self.send(method, path, **rest)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise ServerTrouble(f"{self.url} answers something else than was asked.") from error

    def config(self) -> Config:
        return self.ask(Config, "GET", "/v1/config")

    def status(self) -> ServerStatus:
        """The server's own health, working or not."""
        try:
            answer = self._client.get("/status", headers={"accept": "application/json"})
            return msgspec.json.decode(answer.content, type=ServerStatus)
        except self._lost as error:
            raise self._unreachable(error) from error
        except msgspec.MsgspecError as error:
            raise ServerTrouble(f"{self.url} is no Sealwax server.") from error

    def claim(self, account: bytes, invitation: str, genesis: bytes) -> None:
        """Begins an account with an invitation."""
        headers = {**OCTETS, "x-invitation": invitation}
        self.send("PUT", f"/v1/accounts/{account.hex()}", headers=headers, content=genesis)

    def accounts_of_recovery(self, member: bytes) -> list[bytes]:
        """The accounts whose recovery key has this id."""
        found = self.ask(list[HexHash], "GET", f"/v1/recoveries/{member.hex()}")
        return [bytes.fromhex(account) for account in found]

    def leave(self, box: bytes, side: str, message: bytes) -> None:
        """Leaves a message for linking; see `server.links`."""
        self.send("PUT", f"/v1/links/{box.hex()}/{side}", headers=OCTETS, content=message)

    def take(self, box: bytes, side: str) -> bytes:
        """The other side's message for linking; empty while there is none."""
        return self.send("GET", f"/v1/links/{box.hex()}/{side}")

    def close(self) -> None:
        self._client.close()

    def _asked(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        rest: dict[str, Any],
        is_enough: Callable[[bytes], bool],
    ) -> _Answer:
        """An answer that is a success, whole or `is_enough`."""
        lost = busy = 0
        while True:
            answer = self._received(method, path, headers, rest)
            if answer.broken is not None:
                if answer.is_success and is_enough(answer.body):
                    _need_partial(headers, answer)
                    return answer
                lost += 1
                if lost == TRIES:
                    raise self._unreachable(answer.broken) from answer.broken
                self._wait(WAITS_SECONDS[min(lost, len(WAITS_SECONDS)) - 1])
            elif answer.is_success:
                _need_partial(headers, answer)
                return answer
            else:
                busy += 1
                limit = BUSY_TRIES if answer.wait_seconds is not None else TRIES
                if not answer.is_to_ask_again or busy == limit:
                    raise _trouble(answer.status, answer.body)
                seconds = answer.wait_seconds
                if seconds is None:
                    seconds = WAITS_SECONDS[min(busy, len(WAITS_SECONDS)) - 1]
                self._wait(min(seconds, BUSY_WAIT_LIMIT_SECONDS))

    def _received(
        self, method: str, path: str, headers: dict[str, str], rest: dict[str, Any]
    ) -> _Answer:
        pieces: list[bytes] = []
        size_bytes, status, wait_seconds = 0, 0, None
        broken: httpx.HTTPError | None = None
        try:
            with self._client.stream(method, path, headers=headers, **rest) as answer:
                status, wait_seconds = answer.status_code, _seconds(answer)
                self.server_ms = _date_ms(answer.headers.get("date", ""))
                for piece in answer.iter_bytes():
                    size_bytes += len(piece)
                    if size_bytes > BODY_LIMIT_BYTES:
                        raise ServerTrouble("The server's answer is larger than one may be.")
                    pieces.append(piece)
        except self._lost as error:
            broken = error
        return _Answer(status, wait_seconds, b"".join(pieces), broken)

    def _unreachable(self, error: "httpx.HTTPError") -> StoreError:
        untrusted = _untrusted(error)
        if untrusted is not None:
            return CertificateUntrusted(f"The certificate of {self.url} is refused: {untrusted}.")
        return ServerUnreachable(f"{self.url} does not answer ({type(error).__name__}).")


def _trusted() -> ssl.SSLContext:
    """Trusts the authorities of the public, those of this computer, and those in the file that
    SSL_CERT_FILE names: a server at home may have one of its own."""
    import httpx

    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _untrusted(error: BaseException) -> str | None:
    """Why a certificate is not trusted, where that is what broke a line."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return None


def checked_url(url: str) -> str:
    """The address of a server, without a slash at its end; raises BadAddress."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadAddress("This is no address of a server.")
    if parts.username or parts.password:
        raise BadAddress("An address holds no name and no password.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise BadAddress(f"The line to {parts.hostname} would not be encrypted.")
    try:
        origin_of(url)
    except ValueError as error:
        raise BadAddress("This is no address of a server.") from error
    return url.rstrip("/")


def is_server(address: str) -> bool:
    """Whether an address is a server's, not a folder's."""
    return address.startswith(("http://", "https://"))


def _date_ms(told: str) -> int | None:
    try:
        return int(parsedate_to_datetime(told).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds(answer: "httpx.Response") -> float | None:
    """How long the server asks to wait."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isdecimal() and len(said) < 6 else None


def _need_partial(headers: dict[str, str], answer: _Answer) -> None:
    if "range" in headers and answer.status != _PARTIAL:
        raise ServerTrouble("The server answers with another part than was asked for.")


def _trouble(status: int, body: bytes) -> StoreError:
    """The error that an answer tells of."""
    try:
        return refusal(_decode_trouble(body), status)
    except msgspec.MsgspecError:
        return ServerTrouble(f"The server answers with HTTP {status}.")
