"""The page's own files: read once, kept in memory, packed for the wire."""

import gzip
import hashlib
from importlib import resources
from typing import NamedTuple

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
