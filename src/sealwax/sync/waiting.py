"""What is on this device and not in the shared history yet, counted. Pure."""

from typing import NamedTuple


class Waiting(NamedTuple):
    """Messages and attachments that it tells of, sealed bytes, when the oldest of it came (ms since
    1970; None where nothing waits), and snapshots that the shared place does not have."""

    messages: int = 0
    attachments: int = 0
    size_bytes: int = 0
    since_ms: int | None = None
    snapshots: int = 0

    @property
    def is_nothing(self) -> bool:
        return not (self.messages or self.attachments or self.size_bytes or self.snapshots)
