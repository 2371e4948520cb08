"""`sealwax open`: it serves, prints a link, hands no secret to a browser's arguments, and ends."""

import os
import signal
import socket
import stat
import subprocess
import sys
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlparse

import httpx
import pytest

from sealwax.agent.bootstrap import create_home, open_agent, system_environment
from sealwax.web import opening
from tests.homes import environment, made_home

PASSPHRASE = "only for a test"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_home(tmp_path / "home", None, "test", system_environment(PASSPHRASE))
    return tmp_path / "home"


def _started(home: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sealwax", "--home", str(home), "open", "--no-browser", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SEALWAX_PASSPHRASE": PASSPHRASE},
    )


def test_it_serves_until_it_is_asked_to_end(home: Path) -> None:
    process = _started(home)
    try:
        assert process.stdout is not None
        link = process.stdout.readline().split()[-1]
        assert link.startswith("http://127.0.0.1:")
        with httpx.Client() as client:
            assert client.get(link).status_code == 200
            base = link.partition("/enter/")[0]
            assert client.get(f"{base}/api/first").json()["list"]["total"] == 0
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not (home / opening.DOORS_FILE).exists()
    with open_agent(home, system_environment(PASSPHRASE)) as agent:
        assert agent.conversations() == []


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = somebody.getsockname()[1]
        process = _started(home, "--port", str(taken))
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Port {taken} cannot be used" in told


def test_a_browser_is_given_a_file_that_only_its_owner_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = environment()
    made, _ = made_home(tmp_path, env)
    given: list[tuple[str, int, str]] = []

    def noted(address: str) -> bool:
        path = Path(unquote(urlparse(address).path))
        given.append((address, stat.S_IMODE(path.stat().st_mode), path.read_text("utf-8")))
        return True

    monkeypatch.setattr(webbrowser, "open", noted)
    monkeypatch.setattr(opening, "_wait", lambda _: None)
    with open_agent(made, env) as agent:
        opening.serve_page(agent)
    ((address, mode, text),) = given
    assert address.startswith("file:")
    assert "enter" not in address
    assert mode == 0o600
    assert "/enter/" in text
    assert not (made / opening.DOORS_FILE).exists()
