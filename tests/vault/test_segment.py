"""Segments: changes to bytes and back; hostile bytes, and bombs."""

import tracemalloc
from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sealwax.crypto.keyed_hash import record_id
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import ORIGIN, TEXT, TIME_NS
from sealwax.vault import segment
from sealwax.vault.column import ColumnForm, Room, read_column
from sealwax.vault.column_writing import write_column
from sealwax.vault.digest import change_digest
from sealwax.vault.group import changes_of
from sealwax.vault.segment import (
    CHANGES_LIMIT,
    PLAIN_LIMIT_BYTES,
    checked_groups,
    decode_segment,
    encode_and_read,
    encode_segment,
)
from tests.accounts import made_account
from tests.laws import LAWS

ROOTS = made_account().keys.roots
GUIDS = st.uuids().map(lambda guid: str(guid).upper())
TEXTS = st.one_of(
    st.text(max_size=8),
    GUIDS,
    GUIDS.map(str.lower),
    st.sampled_from(["", "a", "a\0b", "imessage"]),
)
VALUES = st.recursive(
    st.one_of(
        st.integers(-(2**63), 2**64 - 1),
        st.integers(-3, 3).map(lambda number: number * 10**9),
        TEXTS,
        st.binary(max_size=8),
        st.booleans(),
        st.none(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMED = st.builds(lambda *told: entry(ORIGIN, list(told)), st.sampled_from(["imessage", ""]), GUIDS)
ENTRIES = st.one_of(
    st.builds(
        Entry,
        st.text(min_size=1, max_size=10),
        st.sampled_from([1, 2, 6, 99]),
        st.text(max_size=5),
        VALUES,
    ),
    st.builds(Entry, st.just("a"), st.sampled_from([3, 4]), st.just(""), st.integers(-9, 2**63)),
    st.builds(lambda value: Entry("origin", 1, "", value), VALUES),
    NAMED,
    st.integers(-(2**63), 2**64 - 1).map(lambda value: entry(TIME_NS, value)),
)


@st.composite
def _alike(draw: st.DrawFn) -> list[Change]:
    """Changes of one shape: values that follow from others, and some that do not."""
    shape = draw(st.lists(ENTRIES, max_size=4))
    changes = []
    for _ in range(draw(st.integers(1, 5))):
        told = [
            one if draw(st.booleans()) else one._replace(value=draw(_alternatives(one)))
            for one in shape
        ]
        record = draw(st.binary(min_size=16, max_size=16))
        time_ms = draw(st.integers(-(2**53), 2**53))
        for one in told:
            if one.name == ORIGIN.name and _is_origin(one.value) and draw(st.booleans()):
                record = record_id(ROOTS, one.value[0], record[0], one.value[1])
            if one.name == TIME_NS.name and abs(one.value) < 2**62:
                time_ms = one.value // 10**6
        life, device = draw(st.sampled_from([None, 0, 2**31])), draw(st.sampled_from("de"))
        changes.append(Change(record[0], record, life, time_ms, device.encode() * 16, tuple(told)))
    return changes


def _is_origin(value: Any) -> bool:
    return type(value) is list and list(map(type, value)) == [str, str]


def _alternatives(told: Entry) -> st.SearchStrategy[Any]:
    if told.merge in (3, 4) or told.name == TIME_NS.name:
        return st.integers(told.value - 1_000, told.value + 1_000).map(
            lambda value: min(max(value, -(2**63)), 2**64 - 1)
        )
    return NAMED.map(lambda one: one.value) if told.name == ORIGIN.name else VALUES


CHANGES = st.lists(_alike(), max_size=4).map(lambda groups: list(chain.from_iterable(groups)))


def _in_order(changes: Sequence[Change]) -> list[bytes]:
    """Changes as bytes, in an order that does not depend on theirs: true and 1 are not the same."""
    return sorted(map(msgspec.msgpack.Encoder(order="deterministic").encode, changes))


@LAWS
@given(CHANGES)
def test_changes_come_back_as_they_were(changes: list[Change]) -> None:
    told = decode_segment(ROOTS, encode_segment(ROOTS, changes))
    assert _in_order(told) == _in_order(changes)
    assert change_digest(ROOTS, told) == change_digest(ROOTS, changes)


ODD = st.one_of(
    st.floats(),
    st.sampled_from(
        [0, 0.0, -0.0, False, None, "\ud800", 2**64, -(2**63) - 1, {1: 2}, (1, 2), [1]]
    ),
)


@given(st.lists(st.one_of(ODD, st.lists(ODD, max_size=2)), min_size=1, max_size=4))
def test_no_value_is_told_as_another(values: list[Any]) -> None:
    """What a segment cannot hold (a float, half a character, a number of more than 64 bits) is
    refused when it is written, whatever is equal to it."""
    changes = [
        Change(2, b"\2" * 15 + bytes([at]), 0, 5, b"d" * 16, (Entry("new", 99, "", value),))
        for at, value in enumerate(values)
    ]
    try:
        data, groups = encode_and_read(ROOTS, changes)
    except (SealBroken, UnicodeEncodeError, OverflowError, TypeError):
        return
    assert _in_order(changes_of(groups)) == _in_order(decode_segment(ROOTS, data))
    assert _in_order(changes_of(groups)) == _in_order(changes)


def test_what_a_reader_would_find_otherwise_is_not_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: Any, **__: Any) -> list[Any]:
        return [ColumnForm.SAME, "a"]

    monkeypatch.setattr(segment, "write_column", mistaken)
    words = [Change(2, b"\2" * 16, 0, at, b"d" * 16, (entry(TEXT, "b"),)) for at in (1, 2)]
    with pytest.raises((AssertionError, SealBroken)):
        encode_and_read(ROOTS, words)


@given(CHANGES)
def test_the_same_changes_give_the_same_bytes(changes: list[Change]) -> None:
    data = encode_segment(ROOTS, changes)
    assert encode_segment(ROOTS, list(changes)) == data
    told = decode_segment(ROOTS, data)
    # What was read and is written again says the same.
    assert _in_order(decode_segment(ROOTS, encode_segment(ROOTS, told))) == _in_order(changes)


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["one", "two", "three"], ColumnForm.VALUES),
        (["same", "same"], ColumnForm.SAME),
        ([{"a": 1}, {"a": 1}], ColumnForm.SAME),
        ([[1], [True]], ColumnForm.ARRAYS),
        ([True, 1], ColumnForm.VALUES),
        ([1_000, 2_000, 2**62], ColumnForm.DIFFERENCES),
        ([2**64 - 1, 2**64 - 2], ColumnForm.VALUES),
        ([-(2**63), 2**63 - 1], ColumnForm.VALUES),
        (["0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9", "F" * 8 + "-FFFF" * 3 + "-" + "F" * 12],
         ColumnForm.GUIDS),
        (["0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "F" * 8 + "-FFFF" * 3 + "-" + "F" * 12],
         ColumnForm.VALUES),
        (["a", None, "a", "a"], ColumnForm.TABLE),
        ([[1, "a"], [2, "b"]], ColumnForm.ARRAYS),
        ([[1, "a"], [2]], ColumnForm.VALUES),
        ([{"a": 1}, {"a": 2}], ColumnForm.MAPS),
        ([{"a": 1}, {"b": 2}], ColumnForm.VALUES),
        ([{}, {"a": 1}], ColumnForm.VALUES),
    ],
)  # fmt: skip
def test_a_column_is_short_and_exact(values: list[Any], form: ColumnForm) -> None:
    column = write_column(values, Room(1_000))
    assert column[0] == form
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(column))
    told = read_column(packed, len(values), Room(1_000))
    assert msgspec.msgpack.encode(told) == msgspec.msgpack.encode(values)


