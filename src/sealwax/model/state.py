"""The joined state of one record: what all its changes come to.

Joining is commutative, associative and idempotent. Two control fields shape the whole record:
`life` (odd: in the trash) and `purged` (content of that life and before does not exist). The
canonical bytes of a state are what the digest of a history covers.

Implements "Records and how they merge" of docs/format.md.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from sealwax.model.change import Change, Entry
from sealwax.model.field import FIELDS, LIFE, PURGED, Field
from sealwax.model.merge import Merge, Stamp, join_stamps, winner

Slot = tuple[str, int, str]
"""Field name, merge class, key."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_name_of = itemgetter(0)
_CONTROLS = frozenset(field.name for field in FIELDS.values() if field.is_control)
_LIFE: Slot = (LIFE.name, int(LIFE.merge), "")
_PURGED: Slot = (PURGED.name, int(PURGED.merge), "")


class _Stored(msgspec.Struct, array_like=True, gc=False):
    kind: int
    stamps: list[tuple[int | None, int, bytes]]
    slots: list[tuple[str, int, str, list[tuple[int, Any]]]]


_decode = msgspec.msgpack.Decoder(_Stored).decode


def is_control(name: str) -> bool:
    """Whether values of a field are no content: no purge removes them."""
    return name in _CONTROLS


class State(NamedTuple):
    """What is known of one record. `slots` is never changed in place."""

    kind: int
    slots: dict[Slot, tuple[Stamp, ...]]

    @property
    def life(self) -> int:
        """Even: live. Odd: in the trash."""
        return self._greatest(_LIFE, 0)

    @property
    def purged(self) -> int:
        """Content of this life and before does not exist; -1 when nothing was purged."""
        return self._greatest(_PURGED, -1)

    @property
    def is_live(self) -> bool:
        """Whether the record is in the present, not in the trash."""
        return self.life % 2 == 0

    def has_content(self) -> bool:
        """Whether any value is left that a purge could remove."""
        return any(stamp.life is not None for stamps in self.slots.values() for stamp in stamps)

    def get(self, field: Field, key: str = "") -> Any:
        """The value that is shown, or None."""
        stamps = self.slots.get((field.name, int(field.merge), key))
        return winner(field.merge, stamps).value if stamps else None

    def stamp(self, field: Field, key: str = "") -> Stamp | None:
        """The winning stamp, or None."""
        stamps = self.slots.get((field.name, int(field.merge), key))
        return winner(field.merge, stamps) if stamps else None

    def keyed(self, field: Field) -> dict[str, Any]:
        """The shown value of each key of a keyed field, by key."""
        return {
            key: winner(field.merge, stamps).value
            for (name, merge, key), stamps in self.slots.items()
            if name == field.name and merge == field.merge
        }

    def _greatest(self, slot: Slot, default: int) -> int:
        stamps = self.slots.get(slot)
        return winner(Merge.GREATEST, stamps).value if stamps else default


def empty(kind: int) -> State:
    """The state of a record of which nothing is known."""
    return State(kind, {})


def from_change(change: Change) -> State:
    """The state that one change alone comes to."""
    return join_change(empty(change.kind), change)


def join_change(state: State, change: Change) -> State:
    """The state with one more change."""
    slots = dict(state.slots)
    for item in change.entries:
        slot = (item.name, item.merge, item.key)
        # A control value has no life, whatever a change says: no purge removes it.
        life = None if is_control(item.name) else change.life
        stamp = Stamp(life, change.time_ms, change.device, item.value)
        old = slots.get(slot)
        slots[slot] = join_stamps(item.merge, old, (stamp,)) if old else (stamp,)
    return _settle(min(state.kind, change.kind), slots)


def tells_more(state: State, change: Change) -> bool:
    """Whether a change says anything that the state does not say already."""
    return encode(join_change(state, change)) != encode(state)


def join(left: State, right: State) -> State:
    """The state that knows all that both know."""
    slots = dict(left.slots)
    for slot, stamps in right.slots.items():
        old = slots.get(slot)
        slots[slot] = join_stamps(slot[1], old, stamps) if old else stamps
    return _settle(min(left.kind, right.kind), slots)


