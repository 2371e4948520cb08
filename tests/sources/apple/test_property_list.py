"""Property lists from anybody: read, or one error; in bounded room."""

import plistlib
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwax.sources.apple.keeping import keep_days
from sealwax.sources.apple.madrid import _participants
from sealwax.sources.apple.property_list import (
    DEPTH_LIMIT,
    VALUES_LIMIT,
    PropertyListError,
    read_property_list,
)
from sealwax.sources.apple.summary import SummaryError, read_summary
from sealwax.sources.apple.typedstream.plain import render
from sealwax.sources.registry import _is_encrypted

HEAD = b'<?xml version="1.0" encoding="UTF-8"?><plist version="1.0">'
CONTENT = {
    "ec": {"0": [{"d": 1.5, "t": render("a")}], "1": [{"d": 2, "t": render("b")}]},
    "rp": [1],
    "otr": {"0": {"lo": 0, "le": 1}},
    "KeepMessageForDays": 30,
    "IsEncrypted": True,
}
BINARY = plistlib.dumps(CONTENT, fmt=plistlib.FMT_BINARY)
XML = plistlib.dumps(CONTENT)


def _laid(objects: list[bytes], offsets: list[int] | None = None) -> bytes:
    """A binary list of these values, with two bytes a reference."""
    body, starts = b"bplist00", []
    for one in objects:
        starts.append(len(body))
        body += one
    starts = offsets or starts
    table = b"".join(struct.pack(">H", start) for start in starts)
    return body + table + struct.pack(">6xBBQQQ", 2, 2, len(starts), 0, len(body))


@pytest.mark.parametrize(
    "data",
    [
        HEAD.replace(b"UTF-8", b"no-such-code") + b"<string>x</string></plist>",
        HEAD.replace(b"UTF-8", b"rot13") + b"<string>x</string></plist>",
        HEAD + b"<date>yesterday</date></plist>",
        HEAD + b"<date/></plist>",
        HEAD + b"<integer/></plist>",
        HEAD + b"<integer>" + b"9" * 5_000 + b"</integer></plist>",
        HEAD + b"<real>x</real></plist>",
        HEAD + b"<data>x</data></plist>",
        HEAD + b"<dict><string>no key</string></dict></plist>",
        HEAD + b"</array></plist>",
        HEAD,
        b"",
        b"bplist00",
        _laid([b"\xd1\x00\x01\x00\x00", b"\xa0"]),  # A map with a list as its key.
        _laid([b"\x33" + struct.pack(">d", 1e300)]),  # A date beyond all years.
        _laid([b"\x5f\x13" + b"\xff" * 8]),
        _laid([b"\x80"])[:-1],
    ],
)
def test_what_is_none_is_one_error(data: bytes) -> None:
    with pytest.raises(PropertyListError):
        read_property_list(data)


def test_whole_ones_are_read() -> None:
    assert read_property_list(BINARY) == read_property_list(XML) == CONTENT
    for fmt in (plistlib.FMT_BINARY, plistlib.FMT_XML):
        many: dict[str, Any] = {f"key {n}": [n, "ü" * 300, b"x" * 70_000] for n in range(40)}
        assert read_property_list(plistlib.dumps(many, fmt=fmt)) == many


def test_the_size_is_bounded() -> None:
    with pytest.raises(PropertyListError, match="larger"):
        read_property_list(XML, len(XML) - 1)
    assert read_property_list(XML, len(XML))


