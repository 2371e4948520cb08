"""What an export says besides content: counted, left out, held; with a person's yes it counts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.selecting import Select
from sealwax.crypto.keyed_hash import record_ids
from sealwax.intake.controls import Taking, of_new, plan_controls, taken_by, under
from sealwax.library.view import MessageView
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import DELETION, HELD, LIFE, PURGED, TEXT
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.model.state import State, content_under, encode, from_change, join_changes
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing
from tests.homes import NOW_MS, environment, ignore, importing, made_home, write_threads

ERASED = Entry("erased", 6, "", True)
DEVICE, OTHER = b"d" * 16, b"o" * 16
MESSAGE = int(Kind.MESSAGE)


def _id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _words(number: int, life: int = 0) -> Change:
    return Change(MESSAGE, _id(number), life, 5, OTHER, (entry(TEXT, f"words {number}"),))


def _said(*told: Entry, time_ms: int = 7) -> list[Change]:
    return [Change(MESSAGE, b"", None, time_ms, OTHER, told)]


GONE = {
    "deleted": _said(entry(LIFE, 1)),
    "purged": _said(entry(PURGED, 0)),
    "purged behind a life": _said(entry(LIFE, 2), entry(PURGED, 1)),
    "held already": _said(entry(LIFE, 1), entry(HELD, True, "1")),
}


@pytest.mark.parametrize("way", GONE)
def test_every_way_is_counted_and_held(way: str) -> None:
    states = {_id(number): from_change(_words(number)) for number in range(20)}
    told = dict.fromkeys(states, GONE[way])
    plan = plan_controls(told, states, {}, 100, NOW_MS, DEVICE)
    assert (plan.is_held, plan.taking) == (True, Taking(20, 0))
    for record, state in _after(states, plan.changes).items():
        assert not state.is_live
        assert state.keyed(HELD) == {"1": True}
        assert state.get(TEXT) == states[record].get(TEXT)


@pytest.mark.parametrize("way", GONE)
def test_a_few_go_through(way: str) -> None:
    states = {_id(number): from_change(_words(number)) for number in range(3)}
    plan = plan_controls(dict.fromkeys(states, GONE[way]), states, {}, 100, NOW_MS, DEVICE)
    is_purge = way.startswith("purged")
    assert (plan.is_held, plan.taking) == (False, Taking(0, 3) if is_purge else Taking(3, 0))
    after = _after(states, plan.changes)
    assert all(state.get(TEXT) is None for state in after.values()) == is_purge
    # The same once more is no news.
    again = plan_controls(dict.fromkeys(states, GONE[way]), after, {}, 100, NOW_MS, DEVICE)
    assert (again.changes, again.taking) == ((), Taking())


def test_what_falls_stays_in_the_trash_for_its_time() -> None:
    state = from_change(_words(1))
    told = {_id(1): _said(entry(LIFE, 1), entry(DELETION, True, "recoverable:7"))}
    plan = plan_controls(told, {_id(1): state}, {}, 100, NOW_MS, DEVICE)
    after = _after({_id(1): state}, plan.changes)[_id(1)]
    stamps = [after.stamp(LIFE), after.stamp(DELETION, "recoverable:7")]
    assert [stamp and stamp.time_ms for stamp in stamps] == [NOW_MS, 7]


def test_more_than_three_conversations_are_held_and_arrivals_are_not_counted() -> None:
    states = {_id(number): from_change(_words(number)) for number in range(4)}
    told = dict.fromkeys(states, GONE["deleted"])
    homes = {record: str(record) for record in states}
    assert plan_controls(told, states, homes, 10_000, NOW_MS, DEVICE).is_held
    assert not plan_controls(told, states, homes, 10_000, NOW_MS, DEVICE, set(states)).is_held


def test_an_answer_of_another_account_is_none() -> None:
    """Neither is a field that nobody writes."""
    held = [_words(1), *_said(entry(LIFE, 1), entry(HELD, True, "1"))]
    state = join_changes(State(MESSAGE, {}), held)
    told = {_id(1): _said(entry(HELD, False, "1"), ERASED, time_ms=9)}
    plan = plan_controls(told, {_id(1): state}, {}, 100, NOW_MS, DEVICE)
    assert plan.changes == ()


def test_what_nobody_had_comes_as_it_was() -> None:
    told = _said(entry(LIFE, 1), entry(HELD, True, "1"), ERASED)
    (change,) = of_new(_id(1), told)
    assert [item.name for item in change.entries] == ["life", "held"]
    assert change.record == _id(1)


def test_a_restored_record_loses_nothing_by_its_purge() -> None:
    state = from_change(_words(1))
    state = join_changes(state, content_under(2, _id(1), [state]))
    assert taken_by(state, _said(entry(LIFE, 2), entry(PURGED, 1))) == Taking()


def test_content_comes_under_no_later_life_than_there_is() -> None:
    assert [change.life for change in under(1, [_words(1, 0), _words(1, 1), _words(1, 6)])] == [
        0,
        1,
        1,
    ]


def _after(states: dict[bytes, State], changes: tuple[Change, ...]) -> dict[bytes, State]:
    after = dict(states)
    for change in changes:
        after[change.record] = join_changes(after[change.record], [change])
    return after


# Through a home.


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Agent, Path]]:
    """A home with two threads, and its export."""
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [30, 20])
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as agent:
        out = tmp_path / "export.jsonl"
        agent.export("jsonl", out, Select())
        yield agent, out


def _hostile(path: Path, out: Path, number: int, told: list[list[Any]]) -> Path:
    """An export of the ids of the first messages, with nothing but these values."""
    head, *lines = path.read_text("utf-8").splitlines()
    ids = [line["id"] for line in map(json.loads, lines) if line["kind"] == "message"]
    change = {"life": None, "time_ms": NOW_MS, "device": "ab" * 16, "entries": told}
    records = [
        {"kind": "message", "namespace": "imessage", "id": one, "changes": [change]}
        for one in ids[:number]
    ]
    out.write_text("\n".join([head, *map(json.dumps, records)]), "utf-8")
    return out


TAKING = [
    [["life", 4, "", 1]],
    [["purged", 4, "", 5]],
    [["life", 4, "", 1], ["held", 2, "1", True]],
    [["life", 4, "", 2], ["purged", 4, "", 1]],
]


@pytest.mark.parametrize("told", [*TAKING, [["erased", 6, "", True]]])
def test_an_export_takes_nothing_away_by_itself(
    opened: tuple[Agent, Path], tmp_path: Path, told: list[list[Any]]
) -> None:
    agent, path = opened
    hostile = _hostile(path, tmp_path / "hostile.jsonl", 50, told)
    before = _state_of(agent)
    for is_dry_run in (True, False):
        done = agent.import_source(hostile, ignore, is_dry_run=is_dry_run)
        assert (done.trashed, done.purged, done.changed, done.commits) == (0, 0, 0, 0)
        counted = done.left_trashed + done.left_purged
        assert counted == (0 if told[0][0] == "erased" else 50)
        assert _state_of(agent) == before


@pytest.mark.parametrize("told", TAKING)
def test_with_a_yes_it_is_held_where_it_is_much(
    opened: tuple[Agent, Path], tmp_path: Path, told: list[list[Any]]
) -> None:
    agent, path = opened
    hostile = _hostile(path, tmp_path / "hostile.jsonl", 50, told)
    would = agent.import_source(hostile, ignore, True, is_dry_run=True)
    done = agent.import_source(hostile, ignore, True)
    assert (would.trashed, would.is_held) == (done.trashed, done.is_held) == (50, True)
    assert done.snapshot_seq is not None
    assert agent.status().counts.trashed == agent.status().held == 50
    assert agent.answer_held(False) == 50
    assert agent.status().counts.messages == 50
    assert agent.import_source(hostile, ignore).commits == 0
    assert agent.verify(ignore).is_sound


def test_with_a_yes_a_few_go_and_the_snapshot_has_them(
    opened: tuple[Agent, Path], tmp_path: Path
) -> None:
    agent, path = opened
    hostile = _hostile(path, tmp_path / "hostile.jsonl", 3, [["purged", 4, "", 2**31]])
    done = agent.import_source(hostile, ignore, True)
    assert (done.trashed, done.purged, done.is_held) == (0, 3, False)
    assert agent.status().counts.messages == 47
    agent.restore(str(agent.snapshots()[-1].number), Select())
    assert agent.status().counts.messages == 50


def test_small_takings_of_a_day_count_together(opened: tuple[Agent, Path], tmp_path: Path) -> None:
    """By this device's own clock, whatever the exports say of when it was."""
    agent, path = opened
    head, *lines = path.read_text("utf-8").splitlines()
    ids = [line["id"] for line in map(json.loads, lines) if line["kind"] == "message"]
    change = {"life": None, "time_ms": 1, "device": "ab" * 16, "entries": [["life", 4, "", 1]]}
    done = []
    for start in (0, 4, 8):
        records = [
            {"kind": "message", "namespace": "imessage", "id": one, "changes": [change]}
            for one in ids[start : start + 4]
        ]
        part = tmp_path / f"part-{start}.jsonl"
        part.write_text("\n".join([head, *map(json.dumps, records)]), "utf-8")
        done.append(agent.import_source(part, ignore, True))
    assert [(one.trashed, one.is_held) for one in done] == [(4, False), (4, True), (4, True)]
    assert agent.import_source(tmp_path / "part-0.jsonl", ignore, True).commits == 0


