"""A segment: a batch of changes as bytes, msgpack inside zstd.

Changes of one shape stand together, by column (`group`, `column`). Every field comes with its merge
class, so a reader keeps and merges fields it has never heard of.

    [version, [[kind, life or nil, device, count, records, times,
                [[field, merge class, keys, values], ...]], ...]]

Implements "Segments" of docs/format.md. Sealing is in `objects`.
"""

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import msgspec
import zstandard
from msgspec import Meta

from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.model.change import Change
from sealwax.model.merge import Merge
from sealwax.vault.column import (
    NS_PER_MS,
    ColumnForm,
    Room,
    encode_value,
    integers_of,
    read_column,
)
from sealwax.vault.column_writing import write_column, write_times
from sealwax.vault.group import Group, changes_of, grouped
from sealwax.vault.value_form import ONLY_INTEGERS, ONLY_TEXTS, check_decoded

SEGMENT_VERSION = 2
LARGEST_CHANGES_BYTES = 1280 * 1024
"""The changes of a segment come to about this much at most, each by itself: some 4,000 messages,
100 KiB when sealed."""
PLAIN_LIMIT_BYTES = 16 * 1024 * 1024
"""One value may be large: no segment has more than a few beside it."""
TIME_LIMIT_MS = 2**53
LIFE_LIMIT = 2**31
CHANGES_LIMIT = 65_536
ENTRIES_LIMIT = 262_144
"""More changes in one segment are damage: a few kilobytes of them could take minutes to join."""
_ZSTD_LEVEL = 3
_WINDOW_LIMIT_BYTES = 8 * 1024 * 1024
_NUMBERS = frozenset((int(Merge.LEAST), int(Merge.GREATEST)))
_REST_BYTES = 15
"""Those of a record's id that stand behind the kind."""

_Device = Annotated[bytes, Meta(min_length=16, max_length=16)]
_Byte = Annotated[int, Meta(ge=0, le=255)]
_Part: TypeAlias = tuple[Group, bool]
"""Changes of one shape, and whether their origins name their records."""


