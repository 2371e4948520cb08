"""Segments: changes to bytes and back; hostile bytes, and bombs."""

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.model.change import Change, Entry
from sealwax.vault.segment import (
    ENTRIES_LIMIT,
    PLAIN_LIMIT_BYTES,
    decode_segment,
    encode_segment,
)

VALUES = st.recursive(
    st.one_of(
        st.integers(-(2**40), 2**40), st.text(max_size=8), st.binary(max_size=8), st.booleans()
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
ENTRIES = st.builds(
    Entry,
    st.text(min_size=1, max_size=10),
    st.sampled_from([1, 2, 6, 99]),
    st.text(max_size=5),
    VALUES,
)
CHANGES = st.builds(
    lambda record, *rest: Change(record[0], record, *rest),
    st.binary(min_size=16, max_size=16),
    st.one_of(st.none(), st.integers(0, 9)),
    st.integers(-(2**40), 2**40),
    st.binary(min_size=16, max_size=16),
    st.lists(ENTRIES, max_size=4).map(tuple),
)


@given(st.lists(CHANGES, max_size=6))
def test_changes_come_back_as_they_were(changes: list[Change]) -> None:
    assert decode_segment(encode_segment(changes)) == changes


@given(st.binary(max_size=300))
def test_any_bytes_raise_one_error(data: bytes) -> None:
    for blob in (data, zstandard.ZstdCompressor().compress(data)):
        try:
            decode_segment(blob)
        except (SealBroken, SealUnknown):
            continue


def test_a_bomb_is_refused_before_it_inflates() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(PLAIN_LIMIT_BYTES + 1))
    assert len(bomb) < 100_000
    with pytest.raises(SealBroken):
        decode_segment(bomb)
    with pytest.raises(SealBroken):
        decode_segment(zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 100))


def _packed(content: object) -> bytes:
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(content))


def test_a_newer_version_is_told_apart_from_damage() -> None:
    with pytest.raises(SealUnknown):
        decode_segment(_packed([2, {"anything": 1}, [], []]))


@pytest.mark.parametrize(
    "rows",
    [
        [[1, b"\1" * 15, 0, 0, 0, []]],
        [[2, b"\1" * 16, 0, 0, 0, []]],
        [[1, b"\1" * 16, 0, 0, 1, []]],
        [[1, b"\1" * 16, 0, 0, 0, [0, "", 1, 2]]],
        [[1, b"\1" * 16, 0, 0, 0, [2, "", 1]]],
        [[1, b"\1" * 16, 0, 0, 0, [-1, "", 1]]],
        [[1, b"\1" * 16, 0, 0, 0, [0, 5, 1]]],
        [[1, b"\1" * 16, 0, 0, 0, [0, "", "not a number"]]],
        [[1, b"\1" * 16, -1, 0, 0, []]],
        [[1, b"\1" * 16, 0, 2**60, 0, []]],
        [[256, b"r" * 16, 0, 0, 0, []]],
        [[1, b"\1" * 16, 0, 0, 0, []]] * 65_537,
        [[1, b"\1" * 16, 0, 0, 0, [1, "", 1] * (ENTRIES_LIMIT + 1)]],
        [[1, b"\1" * 16, 0, 0, 0, [1, "", 1] * (ENTRIES_LIMIT // 2)]] * 3,
        [[1, b"\1" * 16, 0, 0, 0, [1, "", bytes(PLAIN_LIMIT_BYTES)]]],
        [[1, b"\1" * 16, 0, 0, 0, [1, "", {1: "a key that is no text"}]]],
        [[1, b"\1" * 16, 0, 0, 0, [1, "", [1.5]]]],
    ],
)
def test_rows_that_are_none_are_refused(rows: list[object]) -> None:
    with pytest.raises(SealBroken):
        decode_segment(_packed([1, [b"d" * 16], [["greatest", 4], ["text", 1]], rows]))
