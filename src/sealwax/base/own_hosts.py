"""The names and addresses of this computer, as it knows them itself: nobody is asked."""

import socket
from contextlib import suppress

import psutil  # type: ignore[import-untyped]


def own_hosts() -> set[str]:
    """Its name, its name on a local network, and the addresses of its interfaces."""
    name = socket.gethostname().lower()
    hosts = {name, f"{name}.local"} if name else set[str]()
    # A process with few rights may not ask the kernel for addresses.
    with suppress(OSError):
        for addresses in psutil.net_if_addrs().values():
            for one in addresses:
                if one.family in (socket.AF_INET, socket.AF_INET6):
                    hosts.add(one.address.partition("%")[0])
    return hosts