def test_the_same_export_twice_changes_nothing(opened: tuple[Agent, Path], tmp_path: Path) -> None:
    agent, path = opened
    agent.delete(Select(chats=("+15550100000",)))
    agent.export("jsonl", tmp_path / "later.jsonl", Select())
    agent.undelete(Select(chats=("+15550100000",)))
    agent.export("jsonl", tmp_path / "last.jsonl", Select())
    before = _state_of(agent)
    for source in (path, tmp_path / "later.jsonl", tmp_path / "last.jsonl"):
        for is_confirmed in (False, True):
            done = agent.import_source(source, ignore, is_confirmed)
            assert (done.commits, done.changed) == (0, 0)
    assert _state_of(agent) == before


def test_without_a_yes_the_trash_of_an_export_comes_as_messages(
    opened: tuple[Agent, Path], tmp_path: Path
) -> None:
    agent, _ = opened
    agent.delete(Select(messages=tuple(str(one.record) for one in _thread(agent))))
    out = tmp_path / "trash.jsonl"
    agent.export("jsonl", out, Select())
    env = environment()
    for name, is_confirmed in (("one", False), ("two", True)):
        create_home(tmp_path / name, None, name, env)
        with open_agent(tmp_path / name, env) as other:
            would = other.import_source(out, ignore, is_confirmed, is_dry_run=True)
            done = other.import_source(out, ignore, is_confirmed)
            counts = other.status().counts
            assert (counts.messages, counts.trashed) == ((20, 30) if is_confirmed else (50, 0))
            assert (would.new, would.trashed, would.left_trashed) == (
                done.new,
                done.trashed,
                done.left_trashed,
            )
            assert (done.trashed, done.left_trashed) == ((30, 0) if is_confirmed else (0, 30))
            again = other.import_source(out, ignore, is_confirmed)
            assert (again.commits, again.changed) == (0, 0)