def test_what_is_told_by_something_else_takes_no_room() -> None:
    def told(number: int) -> Change:
        guid = f"{number:08X}-0000-0000-0000-{number * 7_919:012X}"
        entries = (entry(ORIGIN, ["imessage", guid]), entry(TIME_NS, number * 10**9))
        record = record_id(ROOTS, "imessage", 2, guid)
        return Change(2, record, 0, number * 1_000, b"d" * 16, entries)

    data = encode_segment(ROOTS, list(map(told, range(1_000))))
    assert len(data) < 8_000


def test_many_large_values_that_are_alike_still_fit() -> None:
    """They would take more room than a segment has, were they told once and unfolded."""
    words = "w" * (PLAIN_LIMIT_BYTES // 80)
    changes = [
        Change(2, b"\2" * 15 + bytes([at]), 0, at, b"d" * 16, (entry(TEXT, words),))
        for at in range(79)
    ]
    two = [one._replace(life=life) for life in (0, 2) for one in changes[:39]]
    for told in (changes, two):
        assert _in_order(decode_segment(ROOTS, encode_segment(ROOTS, told))) == _in_order(told)


@given(st.binary(max_size=300))
def test_any_bytes_raise_one_error(data: bytes) -> None:
    for blob in (data, zstandard.ZstdCompressor().compress(data)):
        try:
            decode_segment(ROOTS, blob)
        except (SealBroken, SealUnknown):
            continue


_JUNK = st.one_of(
    VALUES, st.floats(), st.integers(0, 9).map(lambda form: [form]), st.just(bytes(32))
)


@st.composite
def _spoiled(draw: st.DrawFn) -> bytes:
    """A sound segment with something else at one place in it."""
    whole = zstandard.ZstdDecompressor().decompress(encode_segment(ROOTS, draw(_alike())))
    told = msgspec.msgpack.decode(whole)
    at: Any = told
    while True:
        place = draw(st.integers(0, len(at) - 1))
        if type(at[place]) is not list or not at[place] or draw(st.integers(0, 4)) == 0:
            break
        at = at[place]
    at[place] = draw(_JUNK)
    return _packed(told)


@LAWS
@given(_spoiled())
def test_what_was_spoiled_is_refused_or_read_within_bounds(data: bytes) -> None:
    try:
        groups = checked_groups(ROOTS, data)
    except (SealBroken, SealUnknown):
        return
    for group in groups:
        columns = [group.times_ms, *group.keys, *group.values]
        assert {len(column) for column in columns} == {len(group.records)}
        assert all(len(record) == 16 and record[0] == group.kind for record in group.records)
        assert all(type(key) is str for column in group.keys for key in column)
        # It can be sealed again, so it can be handed on.
        assert decode_segment(ROOTS, encode_segment(ROOTS, list(group.changes())))


def test_a_bomb_is_refused_before_it_inflates() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(PLAIN_LIMIT_BYTES + 1))
    assert len(bomb) < 100_000
    with pytest.raises(SealBroken):
        decode_segment(ROOTS, bomb)
    with pytest.raises(SealBroken):
        decode_segment(ROOTS, zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 9))


