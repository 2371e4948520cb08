"""A vault near that lost a part of what this device has seen: an old copy put in its place, files
that are gone.

With a server, the vault near is only a copy. What the server has comes back from there; of a zone
that this device alone has, the library has kept the commits.
"""

from contextlib import suppress
from itertools import count

from sealwax.ledger.names import commit_hash
from sealwax.library.holdings import Holdings
from sealwax.stores.base import StoreError
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.near import NearStore
from sealwax.trust.heads import RememberedHeads


def fetch_again(mirror: MirrorStore, heads: RememberedHeads) -> None:
    """Fetches the commits that this device has seen and that are not near, as far as the place has
    them. Costs nothing where none is missing."""
    for zone in lacking(mirror.near, heads):
        # What is wrong with it is told by whoever checks the vault after this.
        with suppress(StoreError):
            mirror.refresh([zone])


def put_again(near: NearStore, heads: RememberedHeads, holdings: Holdings) -> None:
    """Puts back what the library has kept of them. Raises StoreError."""
    for zone in lacking(near, heads):
        start_seq = near.head_seq(zone) + 1
        commits: list[bytes] = []
        for seq in count(start_seq):
            data = holdings.seen_commit(zone, seq)
            if data is None:
                break
            commits.append(data)
        seen = heads.get(zone)
        assert seen is not None
        left = seen[0] - start_seq
        if left < len(commits) and commit_hash(commits[left]) == seen[1]:
            near.append_commits(zone, start_seq, commits)


def lacking(near: NearStore, heads: RememberedHeads) -> list[str]:
    """The zones near that end before what this device has seen of them."""
    return [zone for zone, (seq, _) in heads.all().items() if near.head_seq(zone) < seq]
