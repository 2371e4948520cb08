"""How much a home holds. What is right and wrong with it is for the doctor to say."""

from typing import NamedTuple

from sealwax.vault.commit_part import Counts


class Status(NamedTuple):
    """The state of a home. Times are ms since 1970; None where there is nothing yet."""

    home: str
    store: str
    counts: Counts
    sealed_bytes: int
    snapshot_only_bytes: int
    snapshots: int
    newest_snapshot_ms: int | None
    held: int
    void_commits: int
    damaged_objects: int
    notes: tuple[str, ...]
    sources: int
    devices: int
    now_ms: int
    account: str
    epoch: int
    head: str


def kept(status: Status) -> str:
    """How much is kept where, in one sentence."""
    counts = status.counts
    return (
        f"{counts.messages:,} messages in {counts.conversations:,} conversations and"
        f" {counts.attachments:,} attachments are sealed in {status.store}."
    )
