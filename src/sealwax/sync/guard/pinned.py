"""Snapshots with what decides how long they stay: who made them, and since when this device has
known them.

A snapshot says when it was made, and that is its device's claim. So each device's snapshots are
judged apart, and nobody can make those of another one superfluous. One that was made again after
somebody let go of it names in its sealed part who had made it first.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.commit import Commit, CommitKind, MalformedCommitError, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import effects
from sealwax.library.folding import made_ms
from sealwax.library.holdings import PinRow
from sealwax.sync.guard.plan import Shot
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import Part, open_part

MADE_BY = "made_by"
"""In `source` of a pin that was made again: the device that had made it first."""


class Pinned(NamedTuple):
    """A snapshot of the shared history: the device whose commit it is, the one that made it first,
    and since when it has been known here (ms since 1970; 0 where that is not known)."""

    pin: PinRow
    author: bytes
    maker: bytes
    seen_ms: int

    @property
    def shot(self) -> Shot:
        pin = self.pin
        return Shot(pin.pinned_seq, pin.made_ms, pin.name, pin.reason)


Staying: TypeAlias = Callable[[list[Pinned], int], set[int]]
"""Of the snapshots that there are, at a time, the seqs of the pins that the calendar keeps."""


def stays_always(pins: list[Pinned], _: int) -> set[int]:
    """A calendar that lets go of nothing."""
    return {one.pin.commit_seq for one in pins}


def pinned(replica: Replica) -> list[Pinned]:
    """The snapshots of the shared history, shown here or not."""
    holdings = replica.library.holdings
    pins = [pin for pin in holdings.all_pins() if pin.zone == MESSAGES_ZONE]
    seqs = [pin.commit_seq for pin in pins]
    seen_ms = replica.library.guarded.seen.times_ms(MESSAGES_ZONE, seqs)
    found = []
    for pin in pins:
        author, maker = _makers(replica, pin.commit_seq)
        found.append(Pinned(pin, author, maker, seen_ms.get(pin.commit_seq, 0)))
    return found


def makers_of(commit: Commit, part: Part) -> tuple[bytes, bytes]:
    """The device whose commit a pin is, and the one that made the snapshot first."""
    told = part.source.get(MADE_BY)
    author = commit.header.author
    return author, told if isinstance(told, bytes) and told else author


def shots(pins: Iterable[Pinned]) -> Mapping[Shot, list[Pinned]]:
    """The same snapshots together: one may have been made again more than once."""
    found: dict[Shot, list[Pinned]] = {}
    for one in pins:
        found.setdefault(one.shot, []).append(one)
    return found


def let_go_here(replica: Replica) -> set[Shot]:
    """The snapshots of the shared history that this device itself has let go of: whoever lets go of
    one that was made again since says the same."""
    holdings = replica.library.holdings
    found: set[Shot] = set()
    for _, data in holdings.commits_backwards(MESSAGES_ZONE):
        commit = parse_commit(data)
        if commit.header.author == replica.device and commit.header.kind == CommitKind.UNPIN:
            found.update(filter(None, (shot_at(replica, seq) for seq in effects(commit).unpinned)))
    return found


def shot_at(replica: Replica, seq: int) -> Shot | None:
    """The snapshot that a commit of the shared history made, whether it is there still or not."""
    data = replica.library.holdings.seen_commit(MESSAGES_ZONE, seq)
    if data is None:
        return None
    try:
        commit = parse_commit(data)
        pinned_seq = effects(commit).pinned_seq
        part = open_part(replica.keys, commit)
    except (MalformedCommitError, SealBroken, SealUnknown):
        return None
    if pinned_seq is None:
        return None
    return Shot(pinned_seq, made_ms(commit, part), part.name, part.reason)


def _makers(replica: Replica, seq: int) -> tuple[bytes, bytes]:
    data = replica.library.holdings.seen_commit(MESSAGES_ZONE, seq)
    try:
        if data is not None:
            commit = parse_commit(data)
            return makers_of(commit, open_part(replica.keys, commit))
    except (MalformedCommitError, SealBroken, SealUnknown):
        pass
    return b"", b""
