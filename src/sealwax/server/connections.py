"""Who is connected: counted before anything is read, so that nobody takes the places of all.

A connection is a stranger's until a request with a good token comes over it. Strangers are counted
by address, and an account's connections by account: a whole household, or company, that goes out by
one address is not held to the measure of one stranger.
"""

import ipaddress
from collections import Counter
from collections.abc import Callable

ADDRESS_LIMIT = 64
"""So many connections of strangers from one address."""
STRANGERS_SHARE, ACCOUNT_SHARE = 2, 4
"""Strangers together take at most this part of all connections; so does each account."""
_NETWORK_BITS = 64

Peer = tuple[str, int]
"""The other end of a connection: its host and port."""


class Connections:
    """All connections of a server. Used from its event loop alone."""

    def __init__(self, limit: int, is_proxy: Callable[[str], bool] = lambda _: False) -> None:
        """At most `limit` at once. Whoever `is_proxy` brings everybody's requests: it is held to no
        measure of its own."""
        self.limit = limit
        self._is_proxy = is_proxy
        self._owners: dict[Peer, str | bytes | None] = {}
        self._counts: Counter[str | bytes] = Counter()
        self._strangers = 0

    def enter(self, peer: Peer) -> bool:
        """Counts one that was just made; says whether there is a place for it."""
        if len(self._owners) >= self.limit:
            return False
        if self._is_proxy(peer[0]):
            self._owners[peer] = None
            return True
        address = network_of(peer[0])
        is_full = self._strangers >= max(self.limit // STRANGERS_SHARE, 1)
        if is_full or self._counts[address] >= ADDRESS_LIMIT:
            return False
        self._count(peer, address)
        return True

    def signed_in(self, peer: Peer, account: bytes | None) -> None:
        """A request came over it, of an account, or of nobody who is known. The connections of an
        account beyond its share stay those of a stranger."""
        owner = self._owners.get(peer)
        if owner is None or owner == account:
            return
        if account is None:
            wanted: str | bytes = network_of(peer[0])
        elif self._counts[account] < max(self.limit // ACCOUNT_SHARE, 1):
            wanted = account
        else:
            return
        if wanted != owner:
            self._uncount(peer)
            self._count(peer, wanted)

    def count_of(self, owner: str | bytes) -> int:
        """How many an account, or strangers of an address, have now."""
        return self._counts[owner]

    def leave(self, peer: Peer) -> None:
        """It has ended."""
        self._uncount(peer)

    def _count(self, peer: Peer, owner: str | bytes) -> None:
        self._owners[peer] = owner
        self._counts[owner] += 1
        self._strangers += isinstance(owner, str)

    def _uncount(self, peer: Peer) -> None:
        owner = self._owners.pop(peer, None)
        if owner is None:
            return
        self._strangers -= isinstance(owner, str)
        self._counts[owner] -= 1
        if not self._counts[owner]:
            del self._counts[owner]


def network_of(host: str) -> str:
    """What counts as one address. Whoever has an address of IPv6 has all of its network of 64
    bits."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _NETWORK_BITS), strict=False))
