"""A change: new values of some fields of one record, as one device wrote them."""

from typing import Any, NamedTuple

from sealwax.model.field import Field


class Entry(NamedTuple):
    """One field's new value; `key` is empty unless the field is keyed."""

    name: str
    merge: int
    key: str
    value: Any


class Change(NamedTuple):
    """New values of one record that share a life, a time and a device.

    `life` is the life of the record under which content was written, or None for control values.
    `time_ms` is the source's own time for the facts, `device` the 16 bytes of the writing device.
    """

    kind: int
    record: bytes
    life: int | None
    time_ms: int
    device: bytes
    entries: tuple[Entry, ...]


def entry(field: Field, value: Any, key: str = "") -> Entry:
    """An entry for a field that this version knows."""
    assert bool(key) or not field.is_keyed, field.name
    return Entry(field.name, int(field.merge), key, value)
