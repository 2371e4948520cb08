"""Copying a zone that one device alone writes to the place that devices share.

That the place has as many commits says nothing: they may be others. Another copy of this home may
have written them, or a home from which this one is an image. So hashes are compared, and a place
that has anything else is left as it is.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple, TypeVar

from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.ledger.names import commit_hash
from sealwax.stores.base import CommitExists, CommitGap, CommitVoid, Store
from sealwax.stores.far_trouble import FarAway

T = TypeVar("T")
Ask = Callable[[Callable[[], T]], T]


class ZoneStanding(NamedTuple):
    """How a zone stands near and far: the last seq that both share, and the heads of both."""

    zone: str
    common_seq: int
    near_seq: int
    far_seq: int

    @property
    def is_behind(self) -> bool:
        """Whether the place has commits that are not near, and all that is near."""
        return self.near_seq == self.common_seq < self.far_seq

    @property
    def is_apart(self) -> bool:
        """Whether both have commits that the other lacks."""
        return self.common_seq < min(self.near_seq, self.far_seq)


def zone_standing(near: Store, far: Store, zone: str, far_seq: int, far_hash: bytes) -> ZoneStanding:
    """Compares a zone near with what the far store has of it, whose head is given."""
    near_seq = near.head_seq(zone)
    standing = partial(ZoneStanding, zone, near_seq=near_seq, far_seq=far_seq)
    if far_seq <= near_seq:
        if far_seq < 0 or commit_hash(near.get_commit(zone, far_seq)) == far_hash:
            return standing(far_seq)
    elif near_seq < 0 or _is_shared(near, far, zone, near_seq):
        return standing(near_seq)
    low, high = -1, min(near_seq, far_seq) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _is_shared(near, far, zone, middle):
            low = middle
        else:
            high = middle - 1
    return standing(low)


def _is_shared(near: Store, far: Store, zone: str, seq: int) -> bool:
    """Commits name the one before them: two that are the same have the same history."""
    return far.get_commit(zone, seq) == near.get_commit(zone, seq)
