"""One server for the tests of a module; each test has an account of its own on it."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.accounts import made_account
from tests.server.calling import Calls
from tests.server.running import Running, running

_NUMBERS = count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def calls(server: Running) -> Iterator[Calls]:
    """Requests of the first device of a fresh account with two devices."""
    number = next(_NUMBERS)
    with Calls(server, made_account(f"account {number}", 2), f"person {number}") as calls:
        yield calls
