"""The page's own files: read once, kept in memory, packed for the wire.

They are answered before the framework is asked: a page needs a dozen of them before it can draw
anything.
"""

import gzip
import hashlib
from importlib import resources
from typing import NamedTuple

from sealwax.web.gate import Application, Receive, Scope, Send

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """A file of the page: its type, its bytes plain and packed, and a tag that names them."""

    kind: str
    plain: bytes
    packed: bytes
    tag: str


def load_assets() -> dict[str, Asset]:
    """All files of the page by name."""
    folder = resources.files("sealwax.web").joinpath("static")
    found = {}
    for file in folder.iterdir():
        suffix = f".{file.name.rpartition('.')[2]}"
        if suffix in KINDS:
            plain = file.read_bytes()
            tag = f'"{hashlib.sha256(plain).hexdigest()[:32]}"'
            found[file.name] = Asset(KINDS[suffix], plain, gzip.compress(plain, 9, mtime=0), tag)
    return found


class WithAssets:
    """An ASGI application that answers for the page's files itself, and hands on the rest."""

    def __init__(self, app: Application, assets: dict[str, Asset]) -> None:
        self._app = app
        self._assets = {f"/static/{name}": asset for name, asset in assets.items()}
        self._assets["/"] = assets["index.html"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asset = self._assets.get(scope["path"]) if scope["type"] == "http" else None
        if asset is None or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        asked = {name.lower(): value for name, value in scope["headers"]}
        # Kept by the browser, but asked for again each time: a new version is seen at once.
        headers = [
            (b"content-type", asset.kind.encode()),
            (b"etag", asset.tag.encode()),
            (b"cache-control", b"no-cache"),
            (b"vary", b"accept-encoding"),
        ]
        status, body = 200, asset.plain
        if asked.get(b"if-none-match", b"").decode("latin-1") == asset.tag:
            status, body = 304, b""
        elif b"gzip" in asked.get(b"accept-encoding", b""):
            headers.append((b"content-encoding", b"gzip"))
            body = asset.packed
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
