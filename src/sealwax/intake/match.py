"""Which facts that a source saw are news: pure comparison of an observation with a state.

An observation is news only where the joined state would say something else. A value that the
record holds already, from whichever source or device, is not news; neither is one that would lose
against what is known. So the same import twice changes nothing.
"""

from collections.abc import Iterable
from typing import TypeAlias

from sealwax.model.change import Change, Entry
from sealwax.model.field import ALIAS, NAME
from sealwax.model.merge import Merge, Stamp, join_stamps, value_bytes, winner
from sealwax.model.state import Slot, State, is_control

_Told: TypeAlias = tuple[int | None, int, bytes, bytes]
"""A stamp, its value as bytes."""


def news(
    state: State | None, entries: tuple[Entry, ...], life: int, time_ms: int, device: bytes
) -> tuple[Entry, ...]:
    """Those of the entries that change the state, if they are written under `life`."""
    if state is None:
        return entries
    if life <= state.purged:
        # What was purged is not brought back by a source that still has it.
        return ()
    return tuple(item for item in entries if _is_news(state, item, life, time_ms, device))


def _is_news(state: State, item: Entry, life: int, time_ms: int, device: bytes) -> bool:
    stamps = state.slots.get((item.name, item.merge, item.key))
    if not stamps:
        return True
    # That two are one is told once: a person may have said since that they are not.
    if item.merge == Merge.ONCE or item.name == ALIAS.name:
        return False
    encoded = value_bytes(item.value)
    if any(value_bytes(stamp.value) == encoded for stamp in stamps):
        return False
    stamp = Stamp(life, time_ms, device, item.value)
    return join_stamps(item.merge, stamps, (stamp,)) != stamps


def told_anew(before: State, after: State, changes: Iterable[Change]) -> list[Change]:
    """Those of the changes, with those of their entries, by which one state became the other."""
    found: list[Change] = []
    stamps: dict[Slot, set[_Told]] = {}
    for change in changes:
        entries = []
        for item in change.entries:
            slot = (item.name, item.merge, item.key)
            if slot not in stamps:
                stamps[slot] = _told(after, slot) - _told(before, slot)
            life = None if is_control(item.name) else change.life
            if (life, change.time_ms, change.device, value_bytes(item.value)) in stamps[slot]:
                entries.append(item)
        if entries:
            found.append(change._replace(entries=tuple(entries)))
    return found


def _told(state: State, slot: Slot) -> set[_Told]:
    return {(*stamp[:3], value_bytes(stamp.value)) for stamp in state.slots.get(slot, ())}


def renamed(
    state: State | None, entries: tuple[Entry, ...], life: int, time_ms: int
) -> tuple[Entry, ...]:
    """Those of the entries that name a conversation otherwise than the same time did before.

    A source does not say when a name was given, so it counts as of its newest date. Where only the
    name changed since, that is the same date once more: what is read later is then the newer one.
    """
    if state is None or life <= state.purged:
        return ()
    stamps = state.slots.get((NAME.name, NAME.merge, ""))
    if not stamps:
        return ()
    shown = winner(NAME.merge, stamps)
    is_tie = shown.time_ms == time_ms and shown.life == life
    return tuple(
        item for item in entries if is_tie and item.name == NAME.name and item.value != shown.value
    )
