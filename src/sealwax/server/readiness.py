"""Telling the service manager that the server listens, in systemd's protocol of one datagram.

So `systemctl start` waits for a server that works, and fails where it does not come to that.
"""

import socket
from collections.abc import Mapping

SOCKET_VARIABLE = "NOTIFY_SOCKET"
READY = b"READY=1"


def tell_ready(environment: Mapping[str, str]) -> bool:
    """Tells whoever started this process that it is ready; says whether anybody was told. Nobody
    asks where no service manager started it, and one that does not listen holds nothing up."""
    address = environment.get(SOCKET_VARIABLE, "")
    if not address.startswith(("/", "@")):
        return False
    # An address that begins with @ is no file: a name of the kernel's own.
    name = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.connect(name)
            line.send(READY)
    except OSError:
        return False
    return True
