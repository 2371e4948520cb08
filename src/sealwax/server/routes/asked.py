"""What every route does with a request: who asks, whether they may, plain bytes as an answer."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Annotated, Any, ParamSpec, TypeVar

from anyio import to_thread
from litestar import Request, Response
from litestar.params import PathParameter, QueryParameter

from sealwax.ledger.commit import COMMIT_LIMIT_BYTES, SEQ_LIMIT
from sealwax.ledger.names import ACCOUNT_ZONE, is_zone
from sealwax.ledger.wire import ESSENTIAL_HEADER, decode_frames, decode_names
from sealwax.server.connections import network_of
from sealwax.server.origins import Origins
from sealwax.server.parts import Parts
from sealwax.server.quota import Standing, need_unlocked
from sealwax.server.refusal import Refusal, malformed, not_allowed
from sealwax.server.tokens import Caller

OCTETS = "application/octet-stream"
STATE, ORIGINS = "parts", "origins"
ZONE_LIMIT = 64

AccountPath = Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")]
SeqPath = Annotated[int, PathParameter(ge=0, le=SEQ_LIMIT)]
ZoneQuery = Annotated[str, QueryParameter(max_length=ZONE_LIMIT)]

Asked = Request[Any, Any, Any]
P = ParamSpec("P")
T = TypeVar("T")


def threaded(act: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Runs a handler in a thread. The framework's own way wraps a handler twice when its path has
    another method too."""

    @wraps(act)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread.run_sync(partial(act, *args, **kwargs))

    return run


def parts_of(request: Asked) -> Parts:
    """The parts of the server that is asked."""
    parts: Parts = request.app.state[STATE]
    return parts


def origins_of(request: Asked) -> Origins:
    """The origins by which devices call the server that is asked."""
    origins: Origins = request.app.state[ORIGINS]
    return origins


def signed_in(request: Asked, account: str) -> bytes:
    """The account, when the request's token is good for it and it is not locked; raises Refusal."""
    return standing_of(request, account)[0]


def reader_of(request: Asked, account: str, zone: str) -> tuple[bytes, int | None]:
    """As `signed_in`; and the last seq of the zone that the caller may read, where there is one: a
    device that was put out may read the account's log up to that, and nothing else."""
    if zone != ACCOUNT_ZONE:
        return signed_in(request, account), None
    name, parts = bytes.fromhex(account), parts_of(request)
    removed_at = parts.accounts.removed_at(name, _caller(request, name, True).member)
    if removed_at < 0:
        return signed_in(request, account), None
    parts.limits.take_account(name)
    return name, removed_at


def _caller(request: Asked, account: bytes, is_former_welcome: bool = False) -> Caller:
    """Who asks; raises Refusal."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise not_allowed("This needs a token.", "token-missing")
    return parts_of(request).tokens.caller(account, token.strip(), is_former_welcome)


def standing_of(request: Asked, account: str) -> tuple[bytes, Standing]:
    """As `signed_in`, and what is kept about the account."""
    name = bytes.fromhex(account)
    parts = parts_of(request)
    caller = _caller(request, name)
    parts.limits.take_account(name)
    standing = parts.accounts.standing(name)
    need_unlocked(standing)
    parts.seen.note(name, caller.member)
    return name, standing


def need_welcome(request: Asked) -> Parts:
    """The parts, for whoever is not signed in but does not ask too often; raises Refusal."""
    parts = parts_of(request)
    parts.limits.take_stranger(network_of(request.client.host) if request.client else "")
    return parts


def is_essential(request: Asked) -> bool:
    """Whether the device says that this may use the reserve of a full account."""
    return bool(request.headers.get(ESSENTIAL_HEADER) == "1")


def known_zone(zone: str) -> str:
    """A zone that may be; raises Refusal."""
    if not is_zone(zone):
        raise malformed("There is no zone of this name.")
    return zone


def octets(data: bytes, status_code: int = 200) -> Response[bytes]:
    return Response(data, media_type=OCTETS, status_code=status_code)


def commit_bytes(body: bytes) -> bytes:
    """The bytes of a commit; raises Refusal."""
    if not 0 < len(body) <= COMMIT_LIMIT_BYTES:
        raise malformed("A commit is empty or larger than one may be.")
    return body


def frames(body: bytes) -> list[memoryview]:
    """The frames of a body, not copied; raises Refusal."""
    try:
        return list(decode_frames(memoryview(body)))
    except ValueError as error:
        raise malformed(str(error)) from error


def names(body: bytes) -> list[bytes]:
    """The names of objects in a body; raises Refusal."""
    try:
        return decode_names(body)
    except ValueError as error:
        raise malformed(str(error)) from error


def ranged(data: bytes, asked: str | None) -> Response[bytes]:
    """The part `bytes=START-` or `bytes=START-END` of an object, END included; raises Refusal."""
    if asked is None:
        return octets(data)
    unit, _, spans = asked.partition("=")
    first, _, last = spans.partition("-")
    if unit != "bytes" or not _is_count(first) or (last and not _is_count(last)):
        raise malformed("This range has no meaning.")
    start, end = int(first), min(int(last), len(data) - 1) if last else len(data) - 1
    if not 0 <= start <= end:
        raise Refusal(416, "range-outside", "The object ends before that.")
    response = octets(data[start : end + 1], 206)
    response.headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return response


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 12
