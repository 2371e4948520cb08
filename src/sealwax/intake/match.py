"""Which facts that a source saw are news: pure comparison of an observation with a state.

An observation is news only where the joined state would say something else. A value that the
record holds already, from whichever source or device, is not news; neither is one that would lose
against what is known. So the same import twice changes nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import ALIAS, DRAFT, NAME, STATE, TIME_NS
from sealwax.model.form import FINAL
from sealwax.model.merge import Merge, Stamp, join_stamps, value_bytes, winner
from sealwax.model.state import Slot, State, is_control

SAME_DATE_MS = 16
"""So many times may a message be scheduled otherwise as of one newest date."""
_AS_OF_NEWEST = {NAME.name: 1, STATE.name: SAME_DATE_MS, DRAFT.name: SAME_DATE_MS}
_STATE: Slot = (STATE.name, int(STATE.merge), "")
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


class Later(NamedTuple):
    """Facts that were told otherwise as of the same date, and the time at which they are newer."""

    time_ms: int
    entries: tuple[Entry, ...]


def told_later(
    state: State | None, entries: tuple[Entry, ...], life: int, time_ms: int
) -> Later | None:
    """Those of the entries that say something else than the same date of a source did before.

    A source does not say when a name was given, or a message scheduled otherwise, so it counts as
    of its newest date. Where nothing but that changed since, that is the same date once more: what
    is read later is then the newer one.
    """
    if state is None or life <= state.purged:
        return None
    later: list[Entry] = []
    newest_ms = time_ms
    for item in entries:
        window_ms = _AS_OF_NEWEST.get(item.name)
        if window_ms:
            stamps = state.slots.get((item.name, item.merge, item.key))
            shown = winner(item.merge, stamps) if stamps else None
            if shown is None or shown.life != life or shown.value == item.value:
                continue
            if time_ms <= shown.time_ms < time_ms + window_ms:
                later.append(item)
                newest_ms = max(newest_ms, shown.time_ms)
    return Later(newest_ms + 1, tuple(later)) if later else None


def settled(
    state: State | None, entries: tuple[Entry, ...], life: int, newest_ms: int
) -> Later | None:
    """That a message is final, where a source that knows as new shows it so and it was not before:
    a source tells nothing of how a final message stands."""
    if state is None or life <= state.purged:
        return None
    stamps = state.slots.get(_STATE)
    if not stamps or winner(STATE.merge, stamps).value == FINAL:
        return None
    names = {item.name for item in entries}
    if TIME_NS.name not in names or STATE.name in names:
        return None
    told_ms = winner(STATE.merge, stamps).time_ms
    if newest_ms + SAME_DATE_MS <= told_ms:
        return None
    return Later(max(newest_ms, told_ms + 1), (entry(STATE, FINAL),))
