"""A segment: a batch of changes as bytes, msgpack inside zstd.

Names of devices and fields stand once in tables at the head; a change refers to them by position.
Every field comes with its merge class, so a reader keeps and merges fields it has never heard of.

    [version, [device, ...], [[field, merge class], ...],
     [[kind, record, life or nil, time in ms, device, [field, key, value, ...]], ...]]

Implements "Segments" of docs/format.md. Sealing is in `objects`.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeAlias

import msgspec
import zstandard
from msgspec import Meta

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.model.change import Change, Entry
from sealwax.model.merge import Merge

SEGMENT_VERSION = 1
LARGEST_PLAIN_BYTES = 768 * 1024
"""The changes of a segment come to about this much at most: 64 to 256 KiB when sealed."""
PLAIN_LIMIT_BYTES = 16 * 1024 * 1024
"""One value may be large: no segment has more than a few beside it."""
TIME_LIMIT_MS = 2**53
LIFE_LIMIT = 2**31
DEPTH_LIMIT = 64
CHANGES_LIMIT = 65_536
ENTRIES_LIMIT = 262_144
"""More changes in one segment are damage: a few kilobytes of them could take minutes to join."""
_ZSTD_LEVEL = 3
_WINDOW_LIMIT_BYTES = 8 * 1024 * 1024

_SCALARS = frozenset((int, str, bytes, bool, type(None)))
_ONLY_INTEGERS = frozenset((int,))
_NUMBERS = frozenset((int(Merge.LEAST), int(Merge.GREATEST)))
_new_entry = partial(tuple.__new__, Entry)
"""Makes an entry of four values, without a step in Python: a history has millions."""

_Id = Annotated[bytes, Meta(min_length=16, max_length=16)]
_Row = tuple[
    Annotated[int, Meta(ge=0, le=255)],
    _Id,
    Annotated[int, Meta(ge=0, le=LIFE_LIMIT)] | None,
    Annotated[int, Meta(ge=-TIME_LIMIT_MS, le=TIME_LIMIT_MS)],
    Annotated[int, Meta(ge=0)],
    Annotated[list[Any], Meta(max_length=3 * ENTRIES_LIMIT)],
]


class _Segment(msgspec.Struct, array_like=True, gc=False):
    version: int
    devices: Annotated[list[_Id], Meta(max_length=65_536)]
    fields: Annotated[
        list[tuple[Annotated[str, Meta(max_length=64)], Annotated[int, Meta(ge=0, le=255)]]],
        Meta(max_length=65_536),
    ]
    rows: Annotated[list[_Row], Meta(max_length=CHANGES_LIMIT)]


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(_Segment).decode
_decode_version = msgspec.msgpack.Decoder(tuple[int, Any, Any, Any]).decode


def encode_segment(changes: Sequence[Change]) -> bytes:
    """The compressed bytes of a batch of changes, in their order."""
    devices: dict[bytes, int] = {}
    fields: dict[tuple[str, int], int] = {}
    rows: list[_Row] = []
    for change in changes:
        flat: list[Any] = []
        for name, merge, key, value in change.entries:
            position = fields.get((name, merge))
            if position is None:
                position = fields[(name, merge)] = len(fields)
            flat += (position, key, value)
        device = devices.setdefault(change.device, len(devices))
        rows.append((change.kind, change.record, change.life, change.time_ms, device, flat))
    plain = _encode(_Segment(SEGMENT_VERSION, list(devices), list(fields), rows))
    assert len(plain) <= PLAIN_LIMIT_BYTES and len(rows) <= CHANGES_LIMIT
    assert sum(len(row[-1]) for row in rows) <= 3 * ENTRIES_LIMIT
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(plain)


class Shape(NamedTuple):
    """What the changes of the same fields in the same order share; `numbers` and `decoded` are the
    places of values that are compared as numbers, and of those that carry their decoder's."""

    names: tuple[str, ...]
    merges: tuple[int, ...]
    numbers: tuple[int, ...]
    decoded: tuple[int, ...]


CheckedRow: TypeAlias = tuple[Shape, int, bytes, int | None, int, bytes, list[str], list[Any]]
"""A change that was checked: its shape, kind, record, life, time in ms, device, keys and values."""


