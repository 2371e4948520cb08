"""Reading an export in JSON lines again: a source whose records come with all their changes.

The counterpart of `exports.jsonl`, format in docs/export-jsonl.md. Lines, their number, sizes and
nesting come from outside and are bounded; a bad line is a Problem, and so is one in which a known
field has a value of another form: an export of our own leaves those out.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from sealwax.base.paths import is_inside
from sealwax.base.problem import Problem
from sealwax.model.change import Change, Entry
from sealwax.model.field import CONTENT, ORIGIN, THUMBNAIL, TIME_NS, has_its_form
from sealwax.model.form import NAME_LIMIT_CHARACTERS
from sealwax.model.merge import Merge
from sealwax.model.record import Kind
from sealwax.model.reference import DEFAULT_NAMESPACE
from sealwax.model.state import is_control
from sealwax.sources.base import BATCH_ITEMS, Copied, Description, Item, SourceError

FORMAT = "sealwax-jsonl"
VERSION = 1
LINE_LIMIT_BYTES = 256 * 1024 * 1024
DEPTH_LIMIT = 64
TIME_LIMIT_MS = 2**53
LIFE_LIMIT = 2**31
FIELD_LIMIT_CHARACTERS = 64
INTEGER_LIMIT = 2**63
"""The limits of a segment (docs/format.md): what is beyond them could be sealed, never opened."""


class _Change(msgspec.Struct):
    life: int | None
    time_ms: int
    device: str
    entries: list[tuple[str, int, str, Any]]


class _Line(msgspec.Struct):
    kind: str
    namespace: str
    id: str
    changes: list[_Change]
    file: str | None = None


class _Head(msgspec.Struct):
    format: str
    version: int
    made_ms: int


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_line = msgspec.json.Decoder(_Line).decode
_LEFT_OUT = (CONTENT.name, THUMBNAIL.name, "erased")
"""A piece of a vault is none of the one that this goes into; the last name is reserved."""
_KINDS = {kind.name.lower(): int(kind) for kind in Kind}


class NotAnExport(SourceError):
    """The file is not an export of Sealwax, or one of a newer version."""

    code = "source-not-an-export"


class JsonLinesSource:
    """An export of Sealwax, read again."""

    def __init__(self, path: Path) -> None:
        """Opens `path`, the file or the folder that `export jsonl` wrote."""
        self._path = path / "records.jsonl" if path.is_dir() else path
        self._head = self._read_head()

    @property
    def namespace(self) -> str:
        return DEFAULT_NAMESPACE

    def describe(self) -> Description:
        messages, newest_ms = 0, 0
        for _, line in self._lines():
            try:
                record = _decode_line(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            messages += record.kind == "message"
            for change in record.changes:
                if any(name == TIME_NS.name for name, _, _, _ in change.entries):
                    newest_ms = max(newest_ms, change.time_ms)
        identity = hashlib.sha256(f"{FORMAT}|{self._head.made_ms}".encode()).hexdigest()
        label = f"Sealwax export {self._path.name}"
        return Description(FORMAT, identity, label, newest_ms, messages, f"version {VERSION}")

    def read(self) -> Iterator[list[Item]]:
        batch: list[Item] = []
        for number, line in self._lines():
            batch.append(self._item(number, line))
            if len(batch) >= BATCH_ITEMS:
                yield batch
                batch = []
        if batch:
            yield batch

    def state(self) -> bytes | None:
        """An export is always read whole."""
        return None

    def close(self) -> None:
        """Nothing is held open."""

    def _read_head(self) -> _Head:
        try:
            with self._path.open("rb") as file:
                head = _decode_head(file.readline(LINE_LIMIT_BYTES))
        except OSError as error:
            raise SourceError(f"The export cannot be read: {error.strerror}.") from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise NotAnExport("This file is not an export of Sealwax.") from error
        if head.format != FORMAT or head.version != VERSION:
            raise NotAnExport(f"This export has the format {head.format} {head.version}.")
        return head

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self._path.open("rb") as file:
            file.readline(LINE_LIMIT_BYTES)
            number = 1
            while line := file.readline(LINE_LIMIT_BYTES):
                number += 1
                if line.strip():
                    yield number, line

    def _item(self, number: int, line: bytes) -> Item:
        try:
            record = _decode_line(line)
            kind = _KINDS[record.kind]
            changes = [_change(kind, change) for change in record.changes]
            _check_origins([record.namespace, record.id], changes)
        except (msgspec.MsgspecError, KeyError, ValueError, RecursionError) as error:
            return Problem(
                f"line {number}", "this line is not a record", str(error), is_damage=True
            )
        content, controls = tuple(_content(changes)), tuple(_controls(changes))
        return Copied(kind, record.namespace, record.id, content, self._file(record.file), controls)

    def _file(self, name: str | None) -> Path | None:
        """The attachment's file; nothing outside the export's own folder is ever read."""
        if name is None or "\0" in name:
            return None
        path = self._path.parent / name
        try:
            return path if is_inside(self._path.parent, path) and path.is_file() else None
        except OSError:
            # No file system has a file of such a name.
            return None


def _check_origins(origin: list[str], changes: Iterable[Change]) -> None:
    """A record says of itself what its line says."""
    if not ORIGIN.fits(origin):
        raise ValueError("its namespace or its id is none")
    for change in changes:
        for item in change.entries:
            if item.name == ORIGIN.name and item.value != origin:
                raise ValueError("its origin is that of another record")


def _content(changes: Iterable[Change]) -> Iterator[Change]:
    """What the record holds. It stands under a life: what is under none would outlive a purge."""
    for change in changes:
        entries = tuple(item for item in change.entries if not is_control(item.name))
        if entries:
            yield change._replace(life=change.life or 0, entries=entries)


def _controls(changes: Iterable[Change]) -> Iterator[Change]:
    """What is said of the record besides."""
    for change in changes:
        entries = tuple(item for item in change.entries if is_control(item.name))
        if entries:
            yield change._replace(life=None, entries=entries)


def _change(kind: int, change: _Change) -> Change:
    told = (entry for entry in change.entries if entry[0] not in _LEFT_OUT)
    entries = tuple(_entry(*entry) for entry in told)
    device = bytes.fromhex(change.device)
    is_in_bounds = abs(change.time_ms) <= TIME_LIMIT_MS and 0 <= (change.life or 0) <= LIFE_LIMIT
    if len(device) != 16 or not is_in_bounds:
        raise ValueError("a change in it does not have the form of one")
    return Change(kind, b"", change.life, change.time_ms, device, entries)


def _entry(name: str, merge: int, key: str, value: Any) -> Entry:
    if not 0 < len(name) <= FIELD_LIMIT_CHARACTERS:
        raise ValueError("a field in it has no name, or one that is too long")
    value = _value(value, DEPTH_LIMIT)
    if merge in (Merge.LEAST, Merge.GREATEST) and type(value) is not int:
        raise ValueError("a value in it should be a number")
    if merge == Merge.DECODED and not (
        isinstance(value, list) and len(value) == 2 and type(value[0]) is int
    ):
        raise ValueError("a decoded value in it has no version")
    if not 0 <= merge <= 255:
        raise ValueError("a merge class in it is out of bounds")
    if len(key) > NAME_LIMIT_CHARACTERS:
        raise ValueError("a key in it is too long")
    if not has_its_form(name, merge, key, value):
        raise ValueError(f"its {name} has another form than that of one")
    return Entry(name, merge, key, value)


def _value(value: Any, depth: int) -> Any:
    if depth == 0:
        raise ValueError("a value in it is nested too deeply")
    if isinstance(value, float):
        raise ValueError("a value in it is not a whole number")
    if isinstance(value, int) and not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        raise ValueError("a number in it is out of bounds")
    if isinstance(value, list):
        return [_value(item, depth - 1) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$bytes"}:
        try:
            return base64.b64decode(value["$bytes"], validate=True)
        except (binascii.Error, TypeError) as error:
            raise ValueError("bytes in it are not base64") from error
    inner = value["$map"] if set(value) == {"$map"} else value
    if not isinstance(inner, dict):
        raise ValueError("a map in it is none")
    return {key: _value(item, depth - 1) for key, item in inner.items()}
