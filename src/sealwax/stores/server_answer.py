"""One answer of a server: how much of it is read, for how long, and what it tells."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sealwax.ledger.wire import Trouble
from sealwax.stores.base import StoreError
from sealwax.stores.deadline import Deadline
from sealwax.stores.server_errors import AnswerTooLarge, ServerTrouble, refusal

if TYPE_CHECKING:
    import httpx

ANSWER_LIMIT_BYTES = 64 * 1024
"""An answer that is a struct of the wire, or a refusal, has no more bytes."""
_AGAIN = frozenset((408, 429, 502, 503, 504))
_PARTIAL = 206
_decode_trouble = msgspec.json.Decoder(Trouble).decode


class TooSlow(Exception):
    """An answer takes longer than its deadline allows."""


class Answer(NamedTuple):
    """An answer, or as much of it as came; `broken` says why there is no more. `is_silent` says
    that nothing came for long, `is_slow` that it took too long in all."""

    status: int
    wait_seconds: float | None
    body: bytes
    broken: Exception | None
    is_silent: bool = False
    is_slow: bool = False

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_to_ask_again(self) -> bool:
        return self.status in _AGAIN


def pieces_of(answer: "httpx.Response", limit_bytes: int, deadline: Deadline) -> Iterator[bytes]:
    """The body as it comes; raises AnswerTooLarge and TooSlow. Of an answer that is no success the
    beginning is enough."""
    size_bytes = 0
    for piece in answer.iter_bytes():
        size_bytes += len(piece)
        deadline.moved(len(piece))
        if size_bytes > limit_bytes:
            if answer.is_success:
                raise AnswerTooLarge("The server's answer is larger than one may be.")
            return
        yield piece
        if deadline.left_seconds() <= 0:
            raise TooSlow


def need_plain(answer: "httpx.Response") -> None:
    """Raises ServerTrouble for an answer that is packed: nobody asked for that, and a little of it
    could be unpacked into any amount."""
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise ServerTrouble("The server's answer is packed, which was not asked for.")


def need_partial(headers: dict[str, str], answer: Answer) -> None:
    """Raises ServerTrouble where a part was asked for and another one came."""
    if "range" in headers and answer.status != _PARTIAL:
        raise ServerTrouble("The server answers with another part than was asked for.")


def date_ms(answer: "httpx.Response") -> int | None:
    """The server's clock (ms since 1970)."""
    try:
        return int(parsedate_to_datetime(answer.headers.get("date", "")).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return None


def asked_wait_seconds(answer: "httpx.Response") -> float | None:
    """How long the server asks to wait."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isdecimal() and len(said) < 6 else None


def trouble_of(status: int, body: bytes) -> StoreError:
    """The error that an answer tells of."""
    try:
        return refusal(_decode_trouble(body), status)
    except msgspec.MsgspecError:
        return ServerTrouble(f"The server answers with HTTP {status}.")
