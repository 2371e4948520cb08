"""What a removed device wrote into a history that has forgotten its removal.

A place that came back from an old disk takes once more what a removed device writes: it does not
know of the removal, and the commits name positions at which the device was trusted. A device that
has seen the removal finds them in the part of the history that it has not seen, judges them by the
newest log that it knows, and lets a person say what becomes of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sealwax.ledger.account import AccountLog
from sealwax.ledger.commit import Commit, CommitKind
from sealwax.ledger.disowning import Disowning, disowned_from
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import ZoneTrouble


class RemovedDeviceWrote(StoreError):
    """A removed device wrote into the shared history, which had forgotten the removal."""

    code = "removed-device-wrote"
    hint = (
        "Nothing of it is applied here. `sealwax sync resolve --dry-run` shows what it wrote, and"
        " both ways to go on: without it, or with it."
    )


class RemovedTail(NamedTuple):
    """The commits of removed devices in a tail of the history, of each device in their order, and
    the first seq of the tail."""

    start_seq: int
    commits: Mapping[bytes, Sequence[Commit]]

    @property
    def is_nothing(self) -> bool:
        return not self.commits

    def steps(self) -> int:
        return sum(len(commits) for commits in self.commits.values())

    def trouble(self, names: Mapping[bytes, str]) -> ZoneTrouble:
        """What is told of it; `names` has those of devices."""
        who = " and ".join(f"“{names.get(device, device.hex()[:8])}”" for device in self.commits)
        verb = "which was removed" if len(self.commits) == 1 else "which were removed"
        steps = f"{self.steps():,} step{'s' if self.steps() > 1 else ''}"
        return ZoneTrouble(
            RemovedDeviceWrote(
                f"{who}, {verb}, wrote {steps} into the shared history after the sync store had"
                " forgotten the removal."
            )
        )


def removed_tail(counting: Iterable[Commit], start_seq: int, log: AccountLog) -> RemovedTail:
    """Of the counting commits of a history, those from `start_seq` on whose authors the newest
    state of the log does not trust. What a merge disowns is not among them, nor what lies before a
    merge of a device that knew of the removal: there a person has answered."""
    disowning, listed, accepted = Disowning(log), list[Commit](), dict[bytes, int]()
    for commit in counting:
        disowning.add(commit)
        if commit.header.seq < start_seq:
            continue
        if commit.header.author not in log.newest.devices:
            listed.append(commit)
        elif commit.header.kind == CommitKind.MERGE and disowned_from(commit) is None:
            accepted.update(_unknown_at(commit, log))
    disowned = disowning.merges()
    found: dict[bytes, list[Commit]] = {}
    for commit in listed:
        author, seq = commit.header.author, commit.header.seq
        if seq not in disowned and seq > accepted.get(author, -1):
            found.setdefault(author, []).append(commit)
    return RemovedTail(start_seq, found)


def _unknown_at(merge: Commit, log: AccountLog) -> dict[bytes, int]:
    """The devices that are out at the position of a merge, each with the seq of the merge."""
    state = log.at(merge.header.position)
    assert state is not None
    once = {device for state in log.states for device in state.devices}
    return dict.fromkeys(once - set(state.devices), merge.header.seq)
