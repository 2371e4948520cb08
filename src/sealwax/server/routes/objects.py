"""Sealed objects."""

from typing import Annotated

from litestar import Response, get, post
from litestar.params import PathParameter, QueryParameter, RawBody

from sealwax.ledger.wire import Looked, Staying, encode_frames, encode_names
from sealwax.server import held
from sealwax.server.routes.asked import (
    AccountPath,
    Asked,
    frames,
    is_essential,
    names,
    octets,
    parts_of,
    ranged,
    signed_in,
    standing_of,
    threaded,
)


@post("/v1/accounts/{account:str}/objects", status_code=200)
@threaded
def put_objects(request: Asked, account: AccountPath, body: RawBody) -> Response[bytes]:
    """Keeps objects, given as frames; answers with their names when all are on the disk."""
    name, standing = standing_of(request, account)
    objects = parts_of(request).objects
    return octets(encode_names(objects.put(name, frames(body), standing, is_essential(request))))


@get("/v1/accounts/{account:str}/objects")
@threaded
def list_objects(
    request: Asked,
    account: AccountPath,
    after: Annotated[str, QueryParameter(pattern="^([0-9a-f]{64})?$")] = "",
) -> Response[bytes]:
    """The next objects by name: 32 bytes of name and 8 of size each."""
    name = signed_in(request, account)
    listed = parts_of(request).objects.listed(name, bytes.fromhex(after))
    return octets(b"".join(item.name + item.size_bytes.to_bytes(8, "big") for item in listed))


@get("/v1/accounts/{account:str}/objects/{name:str}")
@threaded
def get_object(
    request: Asked,
    account: AccountPath,
    name: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")],
) -> Response[bytes]:
    """One object; with a Range header, a part of it."""
    data = parts_of(request).objects.get(signed_in(request, account), bytes.fromhex(name))
    return ranged(data, request.headers.get("range"))


@post("/v1/accounts/{account:str}/objects/read", status_code=200)
@threaded
def read_objects(request: Asked, account: AccountPath, body: RawBody) -> Response[bytes]:
    """The first of the named objects, as frames, as many as fit; an empty one is not here."""
    name = signed_in(request, account)
    return octets(encode_frames(parts_of(request).objects.get_some(name, names(body))))


@post("/v1/accounts/{account:str}/objects/present", status_code=200)
@threaded
def present_objects(request: Asked, account: AccountPath, body: RawBody) -> Response[bytes]:
    """Those of the named objects that are here."""
    name = signed_in(request, account)
    return octets(encode_names(sorted(parts_of(request).objects.present(name, names(body)))))


@post("/v1/accounts/{account:str}/objects/delete", status_code=200)
@threaded
def delete_objects(request: Asked, account: AccountPath, body: RawBody) -> Staying:
    """Deletes objects that nothing has held for long enough; gives those that stay for now."""
    freeing = parts_of(request).freeing
    return _told(freeing.delete(signed_in(request, account), names(body)))


@post("/v1/accounts/{account:str}/objects/staying", status_code=200)
@threaded
def staying_objects(request: Asked, account: AccountPath, body: RawBody) -> Staying:
    """Those of the named objects that would not be deleted now."""
    freeing = parts_of(request).freeing
    return _told(freeing.staying(signed_in(request, account), names(body)))


@post("/v1/accounts/{account:str}/objects/look", status_code=200)
@threaded
def look_at_objects(request: Asked, account: AccountPath, body: RawBody) -> Looked:
    """Has the server read the first of the named objects; gives how many it read, and those that
    are missing or damaged: damaged ones are put aside, and may be put again."""
    looked = parts_of(request).objects.look(signed_in(request, account), names(body))
    return Looked(looked.seen, [name.hex() for name in looked.lost])


@get("/v1/accounts/{account:str}/lost")
@threaded
def lost_objects(request: Asked, account: AccountPath) -> Response[bytes]:
    """The names of objects that the history holds and the server lost: whoever has them puts them
    again."""
    return octets(encode_names(parts_of(request).objects.lost(signed_in(request, account))))


def _told(stay: held.Staying) -> Staying:
    return Staying([name.hex() for name in stay.names], stay.until_ms)


ROUTES = [
    put_objects,
    list_objects,
    get_object,
    read_objects,
    present_objects,
    look_at_objects,
    lost_objects,
    delete_objects,
    staying_objects,
]
