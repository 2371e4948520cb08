"""Zones, their commits, and the events that tell of them."""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import QueryParameter, RawBody
from litestar.response import Stream

from sealwax.ledger.commit import SEQ_LIMIT, Commit
from sealwax.ledger.names import commit_hash
from sealwax.ledger.wire import (
    EVENT_COMMIT_BYTES,
    EVENT_OBJECTS_BYTES,
    Appended,
    Event,
    ZoneHead,
    encode_frames,
)
from sealwax.server.parts import Parts
from sealwax.server.refusal import Refusal
from sealwax.server.routes.asked import (
    AccountPath,
    Asked,
    SeqPath,
    ZoneQuery,
    commit_bytes,
    is_essential,
    known_zone,
    octets,
    parts_of,
    reader_of,
    signed_in,
    standing_of,
    threaded,
)

_HEARTBEAT = b": still here\r\n\r\n"


@get("/v1/accounts/{account:str}/zones")
@threaded
def zones(request: Asked, account: AccountPath) -> list[ZoneHead]:
    """The heads of all zones, as of one moment."""
    return parts_of(request).zones.heads(signed_in(request, account))


@get("/v1/accounts/{account:str}/commits")
@threaded
def read_commits(
    request: Asked,
    account: AccountPath,
    zone: ZoneQuery,
    start: Annotated[int, QueryParameter(ge=0, le=SEQ_LIMIT)] = 0,
) -> Response[bytes]:
    """Frames of commits from `start` on; an empty body at the end."""
    name, last_seq = reader_of(request, account, known_zone(zone))
    found = parts_of(request).zones.read(name, zone, start)
    if last_seq is not None:
        found = found[: max(0, last_seq + 1 - start)]
    return octets(encode_frames(found))


@get("/v1/accounts/{account:str}/commits/{seq:int}")
@threaded
def get_commit(
    request: Asked, account: AccountPath, seq: SeqPath, zone: ZoneQuery
) -> Response[bytes]:
    """One commit."""
    name = signed_in(request, account)
    return octets(parts_of(request).zones.get(name, known_zone(zone), seq))


@post("/v1/accounts/{account:str}/commits/{seq:int}", status_code=200)
@threaded
def append_commit(
    request: Asked, account: AccountPath, seq: SeqPath, zone: ZoneQuery, body: RawBody
) -> Appended:
    """Appends a commit, or says why not: 409 with the head, 412, 423, 507."""
    name, data, parts = signed_in(request, account), commit_bytes(body), parts_of(request)
    appended = parts.zones.append(name, known_zone(zone), seq, data, is_essential(request))
    if parts.push.is_heard(name):
        parts.push.tell(name, _event(parts, name, zone, appended.commit, data))
    return Appended(appended.seq)


@get("/v1/accounts/{account:str}/events", media_type="text/event-stream")
@threaded
def events(request: Asked, account: AccountPath) -> Stream:
    """Server-sent events: the head of a zone each time that it grows."""
    name, _ = standing_of(request, account)
    parts = parts_of(request)
    if not parts.push.has_room(name):
        raise Refusal(
            429, "too-many-requests", "Too many devices listen already.", retry_after_seconds=30
        )
    token = request.headers["authorization"].partition(" ")[2].strip()
    lines = _lines(parts, name, token)
    return Stream(lines, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _lines(parts: Parts, account: bytes, token: str) -> AsyncIterator[bytes]:
    member = parts.tokens.caller(account, token).member

    def is_welcome() -> bool:
        if parts.accounts.member(account, member) is None:
            return False
        parts.seen.note(account, member)
        return parts.accounts.standing(account).locked_ms is None

    async for event in parts.push.listen(account, is_welcome):
        if event is None:
            yield _HEARTBEAT
        else:
            yield b"event: commit\r\ndata: " + msgspec.json.encode(event) + b"\r\n\r\n"


def _event(parts: Parts, account: bytes, zone: str, commit: Commit, data: bytes) -> Event:
    """What devices are told; all that is small is inside."""
    added = commit.header.added
    objects: tuple[bytes, ...] = ()
    is_small = len(data) <= EVENT_COMMIT_BYTES
    if is_small and 0 < sum(size_bytes for _, size_bytes in added) <= EVENT_OBJECTS_BYTES:
        objects = tuple(parts.objects.get_some(account, [name for name, _ in added]))
    hash_ = commit_hash(data).hex()
    return Event(zone, commit.header.seq, hash_, data if is_small else b"", objects)


ROUTES = [zones, read_commits, get_commit, append_commit, events]
