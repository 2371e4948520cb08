"""Vectors of segments: every form of a column, and what is no segment."""

from collections.abc import Iterator
from typing import Any

import msgspec
import zstandard

from sealwax.crypto.keyed_hash import record_id
from sealwax.model.change import Change, Entry
from sealwax.vault.segment import decode_segment, encode_segment
from tests.vectors.crypto_cases import RECORD, ROOTS, Case
from tests.vectors.model_cases import DEVICE, OTHER, change

GUIDS = ["0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9", "00000000-0000-0000-0000-000000000001"]
RECORDS = [record_id(ROOTS, "imessage", 2, guid) for guid in GUIDS]
_RECORDS = b"".join(record[1:] for record in RECORDS)


def segment_cases() -> Iterator[Case]:
    yield from _written()
    yield from _forms()
    yield from _origins()
    yield from _broken_columns()
    yield from _broken_groups()


def _field(values: Any, merge: int = 1, name: str = "text", keys: Any = (1, "")) -> list[Any]:
    return [name, merge, list(keys) if isinstance(keys, tuple) else keys, values]


def _group(
    *fields: list[Any],
    count: Any = 2,
    kind: int = 2,
    life: Any = 0,
    device: bytes = DEVICE,
    records: Any = _RECORDS,
    times: Any = (0, [5, -6]),
) -> list[Any]:
    told = list(times) if isinstance(times, tuple) else times
    return [kind, life, device, count, records, told, list(fields)]


def _data(*groups: list[Any], version: int = 2) -> bytes:
    plain = msgspec.msgpack.encode([version, list(groups)])
    return zstandard.ZstdCompressor(level=3).compress(plain)


def _decodes(what: str, data: bytes, changes: list[Change]) -> dict[str, Any]:
    assert decode_segment(ROOTS, data) == changes
    encoded = [msgspec.msgpack.encode(item).hex() for item in changes]
    told = {"data": data.hex(), "changes": encoded}
    return {"kind": "segment", "what": what, "key": ROOTS.record_id.hex(), **told}


def _fails(what: str, data: bytes, error: str = "seal-broken") -> dict[str, Any]:
    told = {"data": data.hex(), "error": error}
    return {"kind": "segment", "what": what, "key": ROOTS.record_id.hex(), **told}


def _written() -> Iterator[Case]:
    changes = [change("text", 1, "words", 5), change("name", 2, "n", 6, OTHER, None)]
    data = encode_segment(ROOTS, changes)
    yield "segment-decodes", _decodes("a batch of changes", data, changes)
    yield "segment-fails-cut-short", _fails("cut", data[:-3])
    future = [change("new", 200, {"b": [1, None], "a": b"\x00"}, -5)]
    what = "a field and a class that are not known are kept; maps are sorted"
    data = encode_segment(ROOTS, future)
    yield "segment-decodes-a-field-from-the-future", _decodes(what, data, future)


def _told(*values: list[Any], times: tuple[int, int] = (5, -6)) -> list[Change]:
    """Two changes of fields of class 1, a list of two values for each field."""
    return [
        Change(
            2,
            RECORDS[at],
            0,
            times[at],
            DEVICE,
            tuple(Entry("text", 1, "", column[at]) for column in values),
        )
        for at in (0, 1)
    ]


def _forms() -> Iterator[Case]:
    """Two changes, and each form that a column of them has."""
    big = 2**62
    for name, what, columns, values in (
        ("values", "values as they are", [[0, ["a", [1, None]]]], [["a", [1, None]]]),
        ("same", "one value for all", [[1, {"a": 1}]], [[{"a": 1}, {"a": 1}]]),
        ("differences", "numbers of thousands", [[2, 1_000, [7, -9]]], [[7_000, -2_000]]),
        ("differences-to-the-limit", "64 bits", [[2, 2, [big - 1, -big]]], [[2 * big - 2, -2]]),
        (
            "beside",
            "numbers beside the first field",
            [[2, 1, [10, 5]], [3, 0, 3, [1, -1]]],
            [[10, 15], [13, 12]],
        ),
        (
            "guids",
            "16 bytes for each",
            [[4, bytes.fromhex("".join(GUIDS).replace("-", ""))]],
            [GUIDS],
        ),
        ("table", "a place for each", [[5, ["a", None, True], b"\2\0"]], [[True, "a"]]),
        (
            "arrays",
            "a column for each item",
            [[6, [[1, "a"], [2, 1, [4, 4]]]]],
            [[["a", 4], ["a", 8]]],
        ),
        (
            "maps",
            "a column for each key",
            [[7, ["a", "b"], [[0, [1, True]], [6, [[1, None]]]]]],
            [[{"a": 1, "b": [None]}, {"a": True, "b": [None]}]],
        ),
    ):
        data = _data(_group(*map(_field, columns)))
        yield f"segment-decodes-{name}", _decodes(what, data, _told(*values))
    times = [-1, 2_000_001]
    data = _data(_group(_field([0, ["a", "b"]]), _field([0, times]), times=[8, 1]))
    what = "times in ms follow from nanoseconds, rounded down"
    told = _told(["a", "b"], times, times=(-1, 2))
    yield "segment-decodes-times-of-a-field", _decodes(what, data, told)


