"""Walking a typedstream: the archive format of NeXT and early Foundation, written by NSArchiver.

Gives the objects as they were archived, without knowing what they mean. Every count, length, depth
and reference comes from outside and is checked; bad bytes raise TypedStreamError and nothing else.

Facts: the format notes of the ios-backup-parser and imessage-exporter projects, and PyPI's
`pytypedstream`, against which tests compare. Two tables of references count from 0x92: shared
strings, and objects with their classes and C strings; an object takes its number before its class.
"""

import struct
from typing import Any, NamedTuple

BYTES_LIMIT = 16 * 1024 * 1024
DEPTH_LIMIT = 64
VALUES_LIMIT = 1_000_000
_INT16, _INT32, _FLOAT, _NEW, _NIL, _END = 0x81, 0x82, 0x83, 0x84, 0x85, 0x86
_FIRST_REFERENCE = -110
_SIGNATURE = b"streamtyped"
_VERSIONS = (4,)
_SYSTEM = 1000
_SKIPPED = frozenset("rnNoORV")


class TypedStreamError(ValueError):
    """These bytes are not a whole typedstream; the text says what is wrong."""


class Class(NamedTuple):
    """An archived class with the names of its superclasses, nearest first."""

    name: str
    version: int
    ancestors: tuple[str, ...]

    def is_kind(self, name: str) -> bool:
        return name == self.name or name in self.ancestors


class Archived:
    """An archived object: its class and its groups, each an encoding and its values."""

    __slots__ = ("archived_class", "groups")

    def __init__(self) -> None:
        self.archived_class: Class | None = None
        self.groups: list[tuple[str, list[Any]]] = []

    def is_kind(self, name: str) -> bool:
        return self.archived_class is not None and self.archived_class.is_kind(name)


def read_typedstream(data: bytes) -> Archived:
    """The first object of a typedstream; raises TypedStreamError."""
    reader = _Reader(data)
    try:
        reader.header()
        encoding, values = reader.group(0)
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise TypedStreamError("it is cut short") from error
    if encoding != "@" or not isinstance(values[0], Archived):
        raise TypedStreamError("it does not hold an object")
    return values[0]


