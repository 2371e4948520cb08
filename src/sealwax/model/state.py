"""The joined state of one record: what all its changes come to.

Joining is commutative, associative and idempotent. Two control fields shape the whole record:
`life` (odd: in the trash) and `purged` (content of that life and before does not exist). The
canonical bytes of a state are what the digest of a history covers.

A value of a form that its field does not have is part of a state like any other; it is not shown.

Implements "Records and how they merge" of docs/format.md.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from sealwax.model.change import Change, Entry
from sealwax.model.field import FIELDS, LIFE, PURGED, Field
from sealwax.model.form import LIFE_LIMIT
from sealwax.model.merge import Merge, Stamp, join_stamps, winner

Slot = tuple[str, int, str]
"""Field name, merge class, key."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_CONTROLS = frozenset(field.name for field in FIELDS.values() if field.is_control)
_LIFE: Slot = (LIFE.name, int(LIFE.merge), "")
_PURGED: Slot = (PURGED.name, int(PURGED.merge), "")
PURGE_LIMIT = LIFE_LIMIT // 2
"""No purge reaches lives beyond it: so a record can be brought back whatever its purge says."""


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
        return min(max(self._greatest(_LIFE, 0), 0), LIFE_LIMIT)

    @property
    def purged(self) -> int:
        """Content of this life and before does not exist; -1 when nothing was purged."""
        return min(self._greatest(_PURGED, -1), PURGE_LIMIT)

    def next_life(self, is_live: bool) -> int:
        """The life that begins when the record goes into the trash, or comes back from wherever it
        is: above the present one and above all that was purged."""
        life = max(self.life, self.purged) + 1
        return min(life if (life % 2 == 0) == is_live else life + 1, LIFE_LIMIT)

    @property
    def is_live(self) -> bool:
        """Whether the record is in the present, not in the trash."""
        return self.life % 2 == 0

    def has_content(self) -> bool:
        """Whether any value is left that a purge could remove."""
        return any(stamp.life is not None for stamps in self.slots.values() for stamp in stamps)

    def get(self, field: Field, key: str = "") -> Any:
        """The value that is shown, or None."""
        shown = self.stamp(field, key)
        return None if shown is None else shown.value

    def stamp(self, field: Field, key: str = "") -> Stamp | None:
        """The stamp whose value is shown, or None: the best of those that have the field's form."""
        stamps = self.slots.get((field.name, int(field.merge), key))
        return _shown(field, key, stamps) if stamps else None

    def values(self, field: Field, key: str = "") -> list[Any]:
        """Every value that is kept and has the field's form, the one that is shown among them."""
        stamps = self.slots.get((field.name, int(field.merge), key), ())
        return [stamp.value for stamp in stamps if field.fits(stamp.value, key)]

    def keyed(self, field: Field) -> dict[str, Any]:
        """The shown value of each key of a keyed field, by key."""
        found: dict[str, Any] = {}
        wanted, of_class = field.name, int(field.merge)
        for (name, merge, key), stamps in self.slots.items():
            if name == wanted and merge == of_class:
                shown = _shown(field, key, stamps)
                if shown is not None:
                    found[key] = shown.value
        return found

    def version(self, field: Field) -> int:
        """The decoder's version of a decoded field, whatever form the rest of it has: one from the
        future is not shown, and need not be decoded again. -1 where there is none."""
        stamps = self.slots.get((field.name, int(field.merge), ""))
        return winner(field.merge, stamps).value[0] if stamps else -1

    def _greatest(self, slot: Slot, default: int) -> int:
        stamps = self.slots.get(slot)
        return winner(Merge.GREATEST, stamps).value if stamps else default


def _shown(field: Field, key: str, stamps: tuple[Stamp, ...]) -> Stamp | None:
    best = winner(field.merge, stamps)
    if field.fits(best.value, key):
        return best
    left = tuple(stamp for stamp in stamps if field.fits(stamp.value, key))
    return winner(field.merge, left) if left else None


def empty(kind: int) -> State:
    """The state of a record of which nothing is known."""
    return State(kind, {})


def from_change(change: Change) -> State:
    """The state that one change alone comes to."""
    return join_change(empty(change.kind), change)


def join_change(state: State, change: Change) -> State:
    """The state with one more change."""
    return join_changes(state, (change,))


def join_changes(state: State, changes: Iterable[Change]) -> State:
    """The state with more changes of its record: all of them at once, for there may be many."""
    kind, slots = state.kind, dict(state.slots)
    more: dict[Slot, list[Stamp]] = {}
    for change in changes:
        kind = min(kind, change.kind)
        for name, merge, key, value in change.entries:
            slot = (name, merge, key)
            # A control value has no life, whatever a change says: no purge removes it.
            life = None if name in _CONTROLS else change.life
            stamp = Stamp(life, change.time_ms, change.device, value)
            if slot in slots:
                more.setdefault(slot, []).append(stamp)
            else:
                slots[slot] = (stamp,)
    for slot, stamps in more.items():
        slots[slot] = join_stamps(slot[1], slots[slot], stamps)
    return _settle(kind, slots)


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
    purged = min(winner(Merge.GREATEST, slots[_PURGED]).value, PURGE_LIMIT)
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