def _inside(levels: int) -> list[Any]:
    column: list[Any] = [1, None]
    for _ in range(levels):
        column = [6, [column]]
    return column


@pytest.mark.parametrize(
    "column",
    [
        [6, [[6, [[1, None]] * 64]] * 64],
        [6, [_inside(6)] * 2],
        [6, [[1, None]] * 9],
        [7, ["k" * 1_000_000], [[1, 1]]],
        [7, ["k" * 257], [[1, 1]]],
        [1, "w" * 257],
        [5, ["", "w" * 257], bytes(CHANGES_LIMIT)],
    ],
)
def test_a_bomb_of_columns_is_refused_before_it_unfolds(column: list[Any]) -> None:
    """A hundred bytes that stand for lists without number, or for long texts in 65,536 values."""
    group = [2, 0, b"d" * 16, CHANGES_LIMIT, bytes(15 * CHANGES_LIMIT), [1, 0]]
    tracemalloc.start()
    try:
        with pytest.raises(SealBroken):
            decode_segment(ROOTS, _packed([2, [[*group, [["text", 1, [1, ""], column]]]]]))
        assert tracemalloc.get_traced_memory()[1] < 2 * PLAIN_LIMIT_BYTES
    finally:
        tracemalloc.stop()


def test_a_writer_keeps_to_what_a_reader_takes() -> None:
    """What would unfold to too much is written as it is."""
    small: list[Any] = [[1, at] for at in range(50)]
    assert write_column(small, Room(10_000, 100))[0] == ColumnForm.ARRAYS
    assert write_column(small, Room(10_000, 99))[0] == ColumnForm.VALUES
    maps: list[Any] = [{"k" * 96: at} for at in range(50)]
    assert write_column(maps, Room(50 * 99, 50))[0] == ColumnForm.MAPS
    assert write_column(maps, Room(50 * 99 - 1, 50))[0] == ColumnForm.VALUES
    assert write_column(maps, Room(50 * 99, 49))[0] == ColumnForm.VALUES


def _packed(content: object) -> bytes:
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(content))


def test_another_version_is_told_apart_from_damage() -> None:
    for told in ([3, {"anything": 1}, [], []], [1, [b"d" * 16], [["text", 1]], []], [3]):
        with pytest.raises(SealUnknown):
            decode_segment(ROOTS, _packed(told))
