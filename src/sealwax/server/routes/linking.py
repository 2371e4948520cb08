"""Letter boxes for linking a new device; see `server.links`."""

from typing import Annotated

from litestar import Response, get, put
from litestar.params import PathParameter, RawBody

from sealwax.server.routes.asked import (
    AccountPath,
    Asked,
    need_welcome,
    octets,
    parts_of,
    signed_in,
    threaded,
)

BoxPath = Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")]
SidePath = Annotated[str, PathParameter(pattern="^(new|trusted)$")]


@put("/v1/accounts/{account:str}/links/{box:str}", status_code=204)
@threaded
def open_link(request: Asked, account: AccountPath, box: BoxPath) -> None:
    """A trusted device opens a letter box for linking."""
    parts_of(request).links.open(signed_in(request, account), bytes.fromhex(box))


@put("/v1/links/{box:str}/{side:str}", status_code=204)
@threaded
def leave_message(request: Asked, box: BoxPath, side: SidePath, body: RawBody) -> None:
    """Leaves the sealed message of one side."""
    need_welcome(request).links.leave(bytes.fromhex(box), side, body)


@get("/v1/links/{box:str}/{side:str}")
@threaded
def take_message(request: Asked, box: BoxPath, side: SidePath) -> Response[bytes]:
    """The sealed message of one side; empty while there is none."""
    return octets(need_welcome(request).links.take(bytes.fromhex(box), side))


ROUTES = [open_link, leave_message, take_message]
