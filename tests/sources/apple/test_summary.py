"""message_summary_info: wordings, unsent parts, and bytes that are no such thing."""

import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwax.sources.apple.summary import SummaryError, read_summary
from sealwax.sources.apple.typedstream.plain import render
from tests.samples import SAMPLES, needs_samples

SAMPLE_WORDINGS = {
    "Deleted.plist": ([], (0,)),
    "EditedAndDeleted.plist": (
        [(2, 0, "Second message"), (2, 1, "Second message got edited!")],
        (),
    ),
    "EditedToLink.plist": (
        [
            (1, 0, "here we go!"),
            (1, 1, "https://github.com/ReagentX/imessage-exporter/issues/10"),
        ],
        (),
    ),
}


@needs_samples
@pytest.mark.parametrize("name", sorted(SAMPLE_WORDINGS))
def test_samples_give_their_wordings(name: str) -> None:
    data = (SAMPLES / "imessage-exporter" / "edited_message" / name).read_bytes()
    found = read_summary(data)
    wordings = [(item.part, item.number, item.body and item.body.text) for item in found.wordings]
    assert (wordings, found.unsent) == SAMPLE_WORDINGS[name]
    assert found.is_understood


@needs_samples
@pytest.mark.parametrize("name", ["EditedWithFormatting.plist", "MultiPartOneDeleted.plist"])
def test_the_other_samples_are_read(name: str) -> None:
    data = (SAMPLES / "imessage-exporter" / "edited_message" / name).read_bytes()
    found = read_summary(data)
    assert found.wordings or found.unsent
    assert all(item.body is not None for item in found.wordings)


def test_times_of_wordings_are_nanoseconds_since_1970() -> None:
    data = plistlib.dumps({"ec": {"0": [{"d": 1.5, "t": render("a")}]}}, fmt=plistlib.FMT_BINARY)
    (wording,) = read_summary(data).wordings
    assert wording.time_ns == (978_307_200 * 10 + 15) * 100_000_000


def test_what_it_does_not_understand_it_says() -> None:
    data = plistlib.dumps({"ust": True, "new thing": 1}, fmt=plistlib.FMT_BINARY)
    assert not read_summary(data).is_understood


@pytest.mark.parametrize(
    "content",
    [
        {"ec": {"zero": [{"d": 1.0, "t": b"x"}]}},
        {"ec": {"0": "no list"}},
        {"ec": {"0": [1, 2, {"t": b"not a body", "d": "not a date"}]}},
        {"ec": [1], "rp": "x", "otr": 3},
        {"rp": [-1, "a", 2]},
        {"otr": {"0": {"lo": "a"}}},
    ],
)
def test_odd_contents_are_left_out(content: dict[str, object]) -> None:
    found = read_summary(plistlib.dumps(content, fmt=plistlib.FMT_BINARY))
    assert all(item.body is None for item in found.wordings)
    assert found.unsent in ((), (2,))


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"bplist00",
        b"bplist00" + b"\xff" * 60,
        b"x" * 100,
        plistlib.dumps([1, 2], fmt=plistlib.FMT_BINARY),
        b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "b">]><plist><dict/></plist>',
    ],
)
def test_what_is_no_summary_is_refused(blob: bytes) -> None:
    with pytest.raises(SummaryError):
        read_summary(blob)


@given(st.binary(max_size=200))
def test_any_bytes_raise_one_error(data: bytes) -> None:
    for blob in (data, b"bplist00" + data, b"<plist>" + data):
        try:
            read_summary(blob)
        except SummaryError:
            continue


@given(st.integers(0), st.integers(0, 255))
def test_a_damaged_summary_raises_one_error(place: int, byte: int) -> None:
    data = bytearray(
        plistlib.dumps(
            {"ec": {"0": [{"d": 1.5, "t": render("a")}]}, "rp": [1], "ust": True},
            fmt=plistlib.FMT_BINARY,
        )
    )
    data[place % len(data)] = byte
    try:
        read_summary(bytes(data))
    except SummaryError:
        return