def decode_segment(data: bytes) -> list[Change]:
    """The changes of a segment; raises SealBroken or SealUnknown."""
    return [change_of(row) for row in checked_rows(data)]


def change_of(row: CheckedRow) -> Change:
    """The change that a row of a segment is."""
    shape, kind, record, life, time_ms, device, keys, values = row
    entries = tuple(map(_new_entry, zip(shape.names, shape.merges, keys, values, strict=True)))
    return Change(kind, record, life, time_ms, device, entries)


def checked_rows(data: bytes) -> list[CheckedRow]:
    """The changes of a segment as rows, all of them checked; raises SealBroken or SealUnknown."""
    plain = _decompress(data)
    try:
        segment = _decode(plain)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        _check_version(plain)
        raise SealBroken("A segment does not have the form of one.") from None
    if segment.version != SEGMENT_VERSION:
        raise SealUnknown(f"A segment has version {segment.version}.")
    try:
        return _checked(segment)
    except (IndexError, ValueError, TypeError):
        raise SealBroken("A change in a segment does not have the form of one.") from None


def _checked(segment: _Segment) -> list[CheckedRow]:
    devices = segment.devices
    shapes: dict[tuple[Any, ...], Shape] = {}
    rows: list[CheckedRow] = []
    if sum(len(row[-1]) for row in segment.rows) > 3 * ENTRIES_LIMIT:
        raise ValueError
    for kind, record, life, time_ms, device, flat in segment.rows:
        keys, values = flat[1::3], flat[2::3]
        positions = tuple(flat[::3])
        if not _ONLY_INTEGERS.issuperset(map(type, positions)):
            raise ValueError
        shape = shapes.get(positions)
        if shape is None:
            shape = shapes[positions] = _shape(segment.fields, positions)
        if not len(keys) == len(values) == len(positions):
            raise ValueError
        "".join(keys)  # A TypeError where a key is no text.
        for at in shape.numbers:
            if type(values[at]) is not int:
                raise ValueError
        for at in shape.decoded:
            _check_decoded(values[at])
        if not _SCALARS.issuperset(map(type, values)):
            _check_forms(values)
        if record[0] != kind:
            raise ValueError
        rows.append((shape, kind, record, life, time_ms, devices[device], keys, values))
    return rows


def _shape(fields: list[tuple[str, int]], positions: tuple[int, ...]) -> Shape:
    if min(positions, default=0) < 0:
        raise ValueError
    named = [fields[position] for position in positions]
    return Shape(
        tuple(name for name, _ in named),
        tuple(merge for _, merge in named),
        tuple(at for at, (_, merge) in enumerate(named) if merge in _NUMBERS),
        tuple(at for at, (_, merge) in enumerate(named) if merge == Merge.DECODED),
    )


def _check_forms(values: Iterable[Any]) -> None:
    for value in values:
        kind = type(value)
        if kind in _SCALARS or (kind is list and _SCALARS.issuperset(map(type, value))):
            continue
        _check_form(value, DEPTH_LIMIT)


def _check_form(value: Any, depth: int) -> None:
    """Values are nil, bool, int, text, bytes, lists, and maps with texts as keys; no floats."""
    if depth == 0 or isinstance(value, float):
        raise ValueError
    if isinstance(value, list):
        for item in value:
            _check_form(item, depth - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if type(key) is not str:
                raise ValueError
            _check_form(item, depth - 1)
    elif value is not None and not isinstance(value, str | int | bytes):
        raise ValueError


def _check_decoded(value: Any) -> None:
    """A decoded value stands behind the version of its decoder."""
    if type(value) is not list or len(value) != 2 or type(value[0]) is not int:
        raise ValueError


def _decompress(data: bytes) -> bytes:
    try:
        frame = zstandard.get_frame_parameters(data)
        if not 0 < frame.content_size <= PLAIN_LIMIT_BYTES:
            raise SealBroken("A segment is larger than one may be.")
        decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW_LIMIT_BYTES)
        return decompressor.decompress(data, max_output_size=frame.content_size)
    except zstandard.ZstdError:
        raise SealBroken("A segment does not decompress.") from None


def _check_version(plain: bytes) -> None:
    """A segment of a newer version is not called damaged."""
    try:
        version = _decode_version(plain)[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    if version != SEGMENT_VERSION:
        raise SealUnknown(f"A segment has version {version}.")
