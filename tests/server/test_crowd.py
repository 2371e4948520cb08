"""One address with two thousand sockets stops nobody else, whatever it says on them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.ledger.chain import beginning
from sealwax.server.connections import Connections
from sealwax.server.serve import opened_beside
from tests.accounts import made_account, next_commit
from tests.homes import ignore
from tests.server.crowd import Crowd, files_for
from tests.server.running import Running
from tests.server.strangers import ELSEWHERE, FROM_ELSEWHERE, request
from tests.sync.homes_on_server import FIRST, Household, phone_with

pytestmark = FROM_ELSEWHERE
SOCKETS = 2_000
FILES = 1_024
"""What a process may open in a plain shell."""
LETTER = f"/v1/links/{'ab' * 32}/new"
SAID = {
    "nothing": b"",
    "half a head": request("PUT", LETTER, "content-length: 100")[:-2],
    "a body that never comes": request(
        "PUT", LETTER, "content-length: 1048576", "connection: keep-alive"
    ),
}


@contextmanager
def _served(folder: Path, log: Path) -> Iterator[Running]:
    """A server that is a process of its own, with few files."""
    limited = ["sh", "-c", f'ulimit -n {FILES} && exec "$@"', "sh"]
    command = [sys.executable, "-m", "sealwax", "serve", "--port", "0", "--folder", str(folder)]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*limited, *command], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    with process, opened_beside(folder, SystemClock(), SystemEntropy()) as parts:
        try:
            assert process.stdout is not None
            yield Running(process.stdout.readline().strip(), parts, Connections(0))
        finally:
            process.terminate()
            assert process.wait(60) == 0


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_two_thousand_sockets_of_one_address_stop_nobody(tmp_path: Path, said: bytes) -> None:
    log = tmp_path / "log"
    with files_for(SOCKETS), _served(tmp_path / "server", log) as server:
        house = Household(tmp_path, server)
        account = made_account()
        listening, writing = server.begun(account, "listening"), server.store(account)
        events = listening.events()
        assert next(events) is None
        with house.agent(0) as connected:
            connected.import_source(phone_with(tmp_path / "phone", 5), ignore)
            assert connected.sync.now().is_verified
            with Crowd(server.url, ELSEWHERE, SOCKETS, said) as crowd:
                assert crowd.is_whole.wait(120)
                more = phone_with(tmp_path / "more", 3, seed="more")
                connected.import_source(more, ignore)
                assert connected.sync.now().is_verified
                house.sync(1)
                assert len(house.texts(1, FIRST)) == 8
                status = httpx.get(f"{server.url}/status", trust_env=False, timeout=60)
                assert status.status_code == 200
                head = beginning(account.log.account, "messages")
                writing.append_commit("messages", 0, next_commit(account, head))
                assert any(event and event.zone == "messages" for event in events)
            assert crowd.made >= SOCKETS
        writing.close()
        listening.close()
    assert log.read_bytes() == b""