def _settle(kind: int, slots: dict[Slot, tuple[Stamp, ...]]) -> State:
    """Lets a purge take effect on what was joined."""
    if _PURGED not in slots:
        return State(kind, slots)
    purged = winner(Merge.GREATEST, slots[_PURGED]).value
    settled: dict[Slot, tuple[Stamp, ...]] = {}
    for slot, stamps in slots.items():
        left = tuple(stamp for stamp in stamps if stamp.life is None or stamp.life > purged)
        if left:
            settled[slot] = left
    return State(kind, settled)


def _head_order(head: tuple[int | None, int, bytes]) -> tuple[int, int, bytes]:
    return (-1 if head[0] is None else head[0], head[1], head[2])


def encode(state: State) -> bytes:
    """The canonical bytes of a state: equal states, and only they, have equal bytes."""
    table: dict[tuple[int | None, int, bytes], int] = {}
    for stamps in state.slots.values():
        for stamp in stamps:
            table[stamp[:3]] = 0
    heads = sorted(table, key=_head_order)
    for position, head in enumerate(heads):
        table[head] = position
    slots = [
        (name, merge, key, [(table[stamp[:3]], stamp.value) for stamp in stamps])
        for (name, merge, key), stamps in sorted(state.slots.items())
    ]
    return _encode((state.kind, heads, slots))


class LoneState:
    """Writes the states that single changes come to, for changes of the same fields: the canonical
    bytes, without making the states. A history has millions of changes and a few dozen rows of
    fields."""

    def __init__(self, names: Sequence[str], merges: Sequence[int]) -> None:
        """For fields that `is_lone` says yes to."""
        cells = [[0, None] for _ in names]
        slots = [
            [name, merge, "", [cell]]
            for name, merge, cell in zip(names, merges, cells, strict=True)
        ]
        self._places: list[tuple[list[Any], list[Any]]] = list(zip(slots, cells, strict=True))
        self._slots = sorted(slots, key=_name_of)

    def encode(
        self,
        kind: int,
        head: tuple[int | None, int, bytes],
        keys: Sequence[str],
        values: Sequence[Any],
    ) -> bytes:
        """The canonical bytes; `head` is life, time in ms and device, `keys` and `values` stand in
        the order of the names."""
        for (slot, cell), key, value in zip(self._places, keys, values, strict=True):
            slot[2] = key
            cell[1] = value
        return _encode((kind, (head,), self._slots))


def is_lone(names: Sequence[str]) -> bool:
    """Whether a change of content of these fields is a state by itself: each value is named once,
    and none steers the record."""
    return bool(names) and len(set(names)) == len(names) and _CONTROLS.isdisjoint(names)


def decode(data: bytes) -> State:
    """The state of canonical bytes that this library itself stored."""
    stored = _decode(data)
    heads = stored.stamps
    return State(
        stored.kind,
        {
            (name, merge, key): tuple(Stamp(*heads[head], value) for head, value in values)
            for name, merge, key, values in stored.slots
        },
    )


def changes(record: bytes, state: State) -> list[Change]:
    """A full copy of a state as changes, oldest first: joining them gives the state again."""
    groups: dict[tuple[int | None, int, bytes], list[Entry]] = {}
    for (name, merge, key), stamps in sorted(state.slots.items()):
        for stamp in stamps:
            groups.setdefault(stamp[:3], []).append(Entry(name, merge, key, stamp.value))
    return [
        Change(state.kind, record, *head, tuple(groups[head]))
        for head in sorted(groups, key=_head_order)
    ]


def content_under(life: int, record: bytes, states: Iterable[State]) -> list[Change]:
    """A full copy of the content of `states`, written again under `life`: what a restore writes."""
    copies: list[Change] = []
    for state in states:
        for change in changes(record, state):
            if change.life is not None:
                copies.append(change._replace(life=life))
    return copies
