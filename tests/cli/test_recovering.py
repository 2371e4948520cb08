"""`init --recover` as a person sees it: what is shown, asked, and left."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.recovering import recover_home
from sealwax.base.errors import SealwaxError
from sealwax.cli.main import cli
from tests.homes import environment, importing, write_threads

ENV = environment()


class Recovered:
    """A vault with two devices and five messages, and a new machine."""

    def __init__(self, folder: Path) -> None:
        self.vault, self.home = folder / "vault", folder / "new"
        self.first = folder / "first"
        self.key = create_home(self.first, self.vault, "first", ENV)
        recover_home(folder / "old", self.vault, self.key, "old laptop", ENV)
        write_threads(folder / "phone", [5])
        importing(self.first, ENV, folder / "phone")

    def run(self, *words: str, typed: str = "") -> Result:
        env = {"SEALWAX_RECOVERY_KEY": self.key, "SEALWAX_PASSPHRASE": "a passphrase of a test"}
        asked = ["--home", str(self.home), "init", "--recover", "--store", str(self.vault)]
        return CliRunner(env=env).invoke(cli, [*asked, "--name", "new", *words], typed)

    def devices(self) -> list[str]:
        with open_agent(self.first, ENV) as agent:
            return [device.name for device in agent.devices.list()]


@pytest.fixture
def recovered(tmp_path: Path) -> Recovered:
    return Recovered(tmp_path)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sits there."""
    for module in ("session", "recovering"):
        monkeypatch.setattr(f"sealwax.cli.{module}.can_ask", lambda: True)


def test_it_shows_what_it_found_and_refuses_without_a_person(recovered: Recovered) -> None:
    result = recovered.run()
    assert result.exit_code == 1
    assert isinstance(result.exception, SealwaxError)
    assert result.exception.code == "not-confirmed"
    for part in ("first", "old laptop", "5 messages, the oldest of 2026-", "An old copy"):
        assert part in result.output
    assert not recovered.home.exists()
    assert recovered.devices() == ["first", "old laptop"]


def test_yes_keeps_all_devices_and_says_so(recovered: Recovered) -> None:
    result = recovered.run("--yes")
    assert result.exit_code == 0, result.output
    assert "Still devices of the account: “first”, “old laptop”." in result.output
    assert "5 messages here." in result.output
    assert recovered.devices() == ["first", "old laptop", "new"]


def test_devices_that_are_named_are_removed(recovered: Recovered) -> None:
    result = recovered.run("--yes", "--remove-device", "old laptop")
    assert result.exit_code == 0, result.output
    assert "“old laptop” is out." in result.output
    assert "Still devices of the account: “first”." in result.output
    assert recovered.devices() == ["first", "new"]


def test_a_device_that_is_not_there_is_named_before_anything(recovered: Recovered) -> None:
    result = recovered.run("--yes", "--remove-device", "phone")
    assert result.exit_code == 1
    assert "There is no device “phone”." in str(result.exception)
    assert not recovered.home.exists()
    assert recovered.devices() == ["first", "old laptop"]


@pytest.mark.usefixtures("terminal")
def test_a_person_is_asked_about_the_account_and_each_device(recovered: Recovered) -> None:
    result = recovered.run(typed="y\ny\nn\n")
    assert result.exit_code == 0, result.output
    assert "Is “first”" in result.output
    assert "Is “old laptop”" in result.output
    assert recovered.devices() == ["first", "new"]


@pytest.mark.usefixtures("terminal")
def test_a_person_who_says_no_has_no_home(recovered: Recovered) -> None:
    result = recovered.run(typed="n\n")
    assert result.exit_code == 1
    assert "Nothing was changed." in str(result.exception)
    assert not recovered.home.exists()
    assert recovered.devices() == ["first", "old laptop"]


def test_a_script_gets_one_value(recovered: Recovered) -> None:
    result = recovered.run("--yes", "--json", "--remove-device", "first")
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    assert told["messages"] == 5
    assert [device["name"] for device in told["devices"]] == ["first", "old laptop"]
    assert [device["name"] for device in told["kept"]] == ["old laptop"]
    assert [device["name"] for device in told["removed"]] == ["first"]
    assert told["span"]["oldest_ns"] < told["span"]["newest_ns"]


def test_what_belongs_to_a_recovery_is_refused_elsewhere(tmp_path: Path) -> None:
    for words in (("--account", "ab"), ("--remove-device", "x")):
        result = CliRunner().invoke(cli, ["--home", str(tmp_path / "x"), "init", *words])
        assert result.exit_code == 2
        assert "belong to --recover" in result.output
