"""Which snapshots others let go of, and which of them are made again."""

from collections.abc import Iterable
from typing import NamedTuple

from sealwax.ledger.names import MESSAGES_ZONE, NO_HASH, commit_hash
from sealwax.library.let_go import Lost, Wanted
from sealwax.sync.guard.arrivals import Arrivals, LetGo
from sealwax.sync.guard.pinned import Pinned, Staying, let_go_here, pinned, shot_at
from sealwax.sync.guard.plan import BEFORE, DAY_MS, EARLY_MS, Shot, held_snapshots
from sealwax.sync.replica import Replica


class Going(NamedTuple):
    """Snapshots that go though the calendar here would keep them: those that are held, and a few
    that are not; those of which a second device says the same; and those that are there
    afterwards."""

    held: tuple[Lost, ...]
    few: tuple[Lost, ...]
    accepted: tuple[Wanted, ...]
    left: tuple[Pinned, ...]


def snapshots_going(
    history: Replica, arrivals: Arrivals, stays: Staying, now_ms: int, is_left_asked: bool
) -> Going:
    """What becomes of the snapshots. One that is made again in the same pull does not go; nor does
    one that comes and goes in it: nobody here has seen it. Who lets go of it all the same says that
    it may go. Where none goes, what is left is only looked for where it `is_left_asked`."""
    coming, told = arrivals.pins(history.clock)
    known = pinned(history) if told or is_left_asked else []
    takers = _takers((*known, *coming), told)
    left = tuple(one for one in (*known, *coming) if one.pin.commit_seq not in takers)
    if not told:
        return Going((), (), (), left)
    let_go = history.library.guarded.let_go
    waiting = {shot_of(one.wanted): one for one in let_go.waiting()}
    accepted = _said_twice(history, told, coming, waiting.values())
    there = {one.shot for one in left}
    gone = {
        one.shot: one for one in known if one.pin.commit_seq in takers and one.shot not in there
    }
    taken_by = {shot: takers[one.pin.commit_seq] for shot, one in gone.items()}
    accepted |= gone.keys() & let_go_here(history) if gone else set()
    needed = _needed(history, gone.keys(), left, now_ms) | (gone.keys() & waiting.keys())
    kept = stays([*known, *coming], now_ms)
    going = {
        shot: Lost(_wanted(history, one), taken_by[shot])
        for shot, one in gone.items()
        if shot not in accepted and (shot in needed or one.pin.commit_seq in kept)
    }
    lately = {
        shot_of(one.wanted): one
        for one in let_go.lately(now_ms - DAY_MS)
        if shot_of(one.wanted) not in gone
    }
    held = held_snapshots(going.keys(), needed, lately.keys())
    return Going(
        tuple((going | lately)[shot] for shot in sorted(held)),
        tuple(lost for shot, lost in going.items() if shot not in held),
        tuple(waiting[shot].wanted for shot in accepted & waiting.keys()),
        left,
    )


def shot_of(wanted: Wanted) -> Shot:
    """A snapshot that was let go of, as it is told apart."""
    return Shot(wanted.seq, wanted.made_ms, wanted.name, wanted.reason)


def _takers(pins: Iterable[Pinned], told: Iterable[LetGo]) -> dict[int, bytes]:
    """The device that first lets go of each pin that goes; a lock that has not run out holds."""
    locks_ms = {one.pin.commit_seq: one.pin.lock_until_ms for one in pins}
    takers: dict[int, bytes] = {}
    for let_go in told:
        if let_go.seq in locks_ms and locks_ms[let_go.seq] <= let_go.until_ms:
            takers.setdefault(let_go.seq, let_go.device)
    return takers


def _said_twice(
    history: Replica, told: Iterable[LetGo], coming: Iterable[Pinned], waiting: Iterable[Lost]
) -> set[Shot]:
    """The snapshots that two devices have let go of: in whatever pins, also such as are gone."""
    says: dict[Shot, set[bytes]] = {}
    for one in waiting:
        says.setdefault(shot_of(one.wanted), set()).add(one.taker)
    shots = {one.pin.commit_seq: one.shot for one in coming}
    for let_go in told:
        shot = shots.get(let_go.seq) or shot_at(history, let_go.seq)
        if shot is not None:
            says.setdefault(shot, set()).add(let_go.device)
    return {shot for shot, devices in says.items() if len(devices) > 1}


def _needed(
    history: Replica, gone: Iterable[Shot], left: Iterable[Pinned], now_ms: int
) -> set[Shot]:
    """Those that hold what was taken away not long ago, at a moment that no other snapshot shows.

    A loss names the first moment before it. Where something had been replaced by then, others were
    pinned with it, for what was said later."""
    moments = history.library.guarded.losses.moments(now_ms - EARLY_MS)
    if not moments:
        return set()
    first = min(moments)
    shown = {one.pin.pinned_seq for one in left}
    return {
        shot
        for shot in gone
        if shot.pinned_seq not in shown
        and (shot.pinned_seq in moments or (shot.reason == BEFORE and shot.pinned_seq > first))
    }


def _wanted(history: Replica, one: Pinned) -> Wanted:
    """What makes a snapshot again."""
    pin = one.pin
    data = history.library.holdings.seen_commit(MESSAGES_ZONE, pin.pinned_seq)
    return Wanted(
        pin.pinned_seq,
        NO_HASH if data is None else commit_hash(data),
        pin.reason,
        pin.name,
        pin.made_ms,
        pin.expires_ms,
        pin.counts,
        one.maker,
        pin.commit_seq,
    )
