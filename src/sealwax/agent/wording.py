"""Sizes and counts in words, the same on every surface."""

from sealwax.sync.waiting import Waiting


def size(size_bytes: int) -> str:
    """A size for people: 3.1 GB."""
    value, units = float(size_bytes), ("B", "KB", "MB", "GB", "TB")
    for unit in units[:-1]:
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def count(number: int, thing: str) -> str:
    """So many things: `1 message`, `1,200 messages`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def waits(waiting: Waiting) -> str:
    """What waits: 2 messages, 1 attachment, 3.1 MB, 1 snapshot."""
    is_only_snapshots = waiting._replace(snapshots=0).is_nothing
    parts = [
        count(waiting.messages, "message"),
        count(waiting.attachments, "attachment"),
        size(waiting.size_bytes),
    ]
    if waiting.snapshots:
        snapshots = count(waiting.snapshots, "snapshot")
        return snapshots if is_only_snapshots else ", ".join([*parts, snapshots])
    return ", ".join(parts)
