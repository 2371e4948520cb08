"""What people are told of a device that tried to take away what the rules of the chain keep."""

from sealwax.ledger.dropping import HOLDS_NOTHING, LOCKED, PART_CLOSED


def told_refusal(device: str, reason: str, number: int) -> str:
    """One sentence: who, what, how much, and that it is still there."""
    if reason == LOCKED:
        snapshots = "a locked snapshot" if number == 1 else f"{number:,} locked snapshots"
        return f"{device} tried to let go of {snapshots}; nothing was let go of."
    if reason == PART_CLOSED:
        return f"{device} wrote a step whose sealed part does not open; it counts as an empty one."
    if reason == HOLDS_NOTHING:
        what = "a sealed object" if number == 1 else f"{number:,} sealed objects"
        return f"{device} added {what} that nobody can open; there is nothing in it."
    objects = "1 sealed object" if number == 1 else f"{number:,} sealed objects"
    return f"{device} tried to take {objects} out of the history, but {reason}; all of it stays."
