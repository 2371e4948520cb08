"""What people are told of a device that tried to take away what the rules of the chain keep."""

from sealwax.ledger.dropping import LOCKED


def told_refusal(device: str, reason: str, number: int) -> str:
    """One sentence: who, what, how much, and that it is still there."""
    if reason == LOCKED:
        snapshots = "a locked snapshot" if number == 1 else f"{number:,} locked snapshots"
        return f"{device} tried to let go of {snapshots}; nothing was let go of."
    objects = "1 sealed object" if number == 1 else f"{number:,} sealed objects"
    return f"{device} tried to take {objects} out of the history, but {reason}; all of it stays."
