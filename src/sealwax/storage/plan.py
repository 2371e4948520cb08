"""Planning a deletion or a purge that a person asks for, or taking it back. Pure.

*Delete* puts records into the trash; *undelete* brings them back under a new life with a full copy
of their content. *Purge* takes their content away at the head; what snapshots show stays, and a
restore brings it back under a later life, which no earlier purge reaches.
"""

from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import HELD, LIFE, PURGED
from sealwax.model.state import PURGE_LIMIT, State, content_under


class Target(NamedTuple):
    """A record to be deleted or brought back, with its state."""

    record: bytes
    state: State


def plan_delete(targets: Iterable[Target], now_ms: int, device: bytes) -> Iterator[Change]:
    """The changes that put live records into the trash."""
    for target in targets:
        state = target.state
        if state.is_live and state.has_content():
            life = entry(LIFE, state.next_life(is_live=False))
            yield Change(state.kind, target.record, None, now_ms, device, (life,))


def plan_undelete(targets: Iterable[Target], now_ms: int, device: bytes) -> Iterator[Change]:
    """The changes that bring records back from the trash; held ones are answered with it."""
    for target in targets:
        state = target.state
        if state.life % 2 == 0 or not state.has_content():
            continue
        life = state.next_life(is_live=True)
        entries = [entry(LIFE, life), *_answers(state)]
        yield Change(state.kind, target.record, None, now_ms, device, tuple(entries))
        yield from content_under(life, target.record, [state])


def plan_purge(targets: Iterable[Target], now_ms: int, device: bytes) -> Iterator[Change]:
    """The changes that purge records, live or in the trash: their content up to this life does not
    exist any more, and a source that still has it does not bring it back."""
    for target in targets:
        state = target.state
        if not state.has_content():
            continue
        life = state.next_life(is_live=False) if state.is_live else state.life
        if life > PURGE_LIMIT:
            continue
        entries = [entry(LIFE, life)] if life != state.life else []
        entries += [entry(PURGED, life), *_answers(state)]
        yield Change(state.kind, target.record, None, now_ms, device, tuple(entries))


def files_of_nobody(
    wanted: Iterable[str], others: Iterable[tuple[bytes, Iterable[str]]], purged: Set[bytes]
) -> set[str]:
    """Those of the attachments that no message has but the purged ones; `others` are all messages
    with the attachments that they have."""
    left = set(wanted)
    for message, origins in others:
        if message not in purged:
            left.difference_update(origins)
    return left


def plan_accept(targets: Iterable[Target], now_ms: int, device: bytes) -> Iterator[Change]:
    """The changes that accept held deletions: they stay in the trash and are held no longer."""
    for target in targets:
        answers = _answers(target.state)
        if answers:
            yield Change(target.state.kind, target.record, None, now_ms, device, tuple(answers))


def _answers(state: State) -> list[Entry]:
    return [entry(HELD, False, key) for key, is_held in state.keyed(HELD).items() if is_held]