@pytest.mark.parametrize(
    "inner",
    [
        # Each is a list of all of them, in the same bytes: memory for the square of their number.
        b"\xaf\x11"
        + struct.pack(">H", 9_000)
        + b"".join(struct.pack(">H", n) for n in range(9_000)),
        b"\x4f\x11" + struct.pack(">H", 18_000) + bytes(18_000),
        b"\x6f\x11" + struct.pack(">H", 9_000) + b"\x00a" * 9_000,
    ],
)
def test_values_on_top_of_each_other_are_refused_in_little_room(inner: bytes) -> None:
    data = _laid([inner], offsets=[8] * 9_000)
    tracemalloc.start()
    with pytest.raises(PropertyListError, match="on top of each other"):
        read_property_list(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * len(data)


def test_one_that_holds_itself_is_refused() -> None:
    with pytest.raises(PropertyListError, match="too deeply"):
        read_property_list(_laid([b"\xa1\x00\x00"]))


def test_one_that_doubles_with_each_level_is_refused() -> None:
    levels = [b"\xa2" + struct.pack(">HH", n + 1, n + 1) for n in range(DEPTH_LIMIT - 4)]
    with pytest.raises(PropertyListError, match="more values"):
        read_property_list(_laid([*levels, b"\x08"]))


@pytest.mark.parametrize("fmt", [plistlib.FMT_BINARY, plistlib.FMT_XML])
def test_depth_and_number_are_bounded(fmt: plistlib.PlistFormat) -> None:
    deep: Any = 1
    for _ in range(DEPTH_LIMIT - 1):
        deep = [deep]
    assert read_property_list(plistlib.dumps(deep, fmt=fmt)) == deep
    with pytest.raises(PropertyListError, match="deeply"):
        read_property_list(plistlib.dumps([deep], fmt=fmt))
    with pytest.raises(PropertyListError, match="more values"):
        read_property_list(plistlib.dumps([True] * (VALUES_LIMIT + 1), fmt=fmt))


def test_numbers_that_nobody_can_print_are_left_out() -> None:
    huge = b"\x1f" + b"\x7f" * 32_768
    data = _laid([b"\xd1\x00\x01\x00\x02", b"\x52rp", b"\xa1\x00\x03", huge])
    assert read_summary(data).unsent == ()


def test_the_same_wording_in_many_places_is_decoded_once() -> None:
    """A map of 200 parts, all with the same list of 200 wordings."""
    wording = [{"t": render("words " * 400)}] * 200
    data = plistlib.dumps({"ec": {str(n): wording for n in range(200)}}, fmt=plistlib.FMT_BINARY)
    found = read_summary(data).wordings
    assert len(found) <= 1_000
    read = sum(len(one.body.text) for one in found if one.body is not None)
    assert 0 < read <= len(data)


MUTATIONS = st.lists(
    st.tuples(st.integers(0, 10**6), st.binary(max_size=4), st.integers(0, 4)), max_size=6
)
TAGS = st.sampled_from(
    [
        b"<date>x</date>",
        b"<array>",
        b"</dict>",
        b"<integer>x",
        b"&#0;",
        b"encoding='utf-7'",
        b"<x/>",
    ]
)


@given(st.sampled_from([BINARY, XML]), MUTATIONS, st.lists(st.tuples(st.integers(0, 999), TAGS)))
def test_damaged_ones_are_one_error_to_every_reader(
    whole: bytes, changes: list[tuple[int, bytes, int]], tags: list[tuple[int, bytes]]
) -> None:
    data = bytearray(whole)
    for place, more, less in changes:
        at = place % (len(data) + 1)
        data[at : at + less] = more
    for place, tag in tags if whole is XML else ():
        at = place % (len(data) + 1)
        data[at:at] = tag
    told = bytes(data)
    with suppress(PropertyListError):
        read_property_list(told)
    with suppress(SummaryError):
        read_summary(told)
    assert all(isinstance(who, str) for who in _participants(told))


@pytest.mark.parametrize("data", [HEAD + b"<date>x</date></plist>", b"bplist00", XML, BINARY])
def test_files_of_others_are_read_or_passed_over(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "Manifest.plist").write_bytes(data)
    place = tmp_path / "Preferences"
    place.mkdir()
    (place / "com.apple.MobileSMS.plist").write_bytes(data)
    is_whole = data in (XML, BINARY)
    assert _is_encrypted(tmp_path) == is_whole
    assert keep_days(tmp_path / "messages" / "chat.db") == (30 if is_whole else None)
