"""The routes of attachments: their bytes, whole or in ranges, and small pictures of them."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.response import Stream

from sealwax.agent.port import Port
from sealwax.agent.selecting import NothingMatches
from sealwax.library.view import AttachmentView
from sealwax.model.file_kind import HEAD_BYTES, OCTETS, harmless_name, sniffed
from sealwax.thumbnail.decoder import Decodes
from sealwax.web.kinds import is_shown
from sealwax.web.reading import Asked, Record, port_of
from sealwax.web.thumbnails import Thumbnails

RANGE_LIMIT_BYTES = 4 * 1024 * 1024
"""A range that is longer is answered with its beginning: the player asks again."""
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_ALONE = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""A file that is opened in a window of its own runs nothing and loads nothing."""
_KEPT_SECONDS = 3_600


@get("/api/files/{record:int}", sync_to_thread=True)
def file(request: Asked, record: Record) -> Response[Any]:
    """An attachment. What is not a picture, a sound or a film by its first bytes is a download."""
    port = port_of(request)
    found = _attachment(port, record)
    size_bytes = found.size_bytes or 0
    head = _part(port, found, 0, min(HEAD_BYTES, size_bytes))
    kind = sniffed(head, found.mime_type)
    headers = _headers(found, head, kind)
    span = _span(request.headers.get("range"), size_bytes)
    if span is None:
        headers["Content-Length"] = str(size_bytes)
        return Stream(_pieces(port, found), media_type=kind, headers=headers)
    start, end = span
    if start >= end:
        headers["Content-Range"] = f"bytes */{size_bytes}"
        return Response(b"", media_type=kind, status_code=416, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size_bytes}"
    data = _part(port, found, start, end)
    return Response(data, media_type=kind, status_code=206, headers=headers)


@get("/api/thumbnails/{record:int}", sync_to_thread=True)
def small(request: Asked, record: Record) -> Response[bytes]:
    """A small picture of an attachment; no content for what has none: that is no failure."""
    port = port_of(request)
    kept: Thumbnails = request.app.state.thumbnails
    is_known, picture = kept.get(record)
    if not is_known:
        found = _attachment(port, record)
        picture = port.read(lambda agent: agent.thumbnails.kept(found))
        if picture is None:
            is_known, picture = _made_now(request, port, found)
        if picture is not None or is_known:
            kept.keep(record, picture)
    if picture is None:
        return Response(b"", media_type=OCTETS, status_code=204)
    return Response(
        picture,
        media_type="image/jpeg",
        headers={"Cache-Control": f"private, max-age={_KEPT_SECONDS}"},
    )


ROUTES = [file, small]


def _made_now(request: Asked, port: Port, found: AttachmentView) -> tuple[bool, bytes | None]:
    """Whether the photo is on this device, and a small picture of it. No photo is fetched to show a
    thread; and it is opened outside of `read`, where others would wait for it."""
    with request.app.state.thumbnails.slots:
        photo = port.read(lambda agent: agent.thumbnails.photo_here(found))
        if photo is None:
            return False, None
        decoder: Decodes = request.app.state.decoder
        return True, decoder.small_picture(photo)


def _attachment(port: Port, record: int) -> AttachmentView:
    found = port.read(lambda agent: agent.browse.attachment(record))
    if found is None:
        raise NothingMatches("This attachment is not there.")
    if found.size_bytes is None:
        raise NothingMatches("The source did not have this file, so it is not kept.")
    return found


def _part(port: Port, found: AttachmentView, start: int, end: int) -> bytes:
    return port.read(lambda agent: agent.browse.part(found, start, end))


def _pieces(port: Port, found: AttachmentView) -> Iterator[bytes]:
    begin = 0
    for _, size_bytes in found.chunks:
        yield _part(port, found, begin, begin + size_bytes)
        begin += size_bytes


def _headers(found: AttachmentView, head: bytes, kind: str) -> dict[str, str]:
    told = found.name.rpartition("/")[2][-200:] or "attachment"
    name = quote(harmless_name(told, head, found.mime_type), safe="")
    placed = "inline" if is_shown(kind) else "attachment"
    return {
        "Content-Disposition": f"{placed}; filename*=UTF-8''{name}",
        "Content-Security-Policy": _ALONE,
        "Accept-Ranges": "bytes",
    }


def _span(asked: str | None, size_bytes: int) -> tuple[int, int] | None:
    """From where to where, as far as one answer goes; None for the whole, or for what has no
    meaning, which the standard says to pass over."""
    match = _RANGE.fullmatch(asked or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(size_bytes - min(int(last), RANGE_LIMIT_BYTES), 0), size_bytes
    start = int(first)
    end = min(int(last) + 1 if last else size_bytes, size_bytes, start + RANGE_LIMIT_BYTES)
    return start, end
