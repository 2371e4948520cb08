"""Plain bodies: the typedstream that Messages writes for words without any style.

Nearly every attributedBody is one of two templates around a text. Recognising them by comparison is
far faster than walking them, and loses nothing: `match` gives the text only when rendering it again
gives the very same bytes.

The templates were read off real bodies (macOS 12 to 15).
"""

from typing import NamedTuple

_HEADER = b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@"
_PART_KEY = b"\x86\x92\x84\x84\x84\x08NSNumber\x00\x84\x84\x07NSValue\x00"
_PART_NAME = b"\x1d__kIMMessagePartAttributeName"


class _Template(NamedTuple):
    """What stands before the text's length, and after its length in UTF-16 units."""

    before: bytes
    after: bytes


_IMMUTABLE = _Template(
    _HEADER + b"\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85"
    b"\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+",
    b"\x92\x84\x84\x84\x0cNSDictionary\x00\x94\x84\x01i\x01\x92\x84\x96\x96"
    + _PART_NAME
    + _PART_KEY
    + b"\x94\x84\x01*\x84\x99\x99\x00\x86\x86\x86",
)
_MUTABLE = _Template(
    _HEADER + b"\x84\x84\x84\x19NSMutableAttributedString\x00\x84\x84\x12NSAttributedString\x00"
    b"\x84\x84\x08NSObject\x00\x85\x92\x84\x84\x84\x0fNSMutableString\x01\x84\x84\x08NSString\x01"
    b"\x95\x84\x01+",
    b"\x92\x84\x84\x84\x0cNSDictionary\x00\x95\x84\x01i\x01\x92\x84\x98\x98"
    + _PART_NAME
    + _PART_KEY
    + b"\x95\x84\x01*\x84\x9b\x9b\x00\x86\x86\x86",
)
_BETWEEN = b"\x86\x84\x02iI\x01"
_INT16, _INT32 = 0x81, 0x82


def render(text: str, is_mutable: bool = False) -> bytes:
    """The body that Messages writes for a plain text."""
    template = _MUTABLE if is_mutable else _IMMUTABLE
    encoded = text.encode()
    length = _integer(len(encoded))
    return template.before + length + encoded + _BETWEEN + _tail(template, text, len(encoded))


def match(blob: bytes) -> str | None:
    """The text of a plain body, or None for any other bytes."""
    if blob.startswith(_IMMUTABLE.before):
        template = _IMMUTABLE
    elif blob.startswith(_MUTABLE.before):
        template = _MUTABLE
    else:
        return None
    start = len(template.before)
    head = blob[start : start + 5]
    if not head:
        return None
    if head[0] < _INT16:
        length, start = head[0], start + 1
    elif head[0] == _INT16:
        length, start = int.from_bytes(head[1:3], "little", signed=True), start + 3
    elif head[0] == _INT32:
        length, start = int.from_bytes(head[1:5], "little", signed=True), start + 5
    else:
        return None
    end = start + length
    if length < 0 or blob[end : end + len(_BETWEEN)] != _BETWEEN:
        return None
    try:
        text = blob[start:end].decode()
    except UnicodeDecodeError:
        return None
    is_same = blob[end + len(_BETWEEN) :] == _tail(template, text, length)
    return text if is_same and blob[len(template.before) : start] == _integer(length) else None


def utf16_length(text: str) -> int:
    """The length of a text in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _tail(template: _Template, text: str, encoded_length: int) -> bytes:
    units = encoded_length if encoded_length == len(text) else utf16_length(text)
    return _integer(units) + template.after


def _integer(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    if value < 0x8000:
        return bytes((_INT16,)) + value.to_bytes(2, "little")
    return bytes((_INT32,)) + value.to_bytes(4, "little")
