"""The export in JSON lines: complete, and imported again it makes an equal library."""

import json
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.selecting import Select
from sealwax.demo.world import delete_thread, write_world
from sealwax.exports.base import ExportExists
from tests.homes import DAY_MS, NOW_MS, environment, ignore, importing, made_home

MUM = "+15550100101"


def _shown(agent: Agent) -> list[object]:
    """All that a person can see, without the numbers that a library gives out itself."""
    seen: list[object] = []
    for view in sorted(agent.conversations(), key=lambda one: one.origin):
        seen.append(view._replace(record=0))
        for message in agent.read(view.record, limit=100_000):
            seen.append(message._replace(record=0, conversation=0, key=(*message.key[:2], 0)))
            files = agent.attachments([message]).values()
            seen += [(file.name, file.size_bytes, file.mime_type) for file in files]
    return seen


def test_an_export_imported_elsewhere_shows_the_same(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=120, photos=6)
    importing(home, env, world.path)
    delete_thread(tmp_path / "phone", world.mum_chat, NOW_MS - 1_000)
    importing(home, env, world.path, is_confirmed=True)
    out = tmp_path / "export"
    with open_agent(home, env) as agent:
        done = agent.export("jsonl", out, Select())
        shown, counts = _shown(agent), agent.status().counts
        assert done.messages == counts.messages + counts.trashed
        assert done.files == 6
    other = tmp_path / "other"
    create_home(other, None, "other", env)
    with open_agent(other, env) as agent:
        agent.import_source(out, ignore, is_confirmed=True)
        assert _shown(agent) == shown
        assert agent.status().counts == counts
        assert agent.import_source(out, ignore).changed == 0
        assert agent.undelete(Select(chats=(MUM,))) > 0
        assert agent.verify(ignore).is_sound


def test_an_export_back_into_its_own_home_changes_nothing(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=40, photos=2)
    importing(home, env, world.path)
    with open_agent(home, env) as agent:
        agent.export("jsonl", tmp_path / "export", Select())
        done = agent.import_source(tmp_path / "export", ignore)
        assert (done.commits, done.changed) == (0, 0)


def test_an_export_never_overwrites(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "precious").write_text("mine")
    with open_agent(home, env) as agent, pytest.raises(ExportExists):
        agent.export("jsonl", tmp_path / "there", Select())
    assert (tmp_path / "there" / "precious").read_text() == "mine"


def test_bad_lines_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=20, photos=1)
    importing(home, env, world.path)
    out = tmp_path / "export"
    with open_agent(home, env) as agent:
        exported = agent.export("jsonl", out, Select())
    lines = (out / "records.jsonl").read_text("utf-8").splitlines()
    stray = json.loads(lines[-1])
    stray["file"] = "../../../etc/passwd"
    damaged = [*lines[:-1], "not json", "[1, 2", json.dumps(stray), "{}"]
    (out / "records.jsonl").write_text("\n".join(damaged), "utf-8")
    other = tmp_path / "other"
    create_home(other, None, "other", env)
    with open_agent(other, env) as agent:
        done = agent.import_source(out, ignore)
        assert done.problem_count == 3
        assert agent.status().counts.messages >= exported.messages - 1


@pytest.mark.parametrize(
    "bad",
    [
        {"life": 2**40},
        {"life": -1},
        {"time_ms": 2**60},
        {"entries": [["x" * 65, 1, "", 1]]},
        {"entries": [["big", 1, "", 2**80]]},
        {"entries": [["float", 1, "", 1.5]]},
    ],
)
def test_what_could_be_sealed_but_never_opened_is_refused(
    tmp_path: Path, bad: dict[str, object]
) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    head = {"format": "sealwax-jsonl", "version": 1, "made_ms": 1}
    change = {"life": 0, "time_ms": 1, "device": "ab" * 16, "entries": [["text", 1, "", "words"]]}
    line = {"kind": "message", "namespace": "imessage", "id": "A", "changes": [{**change, **bad}]}
    path = tmp_path / "odd.jsonl"
    path.write_text("\n".join(json.dumps(item) for item in (head, line)), "utf-8")
    with open_agent(home, env) as agent:
        done = agent.import_source(path, ignore)
        assert (done.problem_count, done.commits) == (1, 0)
        assert agent.verify(ignore).is_sound


def test_a_snapshot_is_exported_as_it_was(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=40, photos=2)
    importing(home, env, world.path)
    with open_agent(home, env) as agent:
        agent.create_snapshot("then")
        there = agent.status().counts.messages
        agent.delete(Select(chats=(MUM,)))
        done = agent.export("jsonl", tmp_path / "then", Select(), "then")
        assert done.messages == there
