"""message_summary_info: the earlier wordings of edited messages, and which parts were unsent.

A property list, binary in databases, XML in what some tools write: `otr` original ranges of the
parts, `ec` {part: [{d: seconds since 2001, t: body}, ...]} where item 0 is the first wording and
the last one is shown, `rp` the parts unsent.
Source: the imessage-exporter project, checked against the sample data.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from sealwax.sources.apple.dates import unix_ns_of_seconds
from sealwax.sources.apple.property_list import PropertyListError, read_property_list
from sealwax.sources.apple.typedstream.attributed import Body, decode_body
from sealwax.sources.apple.typedstream.reader import TypedStreamError

WORDINGS_LIMIT = 1_000
INDEX_DIGITS = 7
INDEX_LIMIT = 10**INDEX_DIGITS
_UNDERSTOOD = frozenset(("otr", "ec", "rp", "ust", "amc", "ep", "euh"))


class SummaryError(ValueError):
    """These bytes are not a summary; the text says what is wrong."""


class Wording(NamedTuple):
    """One wording of a part. `body` is None when its words could not be read."""

    part: int
    number: int
    time_ns: int | None
    body: Body | None


class Summary(NamedTuple):
    """What a summary says. `ranges` are (part, start, length) in UTF-16 units of the first wording;
    `is_understood` is false when it says more than this."""

    wordings: tuple[Wording, ...]
    unsent: tuple[int, ...]
    ranges: tuple[tuple[int, int, int], ...]
    is_understood: bool


def read_summary(blob: bytes) -> Summary:
    """Reads a summary; raises SummaryError."""
    try:
        found = read_property_list(blob)
    except PropertyListError as error:
        raise SummaryError(str(error)) from error
    if not isinstance(found, dict):
        raise SummaryError("it is not a map")
    unsent = {part for part in map(_index, _list(found.get("rp"))) if part is not None}
    return Summary(
        tuple(_wordings(found.get("ec"), len(blob))),
        tuple(sorted(unsent)),
        tuple(_ranges(found.get("otr"))),
        all(key in _UNDERSTOOD for key in found),
    )


def _wordings(edited: Any, size_bytes: int) -> list[Wording]:
    """At most WORDINGS_LIMIT of them, and no more bytes than there are: the same ones may stand in
    many places."""
    wordings: list[Wording] = []
    for index, number, item in islice(_edits(edited), WORDINGS_LIMIT):
        raw = item.get("t")
        size_bytes -= len(raw) if isinstance(raw, bytes) else 0
        body = _body(raw) if size_bytes >= 0 else None
        wordings.append(Wording(index, number, unix_ns_of_seconds(item.get("d")), body))
    return sorted(wordings, key=lambda wording: wording[:2])


def _edits(edited: Any) -> Iterator[tuple[int, int, dict[Any, Any]]]:
    for part, items in edited.items() if isinstance(edited, dict) else ():
        index = _index(part)
        if index is not None:
            for number, item in enumerate(_list(items)):
                if isinstance(item, dict):
                    yield index, number, item


def _ranges(original: Any) -> list[tuple[int, int, int]]:
    ranges = []
    for part, item in original.items() if isinstance(original, dict) else ():
        index = _index(part)
        if index is not None and isinstance(item, dict):
            start, length = _index(item.get("lo")), _index(item.get("le"))
            if start is not None and length is not None:
                ranges.append((index, start, length))
    return sorted(ranges)


def _body(blob: Any) -> Body | None:
    if not isinstance(blob, bytes):
        return None
    try:
        return decode_body(blob)
    except TypedStreamError:
        return None


def _index(part: Any) -> int | None:
    """The index of a part, as a number or in decimal."""
    if isinstance(part, str) and part.isascii() and part.isdigit() and len(part) < INDEX_DIGITS:
        return int(part)
    return int(part) if isinstance(part, int) and 0 <= part < INDEX_LIMIT else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
