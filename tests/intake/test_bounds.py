"""Values that no object of a vault could hold."""

import base64
import json
import random
from pathlib import Path

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.intake.bounds import VALUE_LIMIT_BYTES, bounded_observations
from sealwax.model.change import Entry, entry
from sealwax.model.field import BODY, PARTS, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.sources.base import Observation
from tests.homes import NOW_MS, environment, ignore, made_home

DEVICE = "ab" * 16


def test_what_is_too_large_is_named_and_the_rest_is_kept() -> None:
    half = "ü" * (VALUE_LIMIT_BYTES // 4)
    told = (
        entry(TEXT, half),
        entry(BODY, bytes(VALUE_LIMIT_BYTES + 1)),
        entry(PARTS, [1, [{"kind": "text", "text": half}] * 3]),
        entry(TIME_NS, 5),
        Entry("future", 99, "", {"a": half + half + "x"}),
    )
    problems: list[str] = []
    seen = Observation(int(Kind.MESSAGE), "GUID", 1, told)
    short = seen._replace(entries=told[3:4])
    first, kept, last = bounded_observations(
        [short, seen, short], lambda problem: problems.append(problem.excerpt)
    )
    assert first is last is short
    assert [item.name for item in kept.entries] == ["text", "time_ns"]
    assert problems == ["body", "parts", "future"]
    assert bounded_observations([kept], problems.append) == [kept]  # type: ignore[arg-type]


def test_no_small_value_stands_for_a_large_one() -> None:
    """Numbers weigh more than they take."""
    numbers = entry(PARTS, [1, [0] * (VALUE_LIMIT_BYTES // 8 + 1)])
    seen = Observation(int(Kind.MESSAGE), "GUID", 1, (numbers,))
    problems: list[str] = []
    (kept,) = bounded_observations([seen], lambda problem: problems.append(problem.excerpt))
    assert (kept.entries, problems) == ((), ["parts"])


def test_an_import_of_large_values_ends_well_and_they_come_back(tmp_path: Path) -> None:
    """Noise, which cannot be made smaller: 18 MB of it in one change, and a value of 17 MB."""
    noise = random.Random(1)
    raw = [["raw", 1, f"column {at}", _plain(noise.randbytes(3_000_000))] for at in range(6)]
    huge = ["raw", 1, "huge", _plain(noise.randbytes(17_000_000))]
    told = [["time_ns", 1, "", NOW_MS * 10**6], ["text", 1, "", "words"]]
    lines = [
        {"format": "sealwax-jsonl", "version": 1, "made_ms": 1},
        _record("A", [*told, *raw]),
        _record("B", [*told, huge]),
    ]
    path = tmp_path / "large.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        done = agent.import_source(path, ignore)
        assert [problem.where for problem in done.problems] == ["B"]
        assert agent.import_source(path, ignore).commits == 0
        found = agent.search("words")
        assert len(found) == 2
        messages = tuple(str(hit.message.record) for hit in found)
        # Brought back, all of it is written once more.
        agent.delete(Select(messages=messages))
        agent.undelete(Select(messages=messages))
        read = agent.device.history.library.read
        kept = [row.state.slots for row in read.whole() if row.kind == Kind.MESSAGE]
        assert sorted(len(slots) for slots in kept) == [3, 9]
        assert agent.verify(ignore).is_sound


def _plain(data: bytes) -> dict[str, str]:
    return {"$bytes": base64.b64encode(data).decode()}


def _record(name: str, entries: list[list[object]]) -> dict[str, object]:
    change = {"life": 0, "time_ms": NOW_MS, "device": DEVICE, "entries": entries}
    return {"kind": "message", "namespace": "imessage", "id": name, "changes": [change]}
