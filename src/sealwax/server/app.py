"""The server's HTTP: routes, what they take and give, and how errors are told.

Handlers are short: they read the request, ask one part of the server, and answer. Bodies of objects
and commits are plain bytes; everything else is JSON of `ledger.wire`.
"""

import dataclasses
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from copy import deepcopy
from functools import partial, wraps
from typing import Annotated, Any, ParamSpec, TypeVar

from anyio import to_thread
from litestar import Litestar, MediaType, Request, Response, get, post, put
from litestar.datastructures import ResponseHeader
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.params import Parameter, RawBody
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from sealwax import __version__
from sealwax.ledger.commit import COMMIT_LIMIT_BYTES, SEQ_LIMIT
from sealwax.ledger.names import is_zone
from sealwax.ledger.wire import (
    API_VERSION,
    BATCH_COMMITS,
    BATCH_OBJECTS,
    BODY_LIMIT_BYTES,
    Appended,
    Challenge,
    Config,
    PlanRequest,
    ServerStatus,
    Token,
    TokenRequest,
    Trouble,
    Usage,
    ZoneHead,
    decode_frames,
    decode_names,
    encode_frames,
    encode_names,
)
from sealwax.server.accounts import PLANS_BYTES, Accounts
from sealwax.server.links import Links
from sealwax.server.objects import Objects
from sealwax.server.push import Push
from sealwax.server.refusal import Refusal, malformed, not_allowed
from sealwax.server.status import Status, page
from sealwax.server.tokens import Tokens
from sealwax.server.zones import Zones

LOG = logging.getLogger("sealwax.server")
OCTETS = "application/octet-stream"
PROBLEM = "application/problem+json"
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}

AccountPath = Annotated[str, Parameter(pattern="^[0-9a-f]{64}$")]
BoxPath = Annotated[str, Parameter(pattern="^[0-9a-f]{64}$")]
SidePath = Annotated[str, Parameter(pattern="^(new|trusted)$")]
Seq = Annotated[int, Parameter(ge=0, le=SEQ_LIMIT)]


@dataclasses.dataclass(frozen=True)
class Parts:
    """The parts of one server."""

    accounts: Accounts
    zones: Zones
    objects: Objects
    tokens: Tokens
    links: Links
    push: Push
    status: Status


Asked = Request[Any, Any, Any]
P = ParamSpec("P")
T = TypeVar("T")


