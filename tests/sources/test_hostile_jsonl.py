"""Exports that somebody made on purpose: a record, a problem, or one error; never another."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.base.problem import Problem
from sealwax.model.field import has_its_form
from sealwax.model.state import is_control
from sealwax.sources.base import Copied, SourceError
from sealwax.sources.jsonl import JsonLinesSource
from sealwax.vault.segment import decode_segment, encode_segment
from tests.accounts import made_account
from tests.laws import cases
from tests.model.odd import ENTRIES

ROOTS = made_account().keys.roots
HEAD = {"format": "sealwax-jsonl", "version": 1, "made_ms": 1}
DEEP = "[" * 5_000 + "]" * 5_000


def _plain(value: Any) -> Any:
    """As an export writes it; bytes that JSON lacks as text."""
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(["message", "imessage", "direct:a", "ab" * 16]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["$bytes", "$map", "kind", "id", "changes", "entries", "x"]), inner
        ),
    ),
    max_leaves=8,
)
CHANGES = st.fixed_dictionaries(
    {
        "life": st.one_of(st.none(), st.integers(-1, 3), JSON),
        "time_ms": st.one_of(st.integers(), JSON),
        "device": st.one_of(st.just("ab" * 16), st.text(max_size=40)),
        "entries": st.lists(
            st.one_of(
                ENTRIES.map(lambda item: [*item[:3], _plain(item.value)]),
                st.tuples(st.text(max_size=9), st.integers(-1, 300), st.text(max_size=4), JSON),
                JSON,
            ),
            max_size=3,
        ),
    }
)
LINES = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["message", "contact", "conversation", "attachment", "x"]),
            "namespace": st.sampled_from(["imessage", "x", ""]),
            "id": st.text(max_size=5),
            "changes": st.lists(CHANGES, max_size=2),
        },
        optional={"file": st.one_of(st.text(max_size=9), st.sampled_from(["a\0", "..", "/", ""]))},
    ),
)


def _read(data: bytes) -> list[Any]:
    """What a file of these bytes yields, checked to be what a segment can hold."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        path.write_bytes(data)
        source = JsonLinesSource(path)
        source.describe()
        items = [item for batch in source.read() for item in batch]
    for item in items:
        assert isinstance(item, Copied | Problem)
        for change in (*item.changes, *item.controls) if isinstance(item, Copied) else ():
            assert all(has_its_form(*told) for told in change.entries)
            assert len({is_control(told.name) for told in change.entries}) == 1
            assert (change.life is None) == is_control(change.entries[0].name)
            named = change._replace(record=bytes((change.kind,)) * 16)
            assert len(decode_segment(ROOTS, encode_segment(ROOTS, [named]))) == 1
    return items


@settings(max_examples=cases(300, 20_000), deadline=None)
@given(st.lists(st.one_of(LINES.map(json.dumps), st.text(max_size=9)), max_size=4))
def test_any_lines_are_records_or_problems(lines: list[str]) -> None:
    data = "\n".join([json.dumps(HEAD), *lines]).encode("utf-8", "surrogatepass")
    told = [line for line in data.split(b"\n")[1:] if line.strip()]
    assert len(_read(data)) == len(told)


@settings(max_examples=cases(200, 20_000), deadline=None)
@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255))))
def test_any_bytes_are_an_export_or_one_error(data: bytes, changes: list[tuple[int, int]]) -> None:
    change = {"life": 0, "time_ms": 1, "device": "ab" * 16, "entries": [["text", 1, "", "words"]]}
    line = {"kind": "message", "namespace": "imessage", "id": "A", "changes": [change]}
    whole = bytearray("\n".join(map(json.dumps, (HEAD, line, line))).encode())
    for place, byte in changes:
        whole[place % len(whole)] = byte
    for told in (data, bytes(whole), json.dumps(HEAD).encode() + b"\n" + data):
        try:
            _read(told)
        except SourceError:
            continue


@pytest.mark.parametrize(
    "head", [DEEP, '{"format": ' + DEEP + "}", "\ufeff{}", '"\\ud800"', "1e999"]
)
def test_a_strange_first_line_is_no_export(head: str) -> None:
    with pytest.raises(SourceError):
        _read(head.encode())


@pytest.mark.parametrize(
    "line",
    [
        DEEP,
        '{"kind": "message", "x": ' + DEEP + "}",
        '{"kind": "message", "namespace": "imessage", "id": "\\ud800", "changes": []}',
        '{"kind": "message", "namespace": "imessage", "id": "A", "changes": [{"life": 0, "time_ms":'
        ' 1, "device": "zz", "entries": []}]}',
    ],
)
def test_a_strange_line_is_a_problem(line: str) -> None:
    (item,) = _read(json.dumps(HEAD).encode() + b"\n" + line.encode())
    assert isinstance(item, Problem)
