"""Requests to one server: asked again when an answer is lost, gone on with when it breaks off.

Every request may be repeated: objects are named by their bytes, commits carry an operation's id.
Every answer has a bound on its size, and a deadline. A server that says nothing is not asked again.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from sealwax.base.clock import SystemClock
from sealwax.base.loopback import is_loopback
from sealwax.ledger.origin import origin_of
from sealwax.ledger.wire import (
    BODY_LIMIT_BYTES,
    LINK_MESSAGE_LIMIT_BYTES,
    Config,
    HexHash,
    ServerStatus,
)
from sealwax.stores.base import StoreError
from sealwax.stores.deadline import SILENT_SECONDS, Current, Deadline
from sealwax.stores.server_address import checked_url
from sealwax.stores.server_answer import (
    ANSWER_LIMIT_BYTES,
    Answer,
    TooSlow,
    asked_wait_seconds,
    date_ms,
    need_partial,
    need_plain,
    pieces_of,
    trouble_of,
)
from sealwax.stores.server_errors import CertificateUntrusted, ServerTrouble, ServerUnreachable
from sealwax.stores.server_events import lines_of

if TYPE_CHECKING:
    import httpx

TRIES = 4
WAITS_SECONDS = (0.1, 0.5, 2.0)
BUSY_TRIES = 12
"""A server that says how long to wait is asked so often."""
BUSY_WAIT_LIMIT_SECONDS = 30.0
BUSY_SECONDS = 60.0
"""So long in all, one request waits for a server that is busy."""
QUIET_SECONDS = 300.0
"""A server that did not answer is not asked again for so long, unless somebody says so."""
LISTEN_SECONDS = 60.0
"""A line of events that is silent for so long is broken: heartbeats come more often."""
_CONNECT_SECONDS = 10.0
OCTETS = {"content-type": "application/octet-stream"}
JSON = {"content-type": "application/json"}

T = TypeVar("T")


class Connection:
    """Requests to one server. `close` it when done."""

    def __init__(
        self,
        url: str,
        transport: "httpx.BaseTransport | None" = None,
        wait: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        """Raises BadAddress. `transport` stands in for the network in tests, `wait` for sleep,
        `monotonic` for the clock."""
        self.url = checked_url(url)
        self.origin = origin_of(self.url)
        """What this device signs that it calls: never what the other side says that it is."""
        self._wait = wait
        self._monotonic = monotonic or SystemClock().monotonic
        self._current = Current()
        self._silence: tuple[float, StoreError] | None = None
        self.server_ms: int | None = None
        """The server's clock when it last answered (ms since 1970), to a second."""
        is_here = is_loopback(urlsplit(self.url).hostname or "")
        # A command that talks to no server starts without it: it takes a tenth of a second.
        import httpx

        from sealwax.stores.server_sockets import keep_deadlines

        self._lost = httpx.HTTPError
        self._late = httpx.TimeoutException
        self._listening = httpx.Timeout(LISTEN_SECONDS, connect=_CONNECT_SECONDS)
        self._client = httpx.Client(
            base_url=self.url,
            # Sealed bytes do not shrink, and a broken answer goes on at a byte of the object's own.
            headers={"accept-encoding": "identity"},
            timeout=httpx.Timeout(SILENT_SECONDS, connect=_CONNECT_SECONDS),
            transport=transport,
            verify=_trusted() if self.url.startswith("https:") else False,
            # A proxy has no business between two programs on one computer.
            trust_env=not is_here,
            follow_redirects=False,
        )
        keep_deadlines(self._client, self._current)

    def need_heard(self) -> None:
        """Raises what went wrong where the server did not answer a while ago: waiting for it once
        more would be in vain."""
        if self._silence is None:
            return
        since, error = self._silence
        if self._monotonic() - since < QUIET_SECONDS:
            raise type(error)(error.sentence)
        self._silence = None

    def try_again(self) -> None:
        """Forgets that the server did not answer."""
        self._silence = None

    def send(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        limit_bytes: int = BODY_LIMIT_BYTES,
        **rest: Any,
    ) -> bytes:
        """The body of the answer; raises a StoreError. Asks again when an answer is lost."""
        answer = self._asked(method, path, headers or {}, rest, lambda _: False, limit_bytes)
        return answer.body

    def send_some(
        self,
        is_enough: Callable[[bytes], bool],
        method: str,
        path: str,
        headers: dict[str, str],
        limit_bytes: int = BODY_LIMIT_BYTES,
        **rest: Any,
    ) -> tuple[bytes, bool]:
        """The body of the answer, or its beginning where the line broke after `is_enough`; and
        whether it is whole."""
        answer = self._asked(method, path, headers, rest, is_enough, limit_bytes)
        return answer.body, answer.broken is None

    def fetch(
        self, path: str, headers: dict[str, str], limit_bytes: int = BODY_LIMIT_BYTES
    ) -> bytes:
        """A large answer: where the line breaks, it goes on at the next byte."""
        body, is_whole = self.send_some(bool, "GET", path, headers, limit_bytes)
        for _ in range(BUSY_TRIES):
            if is_whole:
                return body
            ranged = {**headers, "range": f"bytes={len(body)}-"}
            rest, is_whole = self.send_some(bool, "GET", path, ranged, limit_bytes - len(body))
            body += rest
        raise ServerUnreachable(f"The line to {self.url} breaks again and again.")

    def listen(self, path: str, headers: dict[str, str]) -> Iterator[str]:
        """The lines of an answer that does not end; raises a StoreError when it does."""
        try:
            with self._client.stream(
                "GET", path, headers=headers, timeout=self._listening
            ) as answer:
                need_plain(answer)
                if not answer.is_success:
                    deadline = Deadline(self._monotonic)
                    body = b"".join(pieces_of(answer, ANSWER_LIMIT_BYTES, deadline))
                    raise trouble_of(answer.status_code, body)
                yield from lines_of(answer.iter_bytes())
        except (self._lost, TooSlow) as error:
            raise self._unreachable(error) from error
        raise ServerUnreachable(f"{self.url} ended the line.")

    def ask(
        self, kind: type[T], method: str, path: str, limit_bytes: int = ANSWER_LIMIT_BYTES,
        **rest: Any,
    ) -> T:  # fmt: skip
        """The answer as a struct of the wire."""
        body = self.send(method, path, limit_bytes=limit_bytes, **rest)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise ServerTrouble(f"{self.url} answers something else than was asked.") from error

    def config(self) -> Config:
        return self.ask(Config, "GET", "/v1/config")

    def status(self) -> ServerStatus:
        """The server's own health, working or not."""
        accept = {"accept": "application/json"}
        answer = self._received("GET", "/status", accept, {}, ANSWER_LIMIT_BYTES)
        if answer.broken is not None:
            raise self._unreachable(answer.broken) from answer.broken
        try:
            return msgspec.json.decode(answer.body, type=ServerStatus)
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
        limit_bytes = LINK_MESSAGE_LIMIT_BYTES
        return self.send("GET", f"/v1/links/{box.hex()}/{side}", limit_bytes=limit_bytes)

    def close(self) -> None:
        self._client.close()

    def _asked(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        rest: dict[str, Any],
        is_enough: Callable[[bytes], bool],
        limit_bytes: int,
    ) -> Answer:
        """An answer that is a success, whole or `is_enough`."""
        lost, busy, waited_seconds = 0, 0, 0.0
        while True:
            answer = self._received(method, path, headers, rest, limit_bytes)
            if answer.broken is not None:
                if answer.is_success and not answer.is_slow and is_enough(answer.body):
                    if answer.is_silent:
                        # What came counts; there is no use in asking on.
                        self._note_silence(self._unreachable(answer.broken))
                    need_partial(headers, answer)
                    return answer
                lost += 1
                if lost == TRIES or answer.is_silent or answer.is_slow:
                    raise self._note_silence(self._unreachable(answer.broken)) from answer.broken
                self._wait(WAITS_SECONDS[min(lost, len(WAITS_SECONDS)) - 1])
            elif answer.is_success:
                need_partial(headers, answer)
                return answer
            else:
                busy += 1
                seconds = _busy_seconds(answer, busy)
                if seconds is None or waited_seconds + seconds > BUSY_SECONDS:
                    error = trouble_of(answer.status, answer.body)
                    raise self._note_silence(error) if answer.is_to_ask_again else error
                waited_seconds += seconds
                self._wait(seconds)

    def _received(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        rest: dict[str, Any],
        limit_bytes: int,
    ) -> Answer:
        pieces: list[bytes] = []
        status, wait_seconds = 0, None
        broken: Exception | None = None
        self._current.deadline = deadline = Deadline(self._monotonic)
        try:
            with self._client.stream(method, path, headers=headers, **rest) as answer:
                status, wait_seconds = answer.status_code, asked_wait_seconds(answer)
                self.server_ms = date_ms(answer)
                need_plain(answer)
                limit = limit_bytes if answer.is_success else ANSWER_LIMIT_BYTES
                for piece in pieces_of(answer, limit, deadline):
                    pieces.append(piece)
        except (self._lost, TooSlow) as error:
            broken = error
        finally:
            self._current.deadline = None
        is_slow = broken is not None and deadline.left_seconds() <= 0
        is_silent = isinstance(broken, self._late) and not is_slow
        return Answer(status, wait_seconds, b"".join(pieces), broken, is_silent, is_slow)

    def _note_silence(self, error: StoreError) -> StoreError:
        """Remembers that the server did not answer; gives the error."""
        self._silence = (self._monotonic(), error)
        return error

    def _unreachable(self, error: Exception) -> StoreError:
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


def _busy_seconds(answer: Answer, busy: int) -> float | None:
    """How long to wait before a request that was refused `busy` times is made again; None: it is
    not to be made again."""
    told = answer.wait_seconds
    if not answer.is_to_ask_again or busy == (TRIES if told is None else BUSY_TRIES):
        return None
    if told is None:
        return WAITS_SECONDS[min(busy, len(WAITS_SECONDS)) - 1]
    return min(told, BUSY_WAIT_LIMIT_SECONDS)
