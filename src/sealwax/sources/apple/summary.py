"""message_summary_info: the earlier wordings of edited messages, and which parts were unsent.

A property list, binary in databases, XML in what some tools write: `otr` original ranges of the
parts, `ec` {part: [{d: seconds since 2001, t: body}, ...]} where item 0 is the first wording and
the last one is shown, `rp` the parts unsent.
Source: the imessage-exporter project, checked against the sample data.
"""

import plistlib
from typing import Any, NamedTuple
from xml.parsers.expat import ExpatError

from sealwax.sources.apple.dates import unix_ns_of_seconds
from sealwax.sources.apple.typedstream.attributed import Body, decode_body
from sealwax.sources.apple.typedstream.reader import TypedStreamError

BYTES_LIMIT = 16 * 1024 * 1024
WORDINGS_LIMIT = 1_000
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
    if len(blob) > BYTES_LIMIT:
        raise SummaryError("it is larger than one may be")
    try:
        found = plistlib.loads(blob)
    except (plistlib.InvalidFileException, ValueError, OverflowError, RecursionError, ExpatError,
            IndexError, MemoryError, TypeError, KeyError) as error:  # fmt: skip
        raise SummaryError("it is not a property list") from error
    if not isinstance(found, dict):
        raise SummaryError("it is not a map")
    unsent = [part for part in _list(found.get("rp")) if isinstance(part, int) and part >= 0]
    return Summary(
        tuple(_wordings(found.get("ec"))),
        tuple(sorted(set(unsent))),
        tuple(_ranges(found.get("otr"))),
        all(key in _UNDERSTOOD for key in found),
    )


def _wordings(edited: Any) -> list[Wording]:
    wordings: list[Wording] = []
    for part, items in edited.items() if isinstance(edited, dict) else ():
        index = _index(part)
        if index is None:
            continue
        for number, item in enumerate(_list(items)[:WORDINGS_LIMIT]):
            if isinstance(item, dict):
                time_ns = unix_ns_of_seconds(item.get("d"))
                wordings.append(Wording(index, number, time_ns, _body(item.get("t"))))
    return sorted(wordings, key=lambda wording: wording[:2])


def _ranges(original: Any) -> list[tuple[int, int, int]]:
    ranges = []
    for part, item in original.items() if isinstance(original, dict) else ():
        index = _index(part)
        if index is not None and isinstance(item, dict):
            start, length = item.get("lo"), item.get("le")
            if isinstance(start, int) and isinstance(length, int):
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
    text = str(part)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
