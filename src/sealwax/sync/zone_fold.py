"""What a zone holds, read from a store from its first commit on."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sealwax.ledger.account import AccountLog
from sealwax.ledger.chain import Head, Judged
from sealwax.ledger.commit import Commit, parse_commit
from sealwax.ledger.disowning import Disowning
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import Objects


class ZoneFold(NamedTuple):
    """The objects of a zone, and its newest commit, void or not."""

    objects: Objects
    head: Head

    def held(self) -> set[bytes]:
        """The names that the head or a pin holds."""
        return self.objects.held(self.head.seq)


def zone_fold(
    start: Head,
    commits: Callable[[], Iterable[bytes]],
    judge: Callable[[Head, bytes], Judged],
    log: AccountLog,
    now_ms: int,
) -> ZoneFold:
    """Folds the commits of a zone that begins at `start`. They are read twice where a merge disowns
    some of them."""
    objects, disowning, is_disowning = Objects(), Disowning(log), False
    head, counting = start, list[int]()
    for data in commits():
        judged = judge(head, data)
        head = judged.head
        if judged.commit is not None:
            counting.append(head.seq)
            objects.apply(judged.commit, now_ms)
            is_disowning |= disowning.add(judged.commit)
    if is_disowning and start.zone == MESSAGES_ZONE:
        objects = Objects(disowning.merges())
        for commit in _counting(start, commits(), set(counting)):
            objects.apply(commit, now_ms)
    return ZoneFold(objects, head)


def _counting(start: Head, commits: Iterable[bytes], seqs: set[int]) -> Iterable[Commit]:
    for seq, data in enumerate(commits, start.seq + 1):
        if seq in seqs:
            yield parse_commit(data)