class _Field(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    name: Annotated[str, Meta(max_length=64)]
    merge: _Byte
    keys: list[Any]
    values: list[Any]


class _Group(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    kind: _Byte
    life: Annotated[int, Meta(ge=0, le=LIFE_LIMIT)] | None
    device: _Device
    count: Annotated[int, Meta(ge=1, le=CHANGES_LIMIT)]
    records: bytes | None
    times: list[Any]
    fields: Annotated[list[_Field], Meta(max_length=ENTRIES_LIMIT)]


class _Segment(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    version: int
    groups: Annotated[list[_Group], Meta(max_length=CHANGES_LIMIT)]


_decode = msgspec.msgpack.Decoder(_Segment).decode
_decode_items = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_integer = msgspec.msgpack.Decoder(int).decode


def encode_segment(roots: RootKeys, changes: Sequence[Change]) -> bytes:
    """The compressed bytes of a batch of changes; their order is not kept."""
    return _encoded(_parts(roots, changes))


def encode_and_read(roots: RootKeys, changes: Sequence[Change]) -> tuple[bytes, list[Group]]:
    """The same, with what a reader finds in these bytes: all that was to be told and nothing else.
    What no reader could decode must never be sealed, for that would be losing it."""
    parts = _parts(roots, changes)
    data = _encoded(parts)
    groups = checked_groups(roots, data)
    assert encode_value(groups) == encode_value([group for group, _ in parts])
    return data, groups


def _parts(roots: RootKeys, changes: Sequence[Change]) -> list[_Part]:
    assert len(changes) <= CHANGES_LIMIT
    assert sum(len(change.entries) for change in changes) <= ENTRIES_LIMIT
    return [part for group in grouped(changes) for part in _by_naming(roots, group)]


def _encoded(parts: list[_Part]) -> bytes:
    room = Room(PLAIN_LIMIT_BYTES)
    groups = [_written(group, is_named, room) for group, is_named in parts]
    plain = encode_value(_Segment(SEGMENT_VERSION, groups))
    assert len(plain) <= PLAIN_LIMIT_BYTES
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(plain)


def _by_naming(roots: RootKeys, group: Group) -> list[_Part]:
    """The changes whose records their origins name, and the others."""
    ids = group.ids_of_origins(roots)
    if ids is None:
        return [(group, False)]
    if ids == group.records:
        return [(group, True)]
    named = [one == record for one, record in zip(ids, group.records, strict=True)]
    if not any(named):
        return [(group, False)]
    others = group.selected([not is_named for is_named in named])
    return [(group.selected(named), True), (others, False)]


def _written(group: Group, is_named: bool, room: Room) -> _Group:
    assert all(record[0] == group.kind for record in group.records)
    records = None if is_named else b"".join(record[1:] for record in group.records)
    fields: list[_Field] = []
    for at, (name, merge) in enumerate(zip(group.names, group.merges, strict=True)):
        keys = write_column(group.keys[at], room)
        values = write_column(group.values[at], room, group.values[:at])
        fields.append(_Field(name, merge, keys, values))
    times = write_times(group.times_ms, room, group.values)
    count = len(group.records)
    return _Group(group.kind, group.life, group.device, count, records, times, fields)


def decode_segment(roots: RootKeys, data: bytes) -> list[Change]:
    """The changes of a segment; raises SealBroken or SealUnknown."""
    return changes_of(checked_groups(roots, data))


def checked_groups(roots: RootKeys, data: bytes) -> list[Group]:
    """The changes of a segment by shape, all of them checked; raises SealBroken or SealUnknown."""
    plain = _decompress(data)
    try:
        segment = _decode(plain)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        _check_version(plain)
        raise SealBroken("A segment does not have the form of one.") from None
    if segment.version != SEGMENT_VERSION:
        raise SealUnknown(f"A segment has version {segment.version}.")
    try:
        _need_bounds(segment.groups)
        room = Room(PLAIN_LIMIT_BYTES)
        return [_read(roots, group, room) for group in segment.groups]
    except (IndexError, ValueError, TypeError, RecursionError):
        raise SealBroken("A change in a segment does not have the form of one.") from None


def _need_bounds(groups: list[_Group]) -> None:
    """Before anything is unfolded, for a few bytes may stand for much."""
    if sum(group.count for group in groups) > CHANGES_LIMIT:
        raise ValueError
    if sum(group.count * len(group.fields) for group in groups) > ENTRIES_LIMIT:
        raise ValueError


def _read(roots: RootKeys, told: _Group, room: Room) -> Group:
    keys: list[list[str]] = []
    values: list[list[Any]] = []
    for field in told.fields:
        keys.append(read_column(field.keys, told.count, room))
        if not ONLY_TEXTS.issuperset(map(type, keys[-1])):
            raise ValueError
        values.append(read_column(field.values, told.count, room, values))
        if field.merge in _NUMBERS and not ONLY_INTEGERS.issuperset(map(type, values[-1])):
            raise ValueError
        if field.merge == Merge.DECODED:
            for value in values[-1]:
                check_decoded(value)
    group = Group(
        told.kind,
        told.life,
        told.device,
        tuple(field.name for field in told.fields),
        tuple(field.merge for field in told.fields),
        [],
        _times_ms(told, room, values),
        keys,
        values,
    )
    return group._replace(records=_records(roots, told, group))


def _times_ms(told: _Group, room: Room, values: list[list[Any]]) -> list[int]:
    if told.times and type(told.times[0]) is int and told.times[0] == ColumnForm.MS_OF:
        _, field = told.times
        times = [value // NS_PER_MS for value in integers_of(values, field)]
    else:
        times = read_column(told.times, told.count, room)
    if not ONLY_INTEGERS.issuperset(map(type, times)):
        raise ValueError
    if min(times) < -TIME_LIMIT_MS or max(times) > TIME_LIMIT_MS:
        raise ValueError
    return times


def _records(roots: RootKeys, told: _Group, group: Group) -> list[bytes]:
    if told.records is None:
        ids = group.ids_of_origins(roots)
        if ids is None:
            raise ValueError
        return ids
    if len(told.records) != _REST_BYTES * told.count:
        raise ValueError
    kind, data = bytes((told.kind,)), told.records
    return [kind + data[at : at + _REST_BYTES] for at in range(0, len(data), _REST_BYTES)]


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
        version = _decode_integer(_decode_items(plain)[0])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
        return
    if version != SEGMENT_VERSION:
        raise SealUnknown(f"A segment has version {version}.")