def test_what_was_purged_here_does_not_come_back_under_a_later_life(
    opened: tuple[Agent, Path], tmp_path: Path
) -> None:
    agent, path = opened
    agent.storage.purge(Select(chats=("+15550100000",)))
    later = tmp_path / "later.jsonl"
    later.write_text(path.read_text("utf-8").replace('"life":0', '"life":8'), "utf-8")
    agent.import_source(later, ignore)
    counts = agent.status().counts
    assert (counts.messages, counts.trashed) == (20, 0)
    assert agent.search('"thread 0"') == []


@pytest.mark.parametrize(
    "told",
    [
        ["text", 1, "", 5],
        ["text", 2, "", "words"],
        ["text", 1, "key", "words"],
        ["origin", 1, "", "x"],
        ["origin", 1, "", ["imessage", "another"]],
        ["life", 2, "", 1],
        ["edit", 6, "no key", [1, "words"]],
        ["parts", 5, "", [1, {"$map": 5}]],
        ["future", 99, "", {"$map": 5}],
        ["future", 99, "", {"$bytes": 5}],
        ["future", 99, "k" * 100_000, 5],
    ],
)
def test_a_value_of_another_form_makes_its_line_a_problem(
    opened: tuple[Agent, Path], tmp_path: Path, told: list[Any]
) -> None:
    agent, path = opened
    hostile = _hostile(path, tmp_path / "odd.jsonl", 5, [told])
    done = agent.import_source(hostile, ignore, True)
    assert (done.problem_count, done.commits) == (5, 0)


def test_a_file_with_a_name_that_is_none_is_not_there(
    opened: tuple[Agent, Path], tmp_path: Path
) -> None:
    agent, path = opened
    head = path.read_text("utf-8").splitlines()[0]
    line = {"kind": "attachment", "namespace": "imessage", "id": "A", "changes": [], "file": "a\0b"}
    odd = tmp_path / "odd.jsonl"
    odd.write_text("\n".join([head, json.dumps(line)]), "utf-8")
    done = agent.import_source(odd, ignore)
    assert (done.problem_count, done.files) == (0, 0)


def test_what_a_strange_device_wrote_is_left_out_of_an_export(
    opened: tuple[Agent, Path], tmp_path: Path
) -> None:
    agent, _ = opened
    roots = agent.device.history.keys.roots
    (record,) = record_ids(
        roots, NAMESPACE_APPLE, [(int(Kind.CONVERSATION), "direct:+15550100000")]
    )
    told = (Entry("name", 2, "", 5), Entry("origin", 1, "", "x"), Entry("future", 99, "", 7))
    change = Change(int(Kind.CONVERSATION), record, 0, -5, OTHER, told)
    agent.device.journal.write(Writing((change,), Part(reason="odd")))
    agent.export("jsonl", tmp_path / "out.jsonl", Select())
    done = agent.import_source(tmp_path / "out.jsonl", ignore, True)
    assert (done.problem_count, done.commits) == (0, 0)
    assert '["future",99,"",7]' in (tmp_path / "out.jsonl").read_text("utf-8")


def _thread(agent: Agent) -> list[MessageView]:
    return agent.read(agent.conversation("+15550100000").record)


def _state_of(agent: Agent) -> list[object]:
    return [(row.uid, encode(row.state)) for row in agent.device.history.library.read.whole()]
