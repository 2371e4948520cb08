"""What a service manager hears of a server that it started."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.server.readiness import READY, SOCKET_VARIABLE, tell_ready
from sealwax.server.serve import Listening, opened_parts, serve

WAIT_SECONDS = 60


@pytest.mark.parametrize("is_abstract", [False, True])
def test_it_is_told_in_one_datagram(is_abstract: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="sw") as folder, _listening() as line:
        name = f"@sealwax-trial-{os.getpid()}" if is_abstract else f"{folder}/notify"
        line.bind(f"\0{name[1:]}" if is_abstract else name)
        assert tell_ready({SOCKET_VARIABLE: name})
        assert line.recv(100) == READY


@pytest.mark.parametrize("name", ["", "vsock:2:1234", "/not/there", "/" + "x" * 200])
def test_without_anybody_to_tell_nothing_happens(name: str) -> None:
    assert not tell_ready({SOCKET_VARIABLE: name})
    assert not tell_ready({})


def test_a_server_tells_once_it_listens(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="sw") as folder, _listening() as line:
        line.bind(f"{folder}/notify")
        command = [sys.executable, "-m", "sealwax", "serve", "--port", "0", "--folder"]
        process = subprocess.Popen(
            [*command, str(tmp_path / "server")],
            env={**os.environ, SOCKET_VARIABLE: f"{folder}/notify"},
            stdout=subprocess.PIPE,
        )
        try:
            assert line.recv(100) == READY
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"http://127.0.0.1:")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                assert process.wait(WAIT_SECONDS) == 0
            finally:
                process.kill()


def test_a_server_that_is_to_stop_while_it_begins_stops_and_tells_nobody(tmp_path: Path) -> None:
    told: list[str] = []
    with opened_parts(tmp_path, SystemClock(), SystemEntropy()) as parts:
        where = Listening("127.0.0.1", 0)
        serving = threading.Thread(
            target=serve,
            args=(parts, where, SystemClock(), told.append, lambda: True),
            daemon=True,
        )
        serving.start()
        serving.join(WAIT_SECONDS)
        assert not serving.is_alive()
    assert told == []


def _listening() -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.settimeout(WAIT_SECONDS)
    return line
