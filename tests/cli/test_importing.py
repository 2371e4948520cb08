"""What a person is told, and asked, when an export says more than content."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.cli import keeping
from sealwax.cli.keeping import import_command
from tests.agent.using import OpenSession
from tests.homes import environment, importing, made_home, write_threads


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Agent, Path]]:
    """A home of 50 messages, and an export which says that 3 of them are deleted, 2 purged."""
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [50])
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as agent:
        agent.export("jsonl", tmp_path / "all.jsonl", Select())
        head, *lines = (tmp_path / "all.jsonl").read_text("utf-8").splitlines()
        records = [line for line in map(json.loads, lines) if line["kind"] == "message"]
        for at, record in enumerate(records[:5]):
            told = ["life", 4, "", 1] if at < 3 else ["purged", 4, "", 0]
            change = {"life": None, "time_ms": 1, "device": "ab" * 16, "entries": [told]}
            record["changes"].append(change)
        path = tmp_path / "export.jsonl"
        path.write_text("\n".join([head, *map(json.dumps, records)]), "utf-8")
        yield agent, path


def _run(agent: Agent, *arguments: str, answer: str = "", is_json: bool = False) -> Any:
    done = CliRunner().invoke(
        import_command, arguments, obj=OpenSession(agent, is_json), input=answer
    )
    assert done.exit_code == 0, done.output
    return done


def test_a_number_is_told_and_nothing_is_taken(opened: tuple[Agent, Path]) -> None:
    agent, path = opened
    for flags in ((), ("--dry-run",)):
        said = _run(agent, str(path), *flags).output
        assert "it would also put 3 records into the trash and purge 2 records" in said
        (told,) = json.loads(_run(agent, str(path), *flags, is_json=True).stdout)
        assert (told["left_trashed"], told["left_purged"]) == (3, 2)
    assert agent.status().counts.messages == 50


@pytest.mark.parametrize(("answer", "left"), [("n\n", 50), ("y\n", 45)])
def test_a_person_is_asked_by_the_number(
    opened: tuple[Agent, Path], monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    agent, path = opened
    monkeypatch.setattr(keeping, "can_ask", lambda: True)
    said = _run(agent, str(path), answer=answer).output
    assert "would also put 3 records into the trash and purge 2 records. Do that, too?" in said
    assert agent.status().counts.messages == left
    assert len(agent.snapshots()) == (left == 45)


def test_yes_takes_it_after_a_snapshot(opened: tuple[Agent, Path]) -> None:
    agent, path = opened
    would = _run(agent, str(path), "--yes", "--dry-run").output
    assert "2 records would be purged" in would
    assert agent.status().counts.messages == 50
    assert (
        "2 records purged; a snapshot has what they said" in _run(agent, str(path), "--yes").output
    )
    assert agent.status().counts.messages == 45
    assert len(agent.snapshots()) == 1
