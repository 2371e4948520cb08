"""Plain messages of a segment, by column: those that one change of plain words tells of.

Of such ones all columns of the library can be worked out without it, and for many at a time.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sealwax.library.project import PlainPlaces, plain_places, source_order
from sealwax.library.script import apart, pairs
from sealwax.model.field import CONVERSATION, FIELDS, ORIGIN
from sealwax.model.form import is_integer, is_words
from sealwax.model.lone_states import is_lone, lone_states
from sealwax.model.record import Kind
from sealwax.model.reference import DEFAULT_NAMESPACE, SEPARATOR, named_by
from sealwax.vault.group import Group

_MESSAGE = int(Kind.MESSAGE)
_DEFAULT = [DEFAULT_NAMESPACE]


class PlainMessages(NamedTuple):
    """Plain messages, an item each in every column: ids, times, orders of their source, the names
    of the conversations that they are in (or None), words for the index, states. `unspaced` are
    pairs of a place in the columns and words for the other index."""

    records: Sequence[bytes]
    times: Sequence[int]
    orders: Sequence[int]
    inside: Sequence[str | None]
    words: Sequence[str]
    states: Sequence[bytes]
    unspaced: Sequence[tuple[int, str]]


def divided(group: Group, twice: Collection[bytes]) -> tuple[PlainMessages | None, Group | None]:
    """The plain messages among changes of one shape, and the other changes. `twice` are records
    that several changes tell of."""
    places = _places(group)
    if places is None:
        return None, group
    wanted = _plain(group, places, twice)
    if all(wanted):
        return _columns(group, places), None
    if not any(wanted):
        return None, group
    others = group.selected([not is_plain for is_plain in wanted])
    return _columns(group.selected(wanted), places), others


def _places(group: Group) -> PlainPlaces | None:
    """Where the columns stand, if changes of this shape can be plain messages."""
    if group.kind != _MESSAGE or group.life is None or not is_lone(group.names):
        return None
    for name, merge in zip(group.names, group.merges, strict=True):
        field = FIELDS.get(name)
        if field is None or field.merge != merge:
            return None
    return plain_places(group.names)


def _plain(group: Group, places: PlainPlaces, twice: Collection[bytes]) -> list[bool]:
    """Which of the changes are plain messages."""
    times = zip(group.values[places.time], group.keys[places.time], strict=True)
    plain = [is_integer(time_ns) and not key for time_ns, key in times]
    if places.inside is not None:
        # Any value of a conversation says the same: its key counts.
        keys = group.keys[places.inside]
        known = {key for key in set(keys) if CONVERSATION.fits(True, key)}
        plain = [is_plain and key in known for is_plain, key in zip(plain, keys, strict=True)]
    if twice:
        records = zip(plain, group.records, strict=True)
        plain = [is_plain and record not in twice for is_plain, record in records]
    return plain


def _columns(group: Group, places: PlainPlaces) -> PlainMessages:
    texts = _texts(group, places)
    return PlainMessages(
        group.records,
        group.values[places.time],
        _orders(group, places),
        _inside(group, places),
        list(map(apart, texts)),
        lone_states(
            (group.kind, group.life, group.device),
            list(zip(group.names, group.merges, strict=True)),
            group.times_ms,
            group.keys,
            group.values,
        ),
        list(_unspaced(texts)),
    )


def _texts(group: Group, places: PlainPlaces) -> Sequence[str]:
    if places.text is None:
        return [""] * len(group.records)
    told = zip(group.values[places.text], group.keys[places.text], strict=True)
    return [text if not key and is_words(text) else "" for text, key in told]


def _unspaced(texts: Sequence[str]) -> Iterator[tuple[int, str]]:
    for at, text in enumerate(texts):
        if not text.isascii() and (cut := pairs(text)):
            yield at, cut


def _orders(group: Group, places: PlainPlaces) -> Sequence[int]:
    if places.order is None:
        return [0] * len(group.records)
    told = zip(group.values[places.order], group.keys[places.order], strict=True)
    return [0 if key else source_order(order) for order, key in told]


def _inside(group: Group, places: PlainPlaces) -> Sequence[str | None]:
    """The names of conversations, which are mostly the references as they stand."""
    if places.inside is None:
        return [None] * len(group.records)
    references = group.keys[places.inside]
    spaces = _namespaces(group, places)
    is_default = set(spaces) == {DEFAULT_NAMESPACE}
    if is_default and not any(one.startswith(SEPARATOR) for one in set(references)):
        return references
    return [named_by(*pair) for pair in zip(references, spaces, strict=True)]


def _namespaces(group: Group, places: PlainPlaces) -> list[str]:
    """The namespaces in which the references of messages stand."""
    if places.origin is None:
        return [DEFAULT_NAMESPACE] * len(group.records)
    origins = group.values[places.origin]
    if set(map(type, origins)) == {list} and all(one[:1] == _DEFAULT for one in origins):
        return [DEFAULT_NAMESPACE] * len(origins)
    told = zip(origins, group.keys[places.origin], strict=True)
    return [_namespace(origin, key) for origin, key in told]


def _namespace(origin: Any, key: str) -> str:
    return str(origin[0]) if ORIGIN.fits(origin, key) else DEFAULT_NAMESPACE
