"""Bodies: the plain templates, the full walk, damaged bytes; and a second decoder's opinion."""

import plistlib
from pathlib import Path
from typing import Any

import pytest
import typedstream
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.demo.typedstream_writer import (
    BOLD,
    FILE_TRANSFER,
    MENTION,
    PART,
    PLACE,
    Run,
    write_attributed,
)
from sealwax.sources.apple.typedstream.attributed import decode_body
from sealwax.sources.apple.typedstream.plain import match, render, utf16_length
from sealwax.sources.apple.typedstream.reader import TypedStreamError, read_typedstream
from tests.samples import SAMPLES, needs_samples

EXPECTED = {
    "0123456789": "0123456789",
    "Address": "1 Apple Park Way, Cupertino, CA 95014",
    "AnimatedStickerOnly": "\ufffc",
    "Attachment": "\ufffcThis is how the notes look to me fyi,"
    " in case it helps make sense of anything",
    "AttributedBodyTextOnly": "Noter test",
    "Blank": "",
    "Currency": "My burrito was $16",
    "CurrencyTemperatureVolumeWeight": "$100\n\n75\u2109\n\n1L of water\n\n225lbs",
    "Date": "Hi. Right now or tomorrow?",
    "Email": "asdfghjklq@gmail.com might work",
    "ExtraData": "This is parsing  ",
    "Formatted": "Big small",
    "MemojiWithText": "Memoji: \ufffc",
    "MultiAttachment": "\ufffc" * 19,
    "MultiPartWithDeleted": "From arbitrary byte stream:\r\ufffcTo native Rust data structures:\r",
    "OverlappingFormat": "8:00 pm",
    "SingleLink": "https://www.ghacks.net/2020/01/23/"
    "lastpass-no-longer-listed-on-the-chrome-web-store/",
    "StyledLink": "https://github.com/ReagentX/imessage-exporter/discussions/553",
    "TextStyles": "Bold underline italic strikethrough all four",
    "TextStylesSingleRange": "Everything",
    "Transcription": "\ufffc",
    "URL": "https://github.com/ReagentX/Logria",
    "WeirdText": "𝖍𝖊𝖑𝖑𝖔 𝖜𝖔𝖗𝖑𝖉",
}
DAMAGED = {"ExtraData"}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def _samples() -> list[Path]:
    folder = SAMPLES / "imessage-exporter" / "typedstream"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _second_opinion(blob: bytes) -> str:
    """The text as PyPI's pytypedstream reads it."""
    attributed: Any = typedstream.unarchive_from_data(blob)
    value = attributed.contents[0].value
    return str(value.value)


@needs_samples
@pytest.mark.parametrize("path", _samples(), ids=lambda path: path.name)
def test_every_sample_gives_its_exact_text(path: Path) -> None:
    body = decode_body(path.read_bytes())
    if path.name in EXPECTED:
        assert body.text == EXPECTED[path.name]
    assert body.is_partial == (path.name in DAMAGED)
    if path.name not in DAMAGED:
        assert body.text == _second_opinion(path.read_bytes())
        joined = "".join(part["text"] for part in body.parts)
        assert body.is_plain or joined == body.text


@needs_samples
def test_the_samples_are_all_there() -> None:
    assert set(EXPECTED) <= {path.name for path in _samples()}


@needs_samples
@pytest.mark.parametrize(
    "name", ["edited_message/EditedAndDeleted.plist", "edited_message/EditedToLink.plist"]
)
def test_bodies_inside_other_samples_agree_too(name: str) -> None:
    summary = plistlib.loads((SAMPLES / "imessage-exporter" / name).read_bytes())
    blobs = [wording["t"] for part in summary["ec"].values() for wording in part]
    assert blobs
    for blob in blobs:
        assert decode_body(blob).text == _second_opinion(blob)


@given(TEXTS, st.booleans())
def test_a_plain_body_gives_its_text_by_every_way(text: str, is_mutable: bool) -> None:
    blob = render(text, is_mutable)
    assert match(blob) == text
    assert _second_opinion(blob) == text
    body = decode_body(blob)
    assert (body.text, body.is_plain, body.is_partial) == (text, True, False)
    walked = read_typedstream(blob).groups[0][1][0]
    assert walked.groups[0][1][0].decode() == text


@pytest.mark.parametrize("length", [0, 1, 127, 128, 32_767, 32_768, 70_000])
def test_lengths_around_the_widths_of_numbers(length: int) -> None:
    text = "é" * length
    assert match(render(text)) == text
    assert decode_body(render(text)).text == text


@given(TEXTS, st.integers(0), st.integers(1, 255))
def test_a_changed_byte_is_never_read_as_plain_by_mistake(text: str, place: int, bits: int) -> None:
    blob = bytearray(render(text))
    blob[place % len(blob)] ^= bits
    found = match(bytes(blob))
    assert found is None or render(found) == blob or render(found, True) == blob


@settings(max_examples=500)
@given(st.binary(max_size=400))
def test_any_bytes_raise_one_error_or_give_text(data: bytes) -> None:
    for blob in (data, b"\x04\x0bstreamtyped\x81\xe8\x03" + data):
        try:
            decode_body(blob)
        except TypedStreamError:
            continue


@needs_samples
@settings(max_examples=300)
@given(st.integers(0), st.integers(0), st.integers(0, 255), st.integers(0))
def test_damaged_samples_raise_one_error_or_give_text(
    which: int, place: int, byte: int, cut: int
) -> None:
    samples = _samples()
    data = bytearray(samples[which % len(samples)].read_bytes())
    data[place % len(data)] = byte
    blob = bytes(data[: cut % len(data)] if cut % 3 == 0 else data)
    try:
        decode_body(blob)
    except TypedStreamError:
        return


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x04\x0bstreamtyped\x81\xe8\x03",
        b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@" + b"\x84\x84\x84\x01X\x00\x85" * 200,
        b"\x04\x0bstreamtyped\x81\xe8\x03" + b"\x84\x7f" + b"[" * 127,
        b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x0e[999999999999c]\x00",
        b"\x03" * 40,
    ],
)
def test_hostile_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(TypedStreamError):
        decode_body(blob)


def test_parts_styles_and_attachments_are_read() -> None:
    runs = [
        Run("Look ", {PART: 0}),
        Run("here", {PART: 0, BOLD: 1}),
        Run(" 🦊", {PART: 0, MENTION: "+15550100102"}),
        Run(PLACE, {PART: 1, FILE_TRANSFER: "at_0_GUID"}),
        Run("after", {PART: 2}),
    ]
    body = decode_body(write_attributed(runs))
    assert body.text == "Look here 🦊" + PLACE + "after"
    first, second, third = body.parts
    assert (first["index"], first["kind"], first["text"]) == (0, "text", "Look here 🦊")
    assert first["runs"] == [[5, 4, {"bold": 1}], [9, 2, {"mention": "+15550100102"}]]
    assert (second["index"], second["attachment"]) == (1, "at_0_GUID")
    assert third["text"] == "after"


@given(st.lists(st.tuples(TEXTS.filter(bool), st.integers(0, 3)), min_size=1, max_size=5))
def test_what_our_writer_writes_both_decoders_read(pieces: list[tuple[str, int]]) -> None:
    blob = write_attributed([Run(text, {PART: part}) for text, part in pieces])
    text = "".join(text for text, _ in pieces)
    assert decode_body(blob).text == text == _second_opinion(blob)


@given(TEXTS)
def test_utf16_length(text: str) -> None:
    assert utf16_length(text) == len(text.encode("utf-16-le")) // 2
