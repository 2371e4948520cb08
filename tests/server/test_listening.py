"""The socket of a server: who there is no place for is turned away, without a file for it."""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealwax.server.connections import ADDRESS_LIMIT
from sealwax.server.listening import (
    CONNECTIONS_LIMIT,
    FILES_RESERVED,
    FILES_USUAL,
    Listener,
    Listening,
    connections_limit,
    listening,
    raise_files_limit,
)
from tests.server.certificates import own_certificate
from tests.server.strangers import Stranger

HOST = "127.0.0.1"


@contextmanager
def _listening(where: Listening) -> Iterator[tuple[Listener, Stranger]]:
    with listening(where) as listener:
        listener.setblocking(False)
        with Stranger(where.url(listener.getsockname()[1])) as stranger:
            yield listener, stranger


@contextmanager
def _no_files_left() -> Iterator[None]:
    """Within, this process can open no file more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = os.open(os.devnull, os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
    opened = [highest]
    try:
        while True:
            try:
                opened.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in opened:
            os.close(one)


def test_without_files_it_ends_one_that_waits_and_goes_on() -> None:
    with _listening(Listening(HOST, 0)) as (listener, stranger):
        lines = [stranger.line() for _ in range(2)]
        with _no_files_left():
            for _ in lines:
                with pytest.raises(BlockingIOError):
                    listener.accept()
        assert [line.recv(1) for line in lines] == [b"", b""]
        stranger.line()
        connection, _ = listener.accept()
        connection.close()
        assert listener.connections.count_of(HOST) == 0


def test_a_connection_counts_until_it_is_closed() -> None:
    with _listening(Listening(HOST, 0)) as (listener, stranger):
        stranger.line()
        connection, _ = listener.accept()
        assert listener.connections.count_of(HOST) == 1
        connection.close()
        connection.close()
        assert listener.connections.count_of(HOST) == 0
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("is_tls", [False, True])
def test_who_there_is_no_place_for_hears_of_it_where_that_can_be(
    tmp_path: Path, is_tls: bool
) -> None:
    certificate, key = own_certificate(tmp_path) if is_tls else (None, None)
    with _listening(Listening(HOST, 0, certificate, key)) as (listener, stranger):
        kept = [stranger.line() for _ in range(ADDRESS_LIMIT)]
        connections = [listener.accept()[0] for _ in kept]
        refused = stranger.line()
        with pytest.raises(BlockingIOError):
            listener.accept()
        answer = refused.recv(65_536)
        assert answer.startswith(b"" if is_tls else b"HTTP/1.1 503 Service Unavailable\r\n")
        assert bool(answer) is not is_tls
        for connection in connections:
            connection.close()


def test_a_proxy_on_this_computer_brings_everybody() -> None:
    with _listening(Listening(HOST, 0, is_proxied=True)) as (listener, stranger):
        lines = [stranger.line() for _ in range(2 * ADDRESS_LIMIT)]
        connections: list[socket.socket] = [listener.accept()[0] for _ in lines]
        for connection in connections:
            connection.close()


def test_connections_leave_files_for_the_rest() -> None:
    assert connections_limit(1_024) == 1_024 - FILES_RESERVED
    assert connections_limit(256) == 64
    assert connections_limit(1_000_000) == CONNECTIONS_LIMIT
    assert connections_limit(resource.RLIM_INFINITY) == CONNECTIONS_LIMIT


def test_a_process_that_may_not_ask_takes_as_many_as_usual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_: int) -> tuple[int, int]:
        raise PermissionError

    monkeypatch.setattr(resource, "getrlimit", refused)
    with _listening(Listening(HOST, 0)) as (listener, _):
        assert listener.connections.limit == FILES_USUAL - FILES_RESERVED
    raise_files_limit()
