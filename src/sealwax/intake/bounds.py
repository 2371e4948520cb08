"""Values that are too large for any object of a vault: left out, and named as a problem.

A segment is one object, and an object has a largest size. One value too many in a source must not
end its import.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from sealwax.base.problem import Problem
from sealwax.model.change import Change, Entry
from sealwax.sources.base import Copied, Observation

VALUE_LIMIT_BYTES = 12 * 1024 * 1024
_SMALL_BYTES = 1024 * 1024
"""No value of entries that come to so little is too large: a byte of msgpack weighs 8 at most."""
_LOOKED_AT = 500
_encode = msgspec.msgpack.Encoder().encode
_WHAT = "it has a value that is too large to be kept"
Note = Callable[[Problem], None]


def bounded_observations(items: Sequence[Observation], note: Note) -> list[Observation]:
    """Observations without values that are too large."""
    bounded: list[Observation] = []
    for start in range(0, len(items), _LOOKED_AT):
        some = items[start : start + _LOOKED_AT]
        if not _are_small([item.entries for item in some]):
            some = [_bounded_observation(item, note) for item in some]
        bounded += some
    return bounded


def _are_small(entries: list[tuple[Entry, ...]]) -> bool:
    """Nearly all values are, which is seen for many at once."""
    try:
        return len(_encode(entries)) <= _SMALL_BYTES
    except (ValueError, TypeError, OverflowError, RecursionError):
        return False


def _bounded_observation(item: Observation, note: Note) -> Observation:
    entries = _bounded(item.entries, item.canonical_id, note)
    return item if entries is item.entries else item._replace(entries=entries)


def bounded_copy(item: Copied, note: Note) -> Copied:
    """A copied record without values that are too large."""

    def bounded(change: Change) -> Change:
        entries = _bounded(change.entries, item.canonical_id, note)
        return change if entries is change.entries else change._replace(entries=entries)

    return item._replace(changes=tuple(map(bounded, item.changes)))


def _bounded(entries: tuple[Entry, ...], name: str, note: Note) -> tuple[Entry, ...]:
    large = [item for item in entries if _is_large(item.value)]
    if not large:
        return entries
    for item in large:
        note(Problem(name, _WHAT, item.name))
    return tuple(item for item in entries if item not in large)


def _is_large(value: Any) -> bool:
    """Nearly all values are short, which is seen at once."""
    kind = type(value)
    if kind is bytes:
        return len(value) > VALUE_LIMIT_BYTES
    if kind is str:
        # A character has at most four bytes.
        return len(value) * 4 > VALUE_LIMIT_BYTES and _weight(value) > VALUE_LIMIT_BYTES
    return kind in (list, dict, tuple) and _weight(value) > VALUE_LIMIT_BYTES


def _weight(value: Any) -> int:
    """About the bytes of a value."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(_weight(key) + _weight(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return 8 + sum(map(_weight, value))
    return 8
