"""`sealwax open`: it serves, prints a link, hands no secret to a browser's arguments, and ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

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
    noted = _browser_of_ours(tmp_path, monkeypatch)
    monkeypatch.setattr(opening, "_wait", lambda _: None)
    with open_agent(made, env) as agent:
        opening.serve_page(agent)
    told = json.loads(noted.read_text())
    assert told["address"] == (made / opening.DOORS_FILE).as_uri()
    assert told["mode"] == 0o600
    assert "/enter/" in told["text"]
    assert not (made / opening.DOORS_FILE).exists()


def test_a_browser_gets_no_secret_of_ours_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = _browser_of_ours(tmp_path, monkeypatch)
    for name in ("SEALWAX_PASSPHRASE", "SEALWAX_RECOVERY_KEY", "SEALWAX_HOME"):
        monkeypatch.setenv(name, "a secret")
    with opening.door_to(tmp_path / "door.html", "http://127.0.0.1/enter/x") as is_started:
        assert is_started
    told = json.loads(noted.read_text())
    assert "PATH" in told["names"]
    assert [name for name in told["names"] if name.startswith("SEALWAX_")] == []


def test_where_an_agent_serves_the_page_the_file_goes_when_the_link_was_used(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = _browser_of_ours(tmp_path, monkeypatch)
    command = [sys.executable, "-m", "sealwax", "--home", str(home)]
    env = {**os.environ, "SEALWAX_PASSPHRASE": PASSPHRASE}
    agent = subprocess.Popen([*command, "agent", "run"], env=env, stderr=subprocess.PIPE, text=True)
    try:
        assert agent.stderr is not None
        while "began" not in agent.stderr.readline():
            assert agent.poll() is None
        done = subprocess.run([*command, "open"], env=env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(30)
        agent.stderr.close()
    assert json.loads(noted.read_text())["status"] == 200
    assert not (home / opening.DOORS_FILE).exists()


def test_a_link_that_nobody_follows_is_not_waited_for_without_end() -> None:
    pauses: list[float] = []
    opening.wait_for_use(lambda: True, pauses.append)
    assert sum(pauses) == pytest.approx(opening.USE_SECONDS)
    answers = iter([True, True, False])
    opening.wait_for_use(lambda: next(answers), pauses.append)
    assert next(answers, None) is None


BROWSER = """
import json, os, re, stat, sys, urllib.request
from pathlib import Path
from urllib.parse import unquote, urlparse

path = Path(unquote(urlparse(sys.argv[2]).path))
told = {"address": sys.argv[2], "names": list(os.environ), "text": path.read_text("utf-8")}
told["mode"] = stat.S_IMODE(path.stat().st_mode)
link = re.search('url=([^"]+)', told["text"])[1]
try:
    told["status"] = urllib.request.urlopen(link).status
except OSError as error:
    told["status"] = str(error)
Path(sys.argv[1]).write_text(json.dumps(told))
"""


def _browser_of_ours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Has the system's browser be a program that follows the link and notes what it was given."""
    script, noted = folder / "browser.py", folder / "noted.json"
    script.write_text(BROWSER)
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} {noted} %s")
    return noted