class _Reader:
    def __init__(self, data: bytes) -> None:
        if len(data) > BYTES_LIMIT:
            raise TypedStreamError("it is larger than one may be")
        self._data = data
        self._at = 0
        self._strings: list[bytes] = []
        self._objects: list[Any] = []
        self._values = 0

    def header(self) -> None:
        version, length = self._byte(), self._byte()
        if version not in _VERSIONS or self._take(length) != _SIGNATURE:
            raise TypedStreamError("it does not begin like one")
        if self._integer(self._byte()) != _SYSTEM:
            raise TypedStreamError("it was written by another system")

    def group(self, depth: int) -> tuple[str, list[Any]]:
        """An encoding and the values that it announces."""
        raw = self._shared_string()
        if raw is None:
            raise TypedStreamError("a type is missing")
        encoding = raw.decode("ascii")
        values: list[Any] = []
        at = 0
        while at < len(encoding):
            at = self._value(encoding, at, values, depth)
        return encoding, values

    def _value(self, encoding: str, at: int, values: list[Any], depth: int) -> int:
        """Reads one value of an encoding; gives where the next type begins."""
        self._count(1)
        if depth > DEPTH_LIMIT:
            raise TypedStreamError("it is nested too deeply")
        code = encoding[at]
        if code in _SKIPPED:
            return at + 1
        if code == "[":
            return self._array(encoding, at, values, depth)
        if code == "{":
            end = _closing(encoding, at, "{", "}")
            fields = encoding[at + 1 : end].partition("=")[2]
            inner: list[Any] = []
            position = 0
            while position < len(fields):
                position = self._value(fields, position, inner, depth + 1)
            values.append(inner)
            return end + 1
        values.append(self._simple(code, depth))
        return at + 1

    def _simple(self, code: str, depth: int) -> Any:
        if code == "@":
            return self._object(depth + 1)
        if code == "+":
            return self._take(self._length())
        if code == "*":
            return self._c_string()
        if code == "#":
            return self._class(depth + 1)
        if code in "%:":
            return self._shared_string()
        if code in "cC":
            byte = self._byte()
            return byte - 256 if code == "c" and byte > 127 else byte
        if code in "fd":
            return self._float(code)
        if code in "iIsSlLqQB":
            return self._integer(self._byte())
        raise TypedStreamError("a type in it is not known")

    def _array(self, encoding: str, at: int, values: list[Any], depth: int) -> int:
        end = _closing(encoding, at, "[", "]")
        inside = encoding[at + 1 : end]
        element = inside.lstrip("0123456789")
        digits = inside[: len(inside) - len(element)]
        if not digits or not element or len(digits) > 8:
            raise TypedStreamError("an array in it has no size or type")
        length = int(digits)
        if element in ("c", "C"):
            values.append(self._take(length))
            return end + 1
        self._count(length)
        items: list[Any] = []
        for _ in range(length):
            self._value(element, 0, items, depth + 1)
        values.append(items)
        return end + 1

    def _object(self, depth: int) -> Any:
        if depth > DEPTH_LIMIT:
            raise TypedStreamError("it is nested too deeply")
        head = self._byte()
        if head == _NIL:
            return None
        if head != _NEW:
            return self._reference(head)
        found = Archived()
        self._objects.append(found)
        found.archived_class = self._class(depth + 1)
        while self._data[self._at] != _END:
            self._count(1)
            found.groups.append(self.group(depth + 1))
        self._at += 1
        return found

    def _class(self, depth: int) -> Class | None:
        if depth > DEPTH_LIMIT:
            raise TypedStreamError("it is nested too deeply")
        head = self._byte()
        if head == _NIL:
            return None
        if head != _NEW:
            found = self._reference(head)
            if not isinstance(found, Class):
                raise TypedStreamError("a class in it is none")
            return found
        position = len(self._objects)
        self._objects.append(None)
        name = (self._shared_string() or b"").decode("ascii")
        version = self._integer(self._byte())
        parent = self._class(depth + 1)
        ancestors = (parent.name, *parent.ancestors) if parent else ()
        found = Class(name, version, ancestors)
        self._objects[position] = found
        return found

    def _c_string(self) -> bytes | None:
        head = self._byte()
        if head == _NIL:
            return None
        if head != _NEW:
            found = self._reference(head)
            if not isinstance(found, bytes):
                raise TypedStreamError("a string in it is none")
            return found
        text = self._shared_string()
        self._objects.append(text)
        return text

    def _shared_string(self) -> bytes | None:
        head = self._byte()
        if head == _NIL:
            return None
        if head == _NEW:
            text = self._take(self._length())
            self._strings.append(text)
            return text
        position = self._integer(head) - _FIRST_REFERENCE
        if not 0 <= position < len(self._strings):
            raise TypedStreamError("a string in it is referred to but not there")
        return self._strings[position]

    def _reference(self, head: int) -> Any:
        position = self._integer(head) - _FIRST_REFERENCE
        if not 0 <= position < len(self._objects):
            raise TypedStreamError("an object in it is referred to but not there")
        return self._objects[position]

    def _integer(self, head: int) -> int:
        if head == _INT16:
            return int.from_bytes(self._take(2), "little", signed=True)
        if head == _INT32:
            return int.from_bytes(self._take(4), "little", signed=True)
        if head in (_FLOAT, _NEW, _NIL, _END):
            raise TypedStreamError("a number is missing")
        return head - 256 if head > 127 else head

    def _length(self) -> int:
        head = self._byte()
        if head == _INT16:
            return int.from_bytes(self._take(2), "little")
        length = self._integer(head)
        if length < 0:
            raise TypedStreamError("a length in it is negative")
        return length

    def _float(self, code: str) -> float:
        head = self._byte()
        if head != _FLOAT:
            return float(self._integer(head))
        width, layout = (4, "<f") if code == "f" else (8, "<d")
        return float(struct.unpack(layout, self._take(width))[0])

    def _byte(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise TypedStreamError("it is cut short")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def _count(self, number: int) -> None:
        self._values += number
        if self._values > VALUES_LIMIT:
            raise TypedStreamError("it holds more values than one may")


def _closing(encoding: str, at: int, opening: str, closing: str) -> int:
    depth = 0
    for position in range(at, len(encoding)):
        depth += (encoding[position] == opening) - (encoding[position] == closing)
        if depth == 0:
            return position
    raise TypedStreamError("a type in it is not closed")
