"""How much a home holds. What is right and wrong with it is for the doctor to say."""

from typing import NamedTuple

from sealwax.agent.wording import waits
from sealwax.sync.waiting import Waiting
from sealwax.vault.commit_part import Counts


class Status(NamedTuple):
    """The state of a home. Times are ms since 1970; None where there is nothing yet. `is_remote`
    says that devices share a server, `is_verified` that everything was known to be there once, and
    `waiting` what is not there. `doubt` says why that may not be so any more, and `is_lacking` that
    sealed objects are missing in the vault of this device. `is_other_copy` says that something was
    found lately that another copy of this home wrote, `taken_back` what another device had taken
    back of what was here."""

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
    is_remote: bool = False
    is_verified: bool = True
    waiting: Waiting = Waiting()
    doubt: str = ""
    is_lacking: bool = False
    is_other_copy: bool = False
    taken_back: str = ""


def kept(status: Status) -> str:
    """How much is kept where: of the place that devices share, no more than is there."""
    counts = status.counts
    what = (
        f"{counts.messages:,} messages in {counts.conversations:,} conversations and"
        f" {counts.attachments:,} attachments are sealed"
    )
    if status.is_lacking:
        return f"{what}, and a part of that is missing on this disk: `sealwax verify` names it."
    if not status.is_remote:
        return f"{what} in {status.store}."
    if not status.waiting.is_nothing:
        return f"{what} on this device. Not on {status.store} yet: {waits(status.waiting)}."
    if not status.is_verified:
        return (
            f"{what} on this device. Whether all of it is on {status.store} was not verified yet."
        )
    if status.doubt:
        return (
            f"{what} on this device. Whether all of it is on {status.store} is not known:"
            f" {status.doubt}"
        )
    return f"{what} on this device and on {status.store}."
