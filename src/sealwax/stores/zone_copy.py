"""How a zone that one device alone writes stands near and at the place that devices share.

That the place has as many commits says nothing: they may be others. Another copy of this home may
have written them, or the home of which this one is an image. So hashes are compared.
"""

from collections.abc import Callable
from typing import NamedTuple

from sealwax.ledger.names import commit_hash
from sealwax.stores.base import Store
from sealwax.stores.far_trouble import Parting


class ZoneStanding(NamedTuple):
    """The last seq that both have the same commits up to, and the heads of both."""

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

    def parting(self) -> Parting:
        return Parting(self.zone, self.common_seq, self.near_seq, self.far_seq)


def zone_standing(
    near: Store, far_commit: Callable[[str, int], bytes], zone: str, far_seq: int, far_hash: bytes
) -> ZoneStanding:
    """Compares a zone near with what the far store has of it, whose head is given."""
    near_seq = near.head_seq(zone)

    def is_shared(seq: int) -> bool:
        # Commits name the one before them: two that are the same have the same history.
        return far_commit(zone, seq) == near.get_commit(zone, seq)

    if far_seq < 0 or near_seq < 0:
        return ZoneStanding(zone, -1, near_seq, far_seq)
    if far_seq <= near_seq and commit_hash(near.get_commit(zone, far_seq)) == far_hash:
        return ZoneStanding(zone, far_seq, near_seq, far_seq)
    if far_seq > near_seq and is_shared(near_seq):
        return ZoneStanding(zone, near_seq, near_seq, far_seq)
    low, high = -1, min(near_seq, far_seq) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if is_shared(middle):
            low = middle
        else:
            high = middle - 1
    return ZoneStanding(zone, low, near_seq, far_seq)
