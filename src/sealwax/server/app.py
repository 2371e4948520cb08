"""The server's HTTP: its routes together, and how errors are told.

Handlers are short: they read the request, ask one part of the server, and answer. Bodies of objects
and commits are plain bytes; everything else is JSON of `ledger.wire`.
"""

import logging
from copy import deepcopy

from litestar import Litestar, Response
from litestar.datastructures import ResponseHeader
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin

from sealwax import __version__
from sealwax.ledger.wire import BODY_LIMIT_BYTES, Trouble
from sealwax.server.origins import Origins
from sealwax.server.parts import Parts
from sealwax.server.refusal import PROBLEM, Refusal, disk_full, malformed
from sealwax.server.routes import about, accounts, chains, linking, objects
from sealwax.server.routes.asked import ORIGINS, STATE, Asked
from sealwax.stores.base import StoreFull

LOG = logging.getLogger("sealwax.server")
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}
_CODES = {404: "not-there", 405: "method-not-allowed", 413: "request-too-large"}

ROUTES = [
    *about.ROUTES,
    *accounts.ROUTES,
    *chains.ROUTES,
    *objects.ROUTES,
    *linking.ROUTES,
]


def create_app(parts: Parts, origins: Origins) -> Litestar:
    """The application for one server, which devices call by its origins."""

    async def started(_: Litestar) -> None:
        parts.push.start()

    app = Litestar(
        # Litestar changes the handlers that it is given; another application needs its own.
        route_handlers=deepcopy(ROUTES),
        on_startup=[started],
        request_max_body_size=BODY_LIMIT_BYTES,
        openapi_config=OpenAPIConfig(
            title="Sealwax server",
            version=__version__,
            path="/schema",
            # Nothing is fetched from elsewhere: the schema, in two forms, without a viewer.
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
        ),
        exception_handlers={
            Refusal: _refused,
            HTTPException: _http_error,
            StoreFull: _disk_full,
            RecursionError: _too_deep,
            Exception: _broken,
        },
        response_headers=[ResponseHeader(name=name, value=value) for name, value in _SAFE.items()],
        logging_config=None,
    )
    app.state[STATE], app.state[ORIGINS] = parts, origins
    return app


def _refused(_: Asked, error: Refusal) -> Response[Trouble]:
    wait = error.retry_after_seconds
    return Response(
        error.trouble,
        media_type=PROBLEM,
        status_code=error.trouble.status,
        headers={"Retry-After": str(wait)} if wait is not None else {},
    )


def _http_error(request: Asked, error: HTTPException) -> Response[Trouble]:
    """What the framework itself refuses: no such path, a body of the wrong form."""
    status = error.status_code
    if status >= 500:
        return _broken(request, error)
    code = _CODES.get(status, "request-malformed")
    return _refused(request, Refusal(status, code, error.detail))


def _too_deep(request: Asked, _: RecursionError) -> Response[Trouble]:
    """Only what comes from outside is nested: JSON in JSON, thousands of times."""
    return _refused(request, malformed("This is nested too deeply."))


def _disk_full(request: Asked, error: Exception) -> Response[Trouble]:
    """The server's own disk, whatever an account's plan says."""
    LOG.error("the disk is full", exc_info=error)
    return _refused(request, disk_full())


def _broken(request: Asked, error: Exception) -> Response[Trouble]:
    """A mistake of ours, or a failing disk. What it was stays on the server, in its log."""
    LOG.error("a request failed", exc_info=error)
    return _refused(request, Refusal(500, "server-trouble", "Something went wrong on the server."))
