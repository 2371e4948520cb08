"""Writing attributedBody: a typedstream of an attributed string with runs and their attributes.

Covers what made-up messages need: NSMutableAttributedString or NSAttributedString, dictionaries of
NSString and NSNumber. Plain bodies are faster made by `sources.apple.typedstream.plain.render`.

Format facts (version 4, little-endian; read off real bodies and from pytypedstream): shared strings
and objects are numbered apart, both from 0x92; an object takes its number before its class does, a
C string takes an object number too; integers from -110 to 127 are one byte, else 0x81 and 16 bits
or 0x82 and 32 bits; whole floating point numbers are written as integers.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from sealwax.sources.apple.typedstream.plain import utf16_length

Value: TypeAlias = str | int | float
"""An attribute's value: an NSString, or an NSNumber of type `i` (whole) or `d`."""

PART = "__kIMMessagePartAttributeName"
FILE_TRANSFER = "__kIMFileTransferGUIDAttributeName"
FILE_NAME = "__kIMFilenameAttributeName"
MEDIA_WIDTH = "__kIMInlineMediaWidthAttributeName"
MEDIA_HEIGHT = "__kIMInlineMediaHeightAttributeName"
TRANSCRIPTION = "IMAudioTranscription"
BOLD = "__kIMTextBoldAttributeName"
ITALIC = "__kIMTextItalicAttributeName"
TEXT_EFFECT = "__kIMTextEffectAttributeName"
MENTION = "__kIMMentionConfirmedMention"
PLACE = "\ufffc"
"""The character that stands where an attachment is."""

_NEW, _NIL, _END = b"\x84", b"\x85", b"\x86"
_INT16, _INT32, _FLOAT = b"\x81", b"\x82", b"\x83"
_FIRST_REFERENCE = 0x92
_REFERENCE_LIMIT = 0xFF
_HEADER = b"\x04\x0bstreamtyped\x81\xe8\x03"
_CLASSES = {
    "NSMutableAttributedString": (0, "NSAttributedString"),
    "NSAttributedString": (0, "NSObject"),
    "NSMutableString": (1, "NSString"),
    "NSString": (1, "NSObject"),
    "NSDictionary": (0, "NSObject"),
    "NSNumber": (0, "NSValue"),
    "NSValue": (0, "NSObject"),
    "NSObject": (0, ""),
}
"""Version and superclass of each class, as Messages archives them."""


class Run(NamedTuple):
    """A stretch of text and what is said of it."""

    text: str
    attributes: Mapping[str, Value]


def write_attributed(runs: Sequence[Run], is_mutable: bool = True) -> bytes:
    """The attributedBody of some runs of text."""
    return _Writer().attributed(runs, is_mutable)


def plain_run(text: str, part: int = 0) -> Run:
    """Text without any style, in a part of its message."""
    return Run(text, {PART: part})


class _Writer:
    def __init__(self) -> None:
        self._out = bytearray(_HEADER)
        self._strings: dict[str, int] = {}
        self._objects = 0
        self._classes: dict[str, int] = {}
        self._encodings: dict[str, int] = {}
        self._numbers: dict[tuple[str, int | float], int] = {}

    def attributed(self, runs: Sequence[Run], is_mutable: bool) -> bytes:
        kind = "Mutable" if is_mutable else ""
        self._begin(f"NS{kind}AttributedString")
        self._string("".join(run.text for run in runs), f"NS{kind}String")
        written: list[Mapping[str, Value]] = []
        for run in runs:
            is_new = run.attributes not in written
            if is_new:
                written.append(run.attributes)
            self._shared("iI")
            self._integer(written.index(run.attributes) + 1)
            self._integer(utf16_length(run.text))
            if is_new:
                self._dictionary(run.attributes)
        self._out += _END
        return bytes(self._out)

    def _dictionary(self, attributes: Mapping[str, Value]) -> None:
        self._begin("NSDictionary")
        self._shared("i")
        self._integer(len(attributes))
        for key, value in attributes.items():
            self._string(key)
            if isinstance(value, str):
                self._string(value)
            else:
                self._number("i" if isinstance(value, int) else "d", value)
        self._out += _END

    def _string(self, text: str, name: str = "NSString") -> None:
        self._begin(name)
        self._shared("+")
        encoded = text.encode()
        self._integer(len(encoded))
        self._out += encoded + _END

    def _number(self, encoding: str, value: int | float) -> None:
        known = self._numbers.get((encoding, value))
        if known is not None:
            self._shared("@")
            self._reference(known)
            return
        self._numbers[encoding, value] = self._objects
        self._begin("NSNumber")
        self._shared("*")
        self._c_string(encoding)
        self._shared(encoding)
        if encoding == "d":
            self._double(value)
        else:
            self._integer(int(value))
        self._out += _END

    def _begin(self, name: str) -> None:
        """The head of a new object; its number is taken before its class's."""
        self._shared("@")
        self._out += _NEW
        self._objects += 1
        self._class(name)

    def _class(self, name: str) -> None:
        while name not in self._classes:
            if not name:
                self._out += _NIL
                return
            version, parent = _CLASSES[name]
            self._out += _NEW
            self._shared(name)
            self._integer(version)
            self._classes[name] = self._objects
            self._objects += 1
            name = parent
        self._reference(self._classes[name])

    def _c_string(self, text: str) -> None:
        known = self._encodings.get(text)
        if known is not None:
            self._reference(known)
            return
        self._encodings[text] = self._objects
        self._objects += 1
        self._out += _NEW
        self._shared(text)

    def _shared(self, text: str) -> None:
        known = self._strings.get(text)
        if known is not None:
            self._reference(known)
            return
        self._strings[text] = len(self._strings)
        encoded = text.encode("ascii")
        self._out += _NEW
        self._integer(len(encoded))
        self._out += encoded

    def _reference(self, number: int) -> None:
        if _FIRST_REFERENCE + number <= _REFERENCE_LIMIT:
            self._out.append(_FIRST_REFERENCE + number)
        else:
            self._integer(number + _FIRST_REFERENCE - 256)

    def _integer(self, value: int) -> None:
        if -110 <= value <= 127:
            self._out += value.to_bytes(1, "little", signed=True)
        elif -(2**15) <= value < 2**15:
            self._out += _INT16 + value.to_bytes(2, "little", signed=True)
        else:
            self._out += _INT32 + value.to_bytes(4, "little", signed=True)

    def _double(self, value: int | float) -> None:
        if float(value).is_integer() and abs(value) < 2**31:
            self._integer(int(value))
        else:
            self._out += _FLOAT + struct.pack("<d", value)