def _origins() -> Iterator[Case]:
    guids = [4, bytes.fromhex("".join(GUIDS).replace("-", ""))]
    origins = [6, [[1, "imessage"], guids]]
    named = _field(origins, name="origin")
    changes = [
        Change(2, record, 0, time_ms, DEVICE, (Entry("origin", 1, "", ["imessage", guid]),))
        for record, guid, time_ms in zip(RECORDS, GUIDS, (5, -6), strict=True)
    ]
    what = "ids that follow from the origins"
    data = _data(_group(named, records=None))
    yield "segment-decodes-records-of-origins", _decodes(what, data, changes)
    other = [change("origin", 1, ["imessage", "another"], 5)]
    what = "an id that does not follow from the origin is told"
    data = _data(_group(_field([0, [["imessage", "another"]]], name="origin"), count=1,
                        records=RECORD[1:], times=(1, 5)))  # fmt: skip
    yield "segment-decodes-a-record-of-another-origin", _decodes(what, data, other)
    for name, field in (
        ("no-origin", _field([1, "a"])),
        ("an-origin-of-another-class", _field(origins, 2, "origin")),
        ("an-origin-with-a-key", _field(origins, 1, "origin", (1, "k"))),
        ("an-origin-of-one", _field([0, [["imessage", "a"], ["imessage"]]], name="origin")),
        ("an-origin-of-a-number", _field([0, [["imessage", "a"], ["imessage", 1]]], 1, "origin")),
    ):
        what = f"records without ids, and {name.replace('-', ' ')}"
        yield (
            f"segment-fails-records-without-ids-{name}",
            _fails(what, _data(_group(field, records=None))),
        )


def _nested(levels: int) -> list[Any]:
    column: list[Any] = [1, "a"]
    for _ in range(levels):
        column = [6, [column]]
    return column


def _in_arrays(levels: int) -> Any:
    value: Any = "a"
    for _ in range(levels):
        value = [value]
    return value


def _broken_columns() -> Iterator[Case]:
    data, value = _data(_group(_field(_nested(7)))), _in_arrays(7)
    yield (
        "segment-decodes-columns-8-deep",
        _decodes("the deepest columns", data, _told([value, value])),
    )
    columns: list[Any] = [[0, [_in_arrays(63), 1]], [6, [[1, _in_arrays(62)]]]]
    deepest = [_in_arrays(63), 1], [_in_arrays(63), _in_arrays(63)]
    yield (
        "segment-decodes-values-in-63-arrays",
        _decodes("the deepest values", _data(_group(*map(_field, columns))), _told(*deepest)),
    )
    for name, column in (
        ("columns-9-deep", _nested(8)),
        ("form-9", [9, []]),
        ("form-a-bool", [True, "a"]),
        ("form-nil", [None]),
        ("no-form", []),
        ("values-too-few", [0, ["a"]]),
        ("values-too-many", [0, ["a", "b", "c"]]),
        ("values-a-float", [0, ["a", 1.5]]),
        ("values-a-map-with-a-number-as-a-key", [0, ["a", {1: 2}]]),
        ("values-and-more", [0, ["a", "b"], 1]),
        ("same-a-float", [1, 1.5]),
        ("differences-too-few", [2, 1, [1]]),
        ("differences-unit-0", [2, 0, [1, 2]]),
        ("differences-unit-a-bool", [2, True, [1, 2]]),
        ("differences-unit-of-2-63", [2, 2**63, [0, 0]]),
        ("differences-a-float", [2, 1, [1, 2.0]]),
        ("differences-a-bool", [2, 1, [1, True]]),
        ("differences-beyond-64-bits", [2, 1, [2**63 - 1, 1]]),
        ("differences-below-64-bits", [2, 1, [-(2**63), -1]]),
        ("differences-of-2-63", [2, 1, [2**63, -1]]),
        ("beside-itself", [3, 1, 1, [1, 2]]),
        ("beside-a-later-field", [3, 2, 1, [1, 2]]),
        ("beside-a-field-below-0", [3, -1, 1, [1, 2]]),
        ("beside-a-field-of-texts", [3, 0, 1, [1, 2]]),
        ("guids-too-few-bytes", [4, bytes(31)]),
        ("guids-too-many-bytes", [4, bytes(33)]),
        ("guids-a-text", [4, "0" * 32]),
        ("table-place-beyond-it", [5, ["a", "b"], b"\0\2"]),
        ("table-of-nothing", [5, [], b""]),
        ("table-of-257", [5, list(range(257)), b"\0\0"]),
        ("table-places-too-few", [5, ["a"], b"\0"]),
        ("table-places-a-list", [5, ["a"], [0, 0]]),
        ("table-a-float", [5, ["a", 1.5], b"\0\0"]),
        ("arrays-of-nothing", [6, []]),
        ("arrays-beside", [6, [[2, 1, [1, 2]], [3, 0, 1, [1, 2]]]]),
        ("maps-of-nothing", [7, [], []]),
        ("maps-a-key-too-many", [7, ["a", "b"], [[1, 1]]]),
        ("maps-a-key-twice", [7, ["a", "a"], [[1, 1], [1, 2]]]),
        ("maps-keys-out-of-order", [7, ["b", "a"], [[1, 1], [1, 2]]]),
        ("maps-a-number-as-a-key", [7, [1], [[1, 1]]]),
        ("ms-as-values", [8, 0]),
        ("values-in-64-arrays", [0, [_in_arrays(64), 1]]),
        ("same-in-64-arrays", [1, _in_arrays(64)]),
        ("table-in-64-arrays", [5, [1, _in_arrays(64)], b"\0\0"]),
        ("arrays-of-values-in-63", [6, [[0, [_in_arrays(63), 1]]]]),
    ):  # fmt: skip
        fields = (_field([0, ["a", "b"]]), _field(column), _field([2, 1, [1, 1]]))
        yield f"segment-fails-{name}", _fails(name.replace("-", " "), _data(_group(*fields)))


