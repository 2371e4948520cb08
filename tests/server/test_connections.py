"""Places for connections: strangers by address, accounts by account, and all of them together."""

import pytest

from sealwax.server.connections import ADDRESS_LIMIT, Connections, network_of

ONE, TWO = b"1" * 32, b"2" * 32


def _entered(connections: Connections, host: str, count: int, start: int = 0) -> int:
    """How many of so many connections from an address there is a place for."""
    return sum(connections.enter((host, start + port)) for port in range(count))


def test_an_address_takes_a_few_places_and_no_more() -> None:
    connections = Connections(1_000)
    assert _entered(connections, "10.0.0.1", 100) == ADDRESS_LIMIT
    assert _entered(connections, "10.0.0.2", 100) == ADDRESS_LIMIT
    connections.leave(("10.0.0.1", 0))
    assert connections.enter(("10.0.0.1", 500))
    assert not connections.enter(("10.0.0.1", 501))


def test_strangers_together_leave_half_of_the_places() -> None:
    connections = Connections(1_000)
    assert sum(_entered(connections, f"10.0.0.{host}", 60) for host in range(20)) == 500
    for port in range(60):
        connections.signed_in(("10.0.0.0", port), ONE)
    assert _entered(connections, "10.0.1.0", 100) == 60


def test_who_signed_in_is_counted_with_the_account() -> None:
    connections = Connections(1_000)
    _entered(connections, "10.0.0.1", ADDRESS_LIMIT)
    for port in range(10):
        connections.signed_in(("10.0.0.1", port), ONE)
    assert connections.count_of(ONE) == 10
    assert _entered(connections, "10.0.0.1", 100, start=1_000) == 10
    # A token that ended, or another account's request, over the same connection.
    connections.signed_in(("10.0.0.1", 0), None)
    connections.signed_in(("10.0.0.1", 1), TWO)
    assert (connections.count_of(ONE), connections.count_of(TWO)) == (8, 1)
    for port in range(ADDRESS_LIMIT):
        connections.leave(("10.0.0.1", port))
    for port in range(1_000, 1_010):
        connections.leave(("10.0.0.1", port))
    assert (connections.count_of(ONE), connections.count_of("10.0.0.1")) == (0, 0)
    assert not connections._owners
    assert connections._strangers == 0


def test_one_account_takes_a_quarter_of_the_places() -> None:
    connections = Connections(100)
    for port in range(40):
        assert connections.enter(("10.0.0.1", port))
        connections.signed_in(("10.0.0.1", port), ONE)
    assert (connections.count_of(ONE), connections.count_of("10.0.0.1")) == (25, 15)


def test_there_are_so_many_places_for_all() -> None:
    connections = Connections(100, lambda host: host == "127.0.0.1")
    # A proxy brings everybody: it is held to no measure of its own.
    assert _entered(connections, "127.0.0.1", 90) == 90
    connections.signed_in(("127.0.0.1", 0), ONE)
    assert connections.count_of(ONE) == 0
    assert _entered(connections, "10.0.0.1", 20) == 10
    connections.leave(("127.0.0.1", 0))
    assert connections.enter(("10.0.0.1", 99))


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(host: str, network: str) -> None:
    assert network_of(host) == network
