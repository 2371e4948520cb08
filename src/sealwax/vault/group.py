"""Groups: the changes of a segment that have one shape, by column.

Reading and writing a history handles millions of changes of a few dozen shapes. What a shape says
is looked at once for all of its changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import compress
from typing import Any, NamedTuple, TypeAlias

from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import record_ids
from sealwax.model.change import Change, Entry
from sealwax.model.field import ORIGIN
from sealwax.vault.value_form import ONLY_TEXTS

_ORIGIN = (ORIGIN.name, int(ORIGIN.merge))
_new_entry = partial(tuple.__new__, Entry)
"""Makes an entry of four values, without a step in Python: a history has millions."""
_Shape: TypeAlias = tuple[int, int | None, bytes, tuple[str, ...], tuple[int, ...]]


class Group(NamedTuple):
    """Changes of one kind, life and device that name the same fields in the same order.

    `records` and `times_ms` have an item for each change; `keys` and `values` a column for each
    field, with an item for each change. Values may be shared between changes: nobody changes them.
    """

    kind: int
    life: int | None
    device: bytes
    names: tuple[str, ...]
    merges: tuple[int, ...]
    records: Sequence[bytes]
    times_ms: Sequence[int]
    keys: Sequence[Sequence[str]]
    values: Sequence[Sequence[Any]]

    def changes(self) -> Iterator[Change]:
        """The changes, in the order of the columns."""
        kind, life, device, names, merges = self[:5]
        for at, (record, time_ms) in enumerate(zip(self.records, self.times_ms, strict=True)):
            entries = zip(
                names,
                merges,
                [column[at] for column in self.keys],
                [column[at] for column in self.values],
                strict=True,
            )
            yield Change(kind, record, life, time_ms, device, tuple(map(_new_entry, entries)))

    def selected(self, wanted: Sequence[bool]) -> "Group":
        """Those of the changes for which it says so."""
        return self._replace(
            records=list(compress(self.records, wanted)),
            times_ms=list(compress(self.times_ms, wanted)),
            keys=[list(compress(column, wanted)) for column in self.keys],
            values=[list(compress(column, wanted)) for column in self.values],
        )

    def ids_of_origins(self, roots: RootKeys) -> list[bytes] | None:
        """The ids that the origins give; None where there are none, or not for all."""
        shape = list(zip(self.names, self.merges, strict=True))
        if _ORIGIN not in shape:
            return None
        field = shape.index(_ORIGIN)
        origins: Sequence[Any] = self.values[field]
        if any(self.keys[field]) or not all(map(_is_origin, origins)):
            return None
        namespaces, ids = zip(*origins, strict=True)
        if len(set(namespaces)) == 1:
            return record_ids(roots, namespaces[0], ((self.kind, one) for one in ids))
        return [
            record_ids(roots, namespace, ((self.kind, one),))[0]
            for namespace, one in zip(namespaces, ids, strict=True)
        ]


def grouped(changes: Iterable[Change]) -> list[Group]:
    """The changes by their shape, the shapes in the order in which they come first."""
    shapes: dict[_Shape, tuple[list[bytes], list[int], list[Any], list[Any]]] = {}
    for kind, record, life, time_ms, device, entries in changes:
        names, merges, keys, values = zip(*entries, strict=True) if entries else ((),) * 4
        shape = kind, life, device, names, merges
        columns = shapes.get(shape)
        if columns is None:
            columns = shapes[shape] = ([], [], [], [])
        columns[0].append(record)
        columns[1].append(time_ms)
        columns[2].append(keys)
        columns[3].append(values)
    return [
        Group(*shape, records, times_ms, list(zip(*keys)), list(zip(*values)))  # noqa: B905
        for shape, (records, times_ms, keys, values) in shapes.items()
    ]


def changes_of(groups: Iterable[Group]) -> list[Change]:
    """All changes of groups."""
    return [change for group in groups for change in group.changes()]


def _is_origin(value: Any) -> bool:
    return (
        type(value) in (list, tuple) and len(value) == 2 and ONLY_TEXTS.issuperset(map(type, value))
    )
