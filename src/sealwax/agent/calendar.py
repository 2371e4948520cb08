"""The calendar of snapshots, as this device applies it to what it knows of them."""

from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.holdings import PinRow
from sealwax.snapshot.pins import Snapshot, list_snapshots
from sealwax.snapshot.retention import RetentionPlan, plan_retention
from sealwax.sync.guard.pinned import Pinned, pinned
from sealwax.sync.replica import Replica


def planned(history: Replica, now_ms: int) -> RetentionPlan:
    """Which of the snapshots that this device may let go of go by the calendar, and which stay."""
    library = history.library
    by_pin = {one.pin.commit_seq: one for one in pinned(history)}
    snapshots = []
    for shot in list_snapshots(library):
        if shot.is_elsewhere:
            continue
        known = by_pin.get(shot.number) if shot.zone == MESSAGES_ZONE else None
        snapshots.append(shot if known is None else _dated(shot, known, now_ms))
    is_awaited = library.guarded.is_asking or library.read.held() > 0
    return plan_retention(snapshots, now_ms, is_answer_awaited=is_awaited)


def stays(pins: list[Pinned], now_ms: int) -> set[int]:
    """The seqs of the pins that the calendar keeps, of all that there are in the shared history."""
    shots = (_dated(_bare(one.pin), one, now_ms) for one in pins)
    return {kept.snapshot.number for kept in plan_retention(shots, now_ms).kept}


def _dated(shot: Snapshot, known: Pinned, now_ms: int) -> Snapshot:
    """With who made it, and since when it is known here; just now, where that is not known."""
    return shot._replace(made_by=known.author + known.maker, seen_ms=known.seen_ms or now_ms)


def _bare(pin: PinRow) -> Snapshot:
    """As much of a snapshot as the calendar looks at."""
    return Snapshot(
        pin.commit_seq, pin.zone, pin.name, pin.reason, pin.made_ms, pin.moment,
        pin.lock_until_ms, pin.expires_ms, pin.counts, 0,
    )  # fmt: skip
