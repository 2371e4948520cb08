"""By which origins devices call this server: what a device signs names the one that it called.

So a server that passes on what another one asks a device to sign gets nothing for it: the device
signed the address of the server that it spoke with. What a request says of itself (Host, a proxy's
headers) proves nothing here, for whoever passes it on writes that too.
"""

from collections.abc import Iterator
from contextlib import suppress

from sealwax.base.loopback import is_loopback
from sealwax.base.own_hosts import own_hosts
from sealwax.ledger.origin import origin_of
from sealwax.server.listening import Listening
from sealwax.server.refusal import Refusal, not_allowed

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TLS_PORT = 443


class Origins:
    """The origins of a server: those that its operator named, or those of this computer."""

    def __init__(self, where: Listening, port: int) -> None:
        """`port` is the one that it listens at."""
        self._where = where
        self._port = port

    def known(self) -> set[str]:
        """All of them, as of now: a computer's addresses change."""
        if self._where.origins:
            return set(self._where.origins)
        return set(self._of_this_computer())

    def need_known(self, origin: str) -> None:
        """Raises Refusal for an origin that is not this server's."""
        if origin not in self.known():
            raise _unknown(origin)

    def _of_this_computer(self) -> Iterator[str]:
        for host in {*_LOOPBACK, self._where.host, *own_hosts()}:
            with suppress(ValueError):
                # A device speaks HTTP without TLS to its own computer alone.
                if self._where.certificate is None and is_loopback(host):
                    yield origin_of(f"http://{_bracketed(host)}:{self._port}")
                for port in self._tls_ports():
                    yield origin_of(f"https://{_bracketed(host)}:{port}")

    def _tls_ports(self) -> tuple[int, ...]:
        """Where this server, or the proxy before it, does TLS."""
        if self._where.certificate is not None:
            return (self._port,)
        return (_TLS_PORT,) if self._where.is_proxied else ()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _unknown(origin: str) -> Refusal:
    return not_allowed(
        f"This server is not known as {origin}. If devices should call it so, its operator adds"
        f" `--origin {origin}` to `sealwax serve`.",
        "origin-unknown",
    )
