"""What stands before the application: who may ask, from which page, under which address.

A page of another site may try to reach a program on loopback: by a name that it points at 127.0.0.1
(the Host tells), by a form or a script of its own (the Origin and the fetch metadata tell), or in a
frame. Another user of this computer may reach the port too: without the session's cookie they get
nothing. Cookies do not tell ports apart, so this one belongs to a path that no other program knows.
"""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from sealwax.base.entropy import Entropy

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]

COOKIE = "sealwax"
SECRET_BYTES = 32
RUN_BYTES = 12
CONTENT_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: tuple[Header, ...] = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
_SAFE_METHODS = ("GET", "HEAD")
_STYLE = (
    ":root{color-scheme:light dark}body{display:grid;place-content:center;min-height:90vh;margin:0;"
    "padding:24px;font:17px/1.5 system-ui,sans-serif;background:light-dark(#fcfaf7,#161412);"
    "color:light-dark(#231e1a,#ede7e0)}main{max-width:34em}h1{font:600 30px/1.2 ui-serif,Georgia,"
    "serif}code{padding:2px 7px;border-radius:6px;background:light-dark(#efe9e1,#302b27)}"
)
_NOT_OPEN = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Sealwax</title>"
    '<meta name=viewport content="width=device-width">'
    f"<style>{_STYLE}</style><main><h1>This page is not open</h1>"
    "<p>Sealwax was started again, or the link was used already."
    " Run <code>sealwax open</code> for a new one.</p></main></html>"
)
_ENTERED = (
    '<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content="0;url=../">'
    f"<title>Sealwax</title><style>{_STYLE}</style>"
    '<main><p><a href="../">Open Sealwax</a></p></main></html>'
)
_PLAIN_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)
"""Of the two pages that are not the app: nothing but their own style."""


class Keys:
    """The secrets of one run: the path that everything lies under, the session, the links."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self.run = _text(entropy.bytes(RUN_BYTES))
        self._session = _text(entropy.bytes(SECRET_BYTES))
        self._links: set[str] = set()

    def new_link(self) -> str:
        """The path of a link that opens the page once."""
        key = _text(self._entropy.bytes(SECRET_BYTES))
        self._links.add(key)
        return f"/{self.run}/enter/{key}"

    def take_link(self, key: str) -> bool:
        """Uses a link up; whether it was good."""
        found = next((known for known in self._links if _is_same(known, key)), None)
        self._links.discard(found or "")
        return found is not None

    def is_link_open(self, path: str) -> bool:
        """Whether a link, by the path that `new_link` gave, was not used yet."""
        return path.rpartition("/")[2] in self._links

    def is_session(self, value: str) -> bool:
        return _is_same(self._session, value)

    def is_run(self, value: str) -> bool:
        return _is_same(self.run, value)

    def cookie(self) -> str:
        """What `Set-Cookie` says: sent with requests of the page itself, to this path alone."""
        return f"{COOKIE}={self._session}; Path=/{self.run}; HttpOnly; SameSite=Strict"


class Gate:
    """The application behind its checks; an ASGI application itself."""

    def __init__(self, app: Application, keys: Keys, hosts: Iterable[str]) -> None:
        """`hosts` are the values of Host under which the page may be asked for."""
        self._app = app
        self._keys = keys
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        guarded = _with_headers(send)
        if scope["type"] != "http":
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get(b"host", "").lower() not in self._hosts:
            await _answer(guarded, 403, "This is not an address of Sealwax.", "text/plain")
            return
        if scope["path"] == "/favicon.ico":
            # Browsers ask for it by themselves; there is nothing to be told.
            await _answer(guarded, 204, "", "text/plain")
            return
        _, run, *rest = scope["path"].split("/", 2)
        inside = "/" + (rest[0] if rest else "")
        if not self._keys.is_run(run):
            await _answer(guarded, 404, _NOT_OPEN, "text/html")
            return
        if inside.startswith("/enter/") and scope["method"] == "GET":
            await self._enter(guarded, inside.removeprefix("/enter/"), headers)
            return
        refused = self._why_not(scope["method"], inside, headers)
        if refused:
            status, code = refused
            body = f'{{"code":"{code}","sentence":"This page is not open any more.","hint":""}}'
            kind = "application/json" if inside.startswith("/api/") else "text/html"
            await _answer(guarded, status, body if "json" in kind else _NOT_OPEN, kind)
            return
        await self._app({**scope, "path": inside, "raw_path": inside.encode()}, receive, guarded)

    async def _enter(self, send: Send, key: str, headers: dict[bytes, str]) -> None:
        # Clicking a link twice, or going back to it, is no harm where the page is open already.
        if self._keys.take_link(key):
            # A page that goes on by itself, not a redirect: after one that began elsewhere, the
            # browser would hold a strict cookie back.
            cookie = (b"set-cookie", self._keys.cookie().encode())
            await _answer(send, 200, _ENTERED, "text/html", [cookie])
        elif self._keys.is_session(_cookie(headers)):
            await _answer(send, 200, _ENTERED, "text/html")
        else:
            await _answer(send, 403, _NOT_OPEN, "text/html")

    def _why_not(self, method: str, path: str, headers: dict[bytes, str]) -> tuple[int, str] | None:
        """The status and the code of a refusal, or None."""
        own = f"http://{headers[b'host'].lower()}"
        origin = headers.get(b"origin")
        if (origin is None and method not in _SAFE_METHODS) or origin not in (None, own):
            return 403, "origin-refused"
        site = headers.get(b"sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none") and path != "/":
            return 403, "origin-refused"
        if not self._keys.is_session(_cookie(headers)):
            return 401, "session-missing"
        return None


def _with_headers(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", []))
            names = {name.lower() for name, _ in given}
            given += [(name, value) for name, value in HEADERS if name not in names]
            if b"cache-control" not in names:
                given.append((b"cache-control", b"no-store"))
            message = {**message, "headers": given}
        await send(message)

    return guarded


async def _answer(
    send: Send, status: int, body: str, kind: str, headers: Iterable[Header] = ()
) -> None:
    data = body.encode()
    told = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-length", str(len(data)).encode()),
        *headers,
    ]
    if kind == "text/html":
        told.append((b"content-security-policy", _PLAIN_POLICY.encode()))
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": data})


def _cookie(headers: dict[bytes, str]) -> str:
    for part in headers.get(b"cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def _is_same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode())


def _text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
