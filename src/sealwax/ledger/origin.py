"""The origin of a server: its scheme, host and port, written in one way only.

Implements "Signing in" of docs/server.md.
"""

import ipaddress
from urllib.parse import urlsplit

ORIGIN_LIMIT = 300
_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The origin of an address: `https://example.org`, `http://127.0.0.1:8420`. The port is left
    out where it is the scheme's own, and hosts are in lower case, as browsers write them (RFC
    6454). Raises ValueError for what is no address of a server."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("This is no address of a server.")
    port = parts.port
    is_usual = port is None or port == _PORTS[parts.scheme]
    origin = f"{parts.scheme}://{_host(parts.hostname)}{'' if is_usual else f':{port}'}"
    if len(origin) > ORIGIN_LIMIT:
        raise ValueError("This address is too long.")
    return origin


def _host(name: str) -> str:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        # UnicodeError is a ValueError.
        return name.encode("idna").decode("ascii").lower()
    return f"[{address}]" if address.version == 6 else str(address)
