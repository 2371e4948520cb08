"""The texts that have the system start the agent, and the acts around them."""

import plistlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sealwax.agent import installing
from sealwax.agent.bootstrap import create_home
from sealwax.agent.installing import (
    AgentNeedsKeyring,
    InstallFailed,
    install,
    service,
    systemd_unit,
    uninstall,
)
from tests.homes import environment, made_home

ODD = '/home/ann/my "messages" 100% $HOME \\ ünd'


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "_is_mac", lambda: False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def _accepting(ran: list[Sequence[str]], code: int = 0) -> installing.Run:
    def run(command: Sequence[str]) -> int:
        ran.append(command)
        return code

    return run


def test_a_unit_is_written_started_and_removed(tmp_path: Path) -> None:
    home, _ = made_home(tmp_path, environment())
    ran: list[Sequence[str]] = []
    path = install(home, tmp_path, True, _accepting(ran))
    assert path == tmp_path / ".config" / "systemd" / "user" / "sealwax.service"
    text = path.read_text("utf-8")
    assert f'ExecStart="{sys.executable}" "-m" "sealwax" "--home" "{home}" "agent" "run"' in text
    assert ran[-1] == ("systemctl", "--user", "enable", "--now", "sealwax.service")
    ran.clear()
    assert uninstall(home, tmp_path, True, _accepting(ran, code=1)) == path
    assert not path.exists()
    assert ran[0] == ("systemctl", "--user", "disable", "--now", "sealwax.service")
    assert uninstall(home, tmp_path, True, _accepting(ran)) is None


def test_another_home_has_a_name_of_its_own(tmp_path: Path) -> None:
    names = {service(tmp_path / name, tmp_path, name == "a").path.name for name in "abc"}
    assert len(names) == 3
    assert "sealwax.service" in names


def test_a_home_under_a_passphrase_is_refused(tmp_path: Path) -> None:
    env = environment()
    create_home(
        tmp_path / "home",
        None,
        "x",
        type(env)(env.clock, env.entropy, "words of a test of mine", None),
    )
    with pytest.raises(AgentNeedsKeyring):
        install(tmp_path / "home", tmp_path, True, _accepting([]))
    assert not (tmp_path / ".config").exists()


def test_a_system_that_refuses_is_named(tmp_path: Path) -> None:
    home, _ = made_home(tmp_path, environment())
    with pytest.raises(InstallFailed) as caught:
        install(home, tmp_path, True, _accepting([], code=1))
    assert "sealwax.service" in caught.value.sentence


def test_odd_paths_are_quoted_and_line_breaks_refused() -> None:
    unit = systemd_unit(("/usr/bin/python3", "--home", ODD))
    assert '"/home/ann/my \\"messages\\" 100%% $$HOME \\\\ ünd"' in unit
    with pytest.raises(InstallFailed):
        systemd_unit(("python3", "/home/ann/two\nExecStart=/bin/false"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    path = tmp_path / "sealwax.service"
    path.write_text(systemd_unit((sys.executable, "-m", "sealwax", "--home", ODD, "agent", "run")))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", str(path)],
        check=False,
        capture_output=True,
        text=True,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
    )
    about_it = [line for line in done.stderr.splitlines() if "sealwax.service" in line]
    assert about_it == []


def test_a_launchd_agent_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "_is_mac", lambda: True)
    place = service(tmp_path / 'ho"me', tmp_path, True)
    assert place.path == tmp_path / "Library" / "LaunchAgents" / "app.sealwax.agent.plist"
    told = plistlib.loads(place.content)
    assert told["ProgramArguments"][-4:] == ["--home", str(tmp_path / 'ho"me'), "agent", "run"]
    assert told["KeepAlive"] == {"SuccessfulExit": False}
    assert place.begin[0][:2] == ("launchctl", "bootstrap")
