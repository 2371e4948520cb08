"""The web application: its routes over one port, behind the gate."""

import logging
from collections.abc import AsyncIterator, Iterable
from copy import deepcopy
from threading import Thread
from typing import Any

import msgspec
from anyio import to_thread
from litestar import Litestar, Response, get
from litestar.config.compression import CompressionConfig
from litestar.exceptions import HTTPException
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from sealwax.agent.port import Event, Port
from sealwax.agent.selecting import NothingMatches
from sealwax.base.errors import SealwaxError
from sealwax.snapshot.pins import SnapshotMissing
from sealwax.thumbnail.decoder import Decoder
from sealwax.web import acting, files, reading
from sealwax.web.assets import WithAssets, load_assets
from sealwax.web.gate import Gate, Keys
from sealwax.web.plans import Plans
from sealwax.web.reading import Asked, Lists
from sealwax.web.refusals import NotHere
from sealwax.web.thumbnails import Thumbnails

LOG = logging.getLogger("sealwax.web")
BODY_LIMIT_BYTES = 64 * 1024
LISTENERS_LIMIT = 16
RETRY_MS = 1_000
PACKED_FROM_BYTES = 1_400
NOT_PACKED = ["^/api/files/", "^/api/thumbnails/", "^/api/events"]
"""What is packed already, or must not wait to be."""


class Refused(msgspec.Struct, frozen=True):
    """Why a request failed, as every surface tells it."""

    code: str
    sentence: str
    hint: str


@get("/api/events", sync_to_thread=False)
def events(request: Asked) -> ServerSentEvent:
    """What happens, as it happens: the jobs with each change of one, and the safety lines."""
    state = request.app.state
    if state.listeners >= LISTENERS_LIMIT:
        raise NotHere("Too many pages are open at once.", "Close some of them.")
    port: Port = state.port

    async def told() -> AsyncIterator[ServerSentEventMessage]:
        state.listeners += 1
        happening = iter(port.events())
        try:
            for kind in ("jobs", "safety"):
                yield await to_thread.run_sync(_told, port, kind)
            while True:
                event = await to_thread.run_sync(_next, happening)
                if isinstance(event, _End):
                    return
                if event is None:
                    # A comment: writing it finds out whether anybody listens still.
                    yield ServerSentEventMessage(comment="")
                else:
                    yield await to_thread.run_sync(_told, port, event.kind)
        finally:
            state.listeners -= 1

    return ServerSentEvent(told(), retry_duration=RETRY_MS)


def create_app(port: Port, keys: Keys, hosts: Iterable[str]) -> Gate:
    """The application for one port, as an ASGI application behind its gate."""
    lists = Lists()

    def warm() -> None:
        port.read(lambda agent: lists.get(agent, agent.browse.moment(None)))

    async def started(_: Litestar) -> None:
        # The browser takes a moment to come: its first question is answered by then.
        Thread(target=warm, name="sealwax first list", daemon=True).start()

    decoder = Decoder()

    async def ended(_: Litestar) -> None:
        decoder.close()

    app = Litestar(
        # Litestar changes the handlers that it is given; another application needs its own.
        route_handlers=deepcopy([events, *reading.ROUTES, *acting.ROUTES, *files.ROUTES]),
        request_max_body_size=BODY_LIMIT_BYTES,
        on_startup=[started],
        on_shutdown=[ended],
        openapi_config=None,
        compression_config=CompressionConfig(
            backend="gzip",
            minimum_size=PACKED_FROM_BYTES,
            gzip_compress_level=3,
            exclude=NOT_PACKED,
        ),
        exception_handlers={
            SealwaxError: _refused,
            HTTPException: _http_error,
            Exception: _broken,
        },
        logging_config=None,
    )
    app.state.port = port
    app.state.lists = lists
    app.state.plans = Plans()
    app.state.thumbnails = Thumbnails()
    app.state.decoder = decoder
    app.state.listeners = 0
    return Gate(WithAssets(app, load_assets()), keys, hosts)  # type: ignore[arg-type]


class _End:
    """Stands for the end of what happens."""


_END = _End()


def _next(happening: Any) -> Event | _End | None:
    found: Event | _End | None = next(happening, _END)
    return found


def _told(port: Port, kind: str) -> ServerSentEventMessage:
    """An event with what the page needs to know of it."""
    data: Any = None
    if kind == "jobs":
        data = port.jobs()
    elif kind == "safety":
        data = port.safety()
    return ServerSentEventMessage(event=kind, data=msgspec.json.encode(data).decode())


def _refused(_: Asked, error: SealwaxError) -> Response[Refused]:
    status = 404 if isinstance(error, NothingMatches | SnapshotMissing) else 409
    return Response(Refused(error.code, error.sentence, error.hint), status_code=status)


def _http_error(_: Asked, error: HTTPException) -> Response[Refused]:
    """What the framework itself refuses: no such path, a body of the wrong form."""
    told = Refused("page-request-malformed", "This request has no meaning.", "")
    return Response(told, status_code=error.status_code)


def _broken(_: Asked, error: Exception) -> Response[Refused]:
    """A mistake of ours. Its words may be a person's, so only its place goes to the log."""
    LOG.error("a request of the page failed: %s", type(error).__name__)
    told = Refused("own-mistake", "A mistake in Sealwax stopped this.", "Please report it.")
    return Response(told, status_code=500)
