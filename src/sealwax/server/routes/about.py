"""What the server says of itself: its limits and its health."""

from typing import Any

from litestar import MediaType, Response, get

from sealwax.ledger.wire import (
    API_VERSION,
    BATCH_COMMITS,
    BATCH_OBJECTS,
    BODY_LIMIT_BYTES,
    Config,
    ServerStatus,
)
from sealwax.server.quota import PLANS_BYTES
from sealwax.server.routes.asked import Asked, need_welcome, threaded
from sealwax.server.status_page import page


@get("/v1/config", sync_to_thread=False)
def config() -> Config:
    """What this server takes at most, and the plans that it offers."""
    return Config(API_VERSION, BODY_LIMIT_BYTES, BATCH_OBJECTS, BATCH_COMMITS, list(PLANS_BYTES))


@get("/status")
@threaded
def status(request: Asked) -> Response[Any]:
    """The health of the server: a page for browsers, JSON for everything else."""
    found: ServerStatus = need_welcome(request).status.now()
    code = 200 if found.is_working else 503
    if "text/html" in request.headers.get("accept", ""):
        return Response(page(found), media_type=MediaType.HTML, status_code=code)
    return Response(found, media_type=MediaType.JSON, status_code=code)


ROUTES = [config, status]
