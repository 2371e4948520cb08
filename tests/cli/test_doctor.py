"""The doctor, the status and what they lead to, as a person runs them."""

from pathlib import Path

import pytest

from tests.cli.test_end_to_end import Program
from tests.homes import write_threads


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home")


def _keys(program: Program, code: int = 3) -> list[str]:
    import json

    told = program.run("--json", "doctor", code=code)
    return [finding["key"] for finding in json.JSONDecoder().raw_decode(told)[0]["findings"]]


def test_the_doctor_names_what_is_missing_and_it_goes_away(
    program: Program, tmp_path: Path
) -> None:
    code = program.json("init", "--yes")["recovery_key"]
    assert set(_keys(program)) == {"no-source", "one-medium", "recovery-unconfirmed"}
    program.run("security", "confirm-recovery", SEALWAX_RECOVERY_KEY=code)
    program.run("security", "confirm-recovery", code=1, SEALWAX_RECOVERY_KEY=code[::-1])
    write_threads(tmp_path / "phone", [3])
    program.run("source", "add", tmp_path / "phone")
    program.run("import")
    assert set(_keys(program)) == {"no-snapshot", "one-medium"}
    program.run("snapshot", "create")
    assert _keys(program) == ["one-medium"]
    told = program.run("doctor", code=3)
    assert "Not from losing this disk." in told
    (tmp_path / "phone").rename(tmp_path / "gone")
    assert "There is nothing at" in program.run("status")
    assert _keys(program)[0] == "source-unreadable"


def test_missing_follows_a_conversation(program: Program, tmp_path: Path) -> None:
    program.run("init", "--yes")
    write_threads(tmp_path / "phone", [3])
    program.run("source", "add", tmp_path / "phone")
    told = program.run("doctor", "--missing", "+15550100000", code=3)
    assert "The first gap: import." in told
    program.run("import")
    assert "Nothing is missing on the way." in program.run("doctor", "--missing", "+15550100000")
    assert "Nothing is missing on the way." in program.run("doctor", "--missing")


def test_tidy_shows_and_then_lets_go(program: Program, tmp_path: Path) -> None:
    program.run("init", "--yes")
    write_threads(tmp_path / "phone", [3])
    program.run("import", tmp_path / "phone")
    program.run("snapshot", "create", "--name", "mine")
    assert "named" in program.run("snapshot", "tidy", "--dry-run")
    assert program.json("snapshot", "tidy", "--yes")["dropped"] == []
    assert [made["name"] for made in program.json("snapshot", "list")] == ["mine"]
