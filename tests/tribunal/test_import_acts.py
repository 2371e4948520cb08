"""A hostile export that somebody hands over to be imported, and odd values in a device's changes.

Whoever writes such a file knows the ids of messages: everybody in a conversation does.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sealwax.agent.selecting import Select
from sealwax.base.errors import SealwaxError
from sealwax.model.change import Change, Entry
from sealwax.model.field import FIELDS, UNSENT
from sealwax.model.record import Kind
from tests.homes import ignore
from tests.tribunal.beginning import OWNER, SNAPSHOTS
from tests.tribunal.court import HONEST, Court, shown_by

DEVICE = "bb763930f38926dfacacb541d542bba7"
HIGHEST_LIFE = 2**31
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63 - 1, -(2**63), "", "x", "\x00", "\ud7ff" * 9, b"", b"x",
    [], [[]], [None], ["x", 1], [1, "x", None], [b"x"], {}, {"x": {}}, [1, [{"kind": "text"}]],
    [2**62, []], [0, 0, [[b"x", 5]]], [b"h" * 32, -1, [[b"n" * 32, -1]]], [[[[[[[[]]]]]]]],
)  # fmt: skip
CONTROL = {name for name, field in FIELDS.items() if field.is_control}
"""What is said of a record's life is an act of its own."""
RIGHT: dict[str, type] = {"text": str, "placed": str, "unsent": bool}
"""Forms that are right, and hide what was there: acts of their own."""


def origins(court: Court) -> list[str]:
    with court.agent(OWNER) as agent:
        return [
            view.origin
            for chat in agent.conversations()
            for view in agent.read(chat.record, None, 1_000)
        ]


def export(folder: Path, records: list[tuple[str, str, list[list[Any]], int | None]]) -> Path:
    """A file of records: the kind, the id, the entries, the life under which they were written."""
    lines: list[dict[str, Any]] = [{"format": "sealwax-jsonl", "version": 1, "made_ms": 1}]
    for kind, origin, entries, life in records:
        change = {"life": life, "time_ms": 10**13, "device": DEVICE, "entries": entries}
        lines.append({"kind": kind, "namespace": "imessage", "id": origin, "changes": [change]})
    path = folder / "hostile.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def taken(court: Court, path: Path) -> None:
    """The owner imports it without a word; a refusal is a sentence."""
    with court.agent(OWNER) as agent:
        agent.import_source(path, ignore, is_dry_run=True)
        try:
            agent.import_source(path, ignore)
        except SealwaxError as error:
            assert error.sentence


def check(court: Court) -> None:
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check()


@pytest.mark.parametrize(
    "entries",
    [
        [["erased", 6, "", True]],
        [["life", 4, "", 1], ["purged", 4, "", 1]],
        [["life", 4, "", 1], ["held", 2, "1", False]],
        [["life", 4, "", 1], ["held", 2, "1", True]],
        [["purged", 4, "", 0]],
        [["purged", 4, "", HIGHEST_LIFE]],
        [["life", 4, "", HIGHEST_LIFE - 1]],
        [["deletion", 6, "tombstone:10000000000000", True], ["life", 4, "", 1]],
    ],
    ids=[
        "erased",
        "deleted and purged",
        "deleted and answered",
        "deleted and held",
        "purged without being deleted",
        "purged for all lives to come",
        "deleted for the last time",
        "deleted by a source",
    ],
)
def test_an_export_says_that_every_message_is_gone(
    court: Court, tmp_path: Path, entries: list[list[Any]]
) -> None:
    taken(court, export(tmp_path, [("message", one, entries, None) for one in origins(court)]))
    check(court)


def test_an_export_says_that_every_message_is_something_else(court: Court, tmp_path: Path) -> None:
    """The same ids under other kinds are other records."""
    records = [
        (kind, one, [["name", 2, "", "x"], ["origin", 1, "", ["imessage", one]]], 0)
        for one in origins(court)
        for kind in ("conversation", "contact", "attachment")
    ]
    taken(court, export(tmp_path, records))
    check(court)


@pytest.mark.parametrize("origin", ["x", 5, None, [], ["imessage"], [1, 2], {"a": 1}])
def test_an_export_has_an_origin_that_is_none(court: Court, tmp_path: Path, origin: Any) -> None:
    records = [
        ("conversation", "direct:+15550100000", [["origin", 1, "", origin]], 0),
        ("message", origins(court)[0], [["origin", 1, "", origin]], 0),
    ]
    path = export(tmp_path, records)
    path.write_text(path.read_text().replace("10000000000000", "-9000000000000"))
    taken(court, path)
    check(court)
    with court.agent(OWNER) as agent:
        agent.export("html", tmp_path / "out", Select())


def test_an_export_names_files_outside_its_folder(court: Court, tmp_path: Path) -> None:
    path = export(tmp_path, [])
    for name in ("/etc/passwd", "../../etc/passwd", "a\x00b", "", "x" * 5_000, str(tmp_path)):
        line = {
            "kind": "attachment", "namespace": "imessage", "id": name or "none", "changes": [],
            "file": name,
        }  # fmt: skip
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")
    taken(court, path)
    check(court)


def test_an_export_nests_and_repeats_without_end(court: Court, tmp_path: Path) -> None:
    path = export(tmp_path, [("message", "m", [["raw", 1, "x", {"$map": 5}]], 0)])
    with path.open("a") as file:
        file.write("[" * 100_000 + "\n")
        file.write('{"kind":' * 10_000 + "\n")
        file.write("\xff\xfe not text\n")
    taken(court, path)
    check(court)


@pytest.mark.parametrize("name", sorted(set(FIELDS) - CONTROL))
def test_a_device_says_odd_values_of_a_field(court: Court, name: str, tmp_path: Path) -> None:
    """Of every kind of record, under every class and key: all that was there is shown, nothing ends
    in a traceback, and the odd values take the place of none that are right."""
    field = FIELDS[name]
    thief = court.intruder()
    keys = ("", "x", "0", "0:x", "-1:0:x", "\x00", "1" * 400) if field.is_keyed else ("", "x")
    life, time_ms = 0, -(2**53)
    records = [
        one for kind in Kind for one in (*court.records(kind)[:2], (kind, bytes([kind]) * 16))
    ]
    changes = [
        Change(
            int(kind), record, life, time_ms, thief.id, (Entry(name, int(field.merge), key, value),)
        )
        for kind, record in records
        for key in keys
        for value in ODD_VALUES
        if _is_sealable(field.merge, value) and not isinstance(value, RIGHT.get(name, ()))
        # Of a part that was unsent the key is all that counts: it says so with any value.
        if (name, key) != (UNSENT.name, "0")
    ]
    assert thief.say(changes) is None
    for number in HONEST:
        day = court.day(number)
        assert day.refusals == (), day.refusals
    with court.agent(OWNER) as agent:
        for chat in agent.conversations():
            agent.read(chat.record, None, 1_000)
        for at in SNAPSHOTS[:1]:
            assert shown_by(agent, at) == court.snapshots[at]
        agent.search("thread")
        for form in ("jsonl", "html", "text", "csv"):
            agent.export(form, tmp_path / form, Select())
    court.settle()
    lost = (court.kept | court.said) - court.shown(OWNER)
    assert not lost, f"{name}: {len(lost)} are not shown any more"


def _is_sealable(merge: int, value: Any) -> bool:
    """Whether a segment may hold it: numbers for the classes of numbers, and so on."""
    if merge in (3, 4):
        return type(value) is int
    if merge == 5:
        return isinstance(value, list) and len(value) == 2 and type(value[0]) is int
    return True