def _threaded(act: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Runs a handler in a thread. The framework's own way wraps a handler twice when its path has
    another method too."""

    @wraps(act)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread.run_sync(partial(act, *args, **kwargs))

    return run


def _parts(request: Asked) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


def _signed_in(request: Asked, account: str) -> bytes:
    """The account, when the request's token is good for it and it is not locked."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise not_allowed("This needs a token.", "token-missing")
    name = bytes.fromhex(account)
    parts = _parts(request)
    parts.tokens.caller(name, token.strip())
    standing = parts.accounts.standing(name)
    if standing.locked_ms is not None:
        detail = f"The operator locked this account: {standing.lock_reason}"
        raise Refusal(423, "account-locked", detail, since_ms=standing.locked_ms)
    return name


def _zone(zone: str) -> str:
    if not is_zone(zone):
        raise malformed("There is no zone of this name.")
    return zone


def _octets(data: bytes, status_code: int = 200) -> Response[bytes]:
    return Response(data, media_type=OCTETS, status_code=status_code)


@get("/v1/config", sync_to_thread=False)
def config() -> Config:
    return Config(API_VERSION, BODY_LIMIT_BYTES, BATCH_OBJECTS, BATCH_COMMITS, list(PLANS_BYTES))


@get("/status")
@_threaded
def status(request: Asked) -> Response[Any]:
    """The health of the server: a page for browsers, JSON for everything else."""
    found: ServerStatus = _parts(request).status.now()
    code = 200 if found.is_working else 503
    if "text/html" in request.headers.get("accept", ""):
        return Response(page(found), media_type=MediaType.HTML, status_code=code)
    return Response(found, media_type=MediaType.JSON, status_code=code)


@post("/v1/challenges")
@_threaded
def challenge(request: Asked) -> Challenge:
    return Challenge(_parts(request).tokens.challenge().hex())


@put("/v1/accounts/{account:str}", status_code=204)
@_threaded
def claim(
    request: Asked,
    account: AccountPath,
    invitation: Annotated[str, Parameter(header="x-invitation", max_length=128)],
    body: RawBody,
) -> None:
    """Begins an account: the body is its first commit."""
    _parts(request).accounts.claim(bytes.fromhex(account), invitation, _commit_bytes(body))


@get("/v1/recoveries/{member:str}")
@_threaded
def find_accounts(
    request: Asked, member: Annotated[str, Parameter(pattern="^[0-9a-f]{32}$")]
) -> list[str]:
    """The accounts whose recovery key has this id: for a device that has nothing but the key."""
    found = _parts(request).accounts.of_recovery(bytes.fromhex(member))
    return [account.hex() for account in found]


@get("/v1/accounts/{account:str}")
@_threaded
def usage(request: Asked, account: AccountPath) -> Usage:
    return _parts(request).accounts.usage(_signed_in(request, account))


@post("/v1/accounts/{account:str}/tokens")
@_threaded
def token(request: Asked, account: AccountPath, data: TokenRequest) -> Token:
    return _parts(request).tokens.issue(bytes.fromhex(account), data)


@post("/v1/accounts/{account:str}/plan", status_code=204)
@_threaded
def ask_for_plan(request: Asked, account: AccountPath, data: PlanRequest) -> None:
    _parts(request).accounts.ask_for_plan(_signed_in(request, account), data.plan_bytes)


@get("/v1/accounts/{account:str}/zones")
@_threaded
def zones(request: Asked, account: AccountPath) -> list[ZoneHead]:
    return _parts(request).zones.heads(_signed_in(request, account))


@get("/v1/accounts/{account:str}/commits")
@_threaded
def read_commits(
    request: Asked, account: AccountPath, zone: str, start: Seq = 0
) -> Response[bytes]:
    """Frames of commits from `start` on; an empty body at the end."""
    name = _signed_in(request, account)
    return _octets(encode_frames(_parts(request).zones.read(name, _zone(zone), start)))


@get("/v1/accounts/{account:str}/commits/{seq:int}")
@_threaded
def get_commit(request: Asked, account: AccountPath, seq: Seq, zone: str) -> Response[bytes]:
    name = _signed_in(request, account)
    return _octets(_parts(request).zones.get(name, _zone(zone), seq))


@post("/v1/accounts/{account:str}/commits/{seq:int}", status_code=200)
@_threaded
def append_commit(
    request: Asked,
    account: AccountPath,
    seq: Seq,
    zone: str,
    body: RawBody,
) -> Appended:
    """Appends a commit, or says why not: 409 with the head, 412, 423, 507."""
    name, data = _signed_in(request, account), _commit_bytes(body)
    stands = _parts(request).zones.append(name, _zone(zone), seq, data)
    _parts(request).push.tell(name, zone, stands, data)
    return Appended(stands)


@post("/v1/accounts/{account:str}/objects", status_code=200)
@_threaded
def put_objects(
    request: Asked,
    account: AccountPath,
    body: RawBody,
) -> Response[bytes]:
    """Keeps objects, given as frames; answers with their names when all are on the disk."""
    name = _signed_in(request, account)
    return _octets(encode_names(_parts(request).objects.put(name, _frames(body))))


@get("/v1/accounts/{account:str}/objects")
@_threaded
def list_objects(
    request: Asked,
    account: AccountPath,
    after: Annotated[str, Parameter(pattern="^([0-9a-f]{64})?$")] = "",
) -> Response[bytes]:
    """The next objects by name: 32 bytes of name and 8 of size each."""
    name = _signed_in(request, account)
    listed = _parts(request).objects.listed(name, bytes.fromhex(after))
    return _octets(b"".join(item.name + item.size_bytes.to_bytes(8, "big") for item in listed))


@get("/v1/accounts/{account:str}/objects/{name:str}")
@_threaded
def get_object(
    request: Asked,
    account: AccountPath,
    name: Annotated[str, Parameter(pattern="^[0-9a-f]{64}$")],
) -> Response[bytes]:
    """One object; with a Range header, a part of it."""
    data = _parts(request).objects.get(_signed_in(request, account), bytes.fromhex(name))
    return _ranged(data, request.headers.get("range"))


@post("/v1/accounts/{account:str}/objects/read", status_code=200)
@_threaded
def read_objects(request: Asked, account: AccountPath, body: RawBody) -> Response[bytes]:
    """The first of the named objects, as frames, as many as fit; an empty one is not here."""
    name = _signed_in(request, account)
    return _octets(encode_frames(_parts(request).objects.get_some(name, _names(body))))


@post("/v1/accounts/{account:str}/objects/present", status_code=200)
@_threaded
def present_objects(request: Asked, account: AccountPath, body: RawBody) -> Response[bytes]:
    """Those of the named objects that are here."""
    name = _signed_in(request, account)
    return _octets(encode_names(sorted(_parts(request).objects.present(name, _names(body)))))


@post("/v1/accounts/{account:str}/objects/delete", status_code=204)
@_threaded
def delete_objects(request: Asked, account: AccountPath, body: RawBody) -> None:
    """Deletes objects that nothing holds."""
    _parts(request).objects.delete(_signed_in(request, account), _names(body))


@get("/v1/accounts/{account:str}/events")
async def events(request: Asked, account: AccountPath) -> ServerSentEvent:
    """Server-sent events: the head of a zone each time that it grows."""
    name = _signed_in(request, account)
    push = _parts(request).push

    async def told() -> AsyncIterator[ServerSentEventMessage]:
        async for event in push.listen(name):
            if event is None:
                yield ServerSentEventMessage(comment="still here")
            else:
                yield ServerSentEventMessage(event="commit", data=json.dumps(event))

    return ServerSentEvent(told())


@put("/v1/accounts/{account:str}/links/{box:str}", status_code=204)
@_threaded
def open_link(request: Asked, account: AccountPath, box: BoxPath) -> None:
    """A trusted device opens a letter box for linking."""
    _parts(request).links.open(_signed_in(request, account), bytes.fromhex(box))


@put("/v1/links/{box:str}/{side:str}", status_code=204)
@_threaded
def leave_message(request: Asked, box: BoxPath, side: SidePath, body: RawBody) -> None:
    """Leaves the sealed message of one side."""
    _parts(request).links.leave(bytes.fromhex(box), side, body)


@get("/v1/links/{box:str}/{side:str}")
@_threaded
def take_message(request: Asked, box: BoxPath, side: SidePath) -> Response[bytes]:
    """The sealed message of one side; empty while there is none."""
    return _octets(_parts(request).links.take(bytes.fromhex(box), side))


ROUTES = [
    config, status, challenge, claim, find_accounts, usage, token, ask_for_plan, zones,
    read_commits, get_commit,
    append_commit, put_objects, list_objects, get_object, read_objects, present_objects,
    delete_objects, events, open_link, leave_message, take_message,
]  # fmt: skip


def create_app(parts: Parts) -> Litestar:
    """The application for one server."""

    async def started(_: Litestar) -> None:
        parts.push.start()

    app = Litestar(
        # Litestar changes the handlers that it is given; another application needs its own.
        route_handlers=deepcopy(ROUTES),
        on_startup=[started],
        request_max_body_size=BODY_LIMIT_BYTES,
        openapi_config=OpenAPIConfig(title="Sealwax server", version=__version__, path="/schema"),
        exception_handlers={
            Refusal: _refused,
            HTTPException: _http_error,
            Exception: _broken,
        },
        response_headers=[ResponseHeader(name=name, value=value) for name, value in _SAFE.items()],
        logging_config=None,
    )
    app.state.parts = parts
    return app


def _refused(_: Asked, error: Refusal) -> Response[Trouble]:
    return Response(error.trouble, media_type=PROBLEM, status_code=error.trouble.status)


def _http_error(request: Asked, error: HTTPException) -> Response[Trouble]:
    """What the framework itself refuses: no such path, a body of the wrong form."""
    return _refused(request, Refusal(error.status_code, "request-malformed", error.detail))


def _broken(request: Asked, error: Exception) -> Response[Trouble]:
    """A mistake of ours. What it was stays on the server, in its log."""
    LOG.error("a request failed", exc_info=error)
    return _refused(request, Refusal(500, "server-trouble", "Something went wrong on the server."))


def _commit_bytes(body: bytes) -> bytes:
    if not 0 < len(body) <= COMMIT_LIMIT_BYTES:
        raise malformed("A commit is empty or larger than one may be.")
    return body


def _frames(body: bytes) -> list[bytes]:
    try:
        return list(decode_frames(body))
    except ValueError as error:
        raise malformed(str(error)) from error


def _names(body: bytes) -> list[bytes]:
    try:
        return decode_names(body)
    except ValueError as error:
        raise malformed(str(error)) from error


def _ranged(data: bytes, asked: str | None) -> Response[bytes]:
    """The part `bytes=START-` or `bytes=START-END` of an object, END included."""
    if asked is None:
        return _octets(data)
    unit, _, spans = asked.partition("=")
    first, _, last = spans.partition("-")
    if unit != "bytes" or not first.isdecimal() or (last and not last.isdecimal()):
        raise malformed("This range has no meaning.")
    start, end = int(first), min(int(last), len(data) - 1) if last else len(data) - 1
    if not 0 <= start <= end:
        raise Refusal(416, "range-outside", "The object ends before that.")
    response = _octets(data[start : end + 1], 206)
    response.headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return response