def _broken_groups() -> Iterator[Case]:
    words, numbers = _field([0, ["a", "b"]]), _field([2, 1, [1, 1]])
    text = "a" * 300
    for name, group in (
        ("no-change", _group(count=0, records=b"", times=(0, []))),
        ("count-a-bool", _group(words, count=True)),
        ("short-record-id", _group(words, records=bytes(29))),
        ("a-record-too-many", _group(words, records=bytes(45))),
        ("short-device", _group(words, device=DEVICE[1:])),
        ("life-below-zero", _group(words, life=-1)),
        ("life-above-2-31", _group(words, life=2**31 + 1)),
        ("kind-256", _group(words, kind=256)),
        ("class-256", _group(_field([0, ["a", "b"]], 256))),
        ("name-of-65", _group(_field([0, ["a", "b"]], name="n" * 65))),
        ("item-too-many", [*_group(words), None]),
        ("item-too-few", _group(words)[:-1]),
        ("field-with-an-item-too-many", _group([*words, None])),
        ("field-cut-short", _group(words[:3])),
        ("key-not-a-text", _group(_field([0, ["a", "b"]], keys=(0, ["", 7])))),
        ("keys-beside", _group(numbers, _field([0, ["a", "b"]], keys=(3, 0, 1, [1, 1])))),
        ("times-a-text", _group(words, times=(0, [1, "2"]))),
        ("times-a-bool", _group(words, times=(0, [1, True]))),
        ("times-above-2-53", _group(words, times=(0, [1, 2**53 + 1]))),
        ("times-below-2-53", _group(words, times=(0, [1, -(2**53) - 1]))),
        ("times-of-texts", _group(words, times=(8, 0))),
        ("times-of-no-field", _group(words, times=(8, 1))),
        ("times-a-float", _group(words, numbers, times=(8.0, 1))),
        ("times-beside", _group(numbers, times=(3, 0, 1, [1, 1]))),
        ("times-of-nothing", _group(words, times=())),
        ("greatest-not-a-number", _group(_field([0, [1, "a"]], 4))),
        ("greatest-a-bool", _group(_field([0, [1, True]], 4))),
        ("decoded-without-version", _group(_field([0, [[1, "a"], ["x", "y"]]], 5))),
        ("more-repeated-than-fits", _group(_field([1, text]), count=60_000,
                                           records=bytes(15 * 60_000), times=(1, 0))),
        ("more-in-a-table-than-fits", _group(_field([5, ["", text], bytes(60_000)]), count=60_000,
                                             records=bytes(15 * 60_000), times=(1, 0))),
        ("keys-of-maps-more-than-fit", _group(_field([7, [text], [[1, 1]]]), count=60_000,
                                              records=bytes(15 * 60_000), times=(1, 0))),
        ("items-in-others-too-many", _group(_field([6, [[1, 1]] * 9]), count=58_255,
                                            records=bytes(15 * 58_255), times=(1, 0))),
        ("changes-too-many", _group(count=65_537, records=bytes(15 * 65_537), times=(1, 0))),
        ("entries-too-many", _group(*[_field([1, 0])] * 5, count=52_429,
                                    records=bytes(15 * 52_429), times=(1, 0))),
    ):  # fmt: skip
        yield f"segment-fails-{name}", _fails(name.replace("-", " "), _data(group))
    half = _group(count=40_000, records=bytes(15 * 40_000), times=(1, 0))
    what = "groups with more than 65,536 changes together"
    yield "segment-fails-groups-with-too-many-changes", _fails(what, _data(half, half))
    yield (
        "segment-fails-version-1",
        _fails("rows of the version before", _rows(), "seal-unknown"),
    )
    unknown = _fails("version 3", _data(_group(words), version=3), "seal-unknown")
    yield "segment-fails-unknown-version", unknown


def _rows() -> bytes:
    row = [2, RECORD, 0, 5, 0, [0, "", "words"]]
    plain = msgspec.msgpack.encode([1, [DEVICE], [["text", 1]], [row]])
    return zstandard.ZstdCompressor(level=3).compress(plain)
