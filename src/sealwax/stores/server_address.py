"""Addresses of servers."""

from urllib.parse import urlsplit

from sealwax.base.loopback import is_loopback
from sealwax.ledger.origin import origin_of
from sealwax.stores.server_errors import BadAddress


def checked_url(url: str) -> str:
    """The address of a server, without a slash at its end; raises BadAddress."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadAddress("This is no address of a server.")
    if parts.username or parts.password:
        raise BadAddress("An address holds no name and no password.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise BadAddress(f"The line to {parts.hostname} would not be encrypted.")
    try:
        origin_of(url)
    except ValueError as error:
        raise BadAddress("This is no address of a server.") from error
    return url.rstrip("/")


def is_server(address: str) -> bool:
    """Whether an address is a server's, not a folder's."""
    return address.startswith(("http://", "https://"))
