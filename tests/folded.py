"""Commits that add, drop, pin and let go in every way: for all who fold them."""

from typing import Any

from hypothesis import strategies as st

from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.chain import Head
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.vault.writing import Pinning
from tests.accounts import TIME_MS, Account, next_commit

NAMES = [bytes([number]) * 32 for number in range(8)]
NUMBERS = st.lists(st.integers(0, 7), max_size=3, unique=True)
SEGMENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=2)
NO_NUMBERS = st.just([])
STEPS = st.one_of(
    st.tuples(st.just(CommitKind.CHANGE), SEGMENTS, NUMBERS, NUMBERS),
    st.tuples(st.just(CommitKind.COMPACT), SEGMENTS, NUMBERS, NUMBERS),
    st.tuples(st.sampled_from((CommitKind.PURGE, CommitKind.RESET)), SEGMENTS, NUMBERS, NUMBERS),
    st.tuples(st.just(CommitKind.PIN), NO_NUMBERS, st.integers(0, 6).map(lambda n: [n]), NUMBERS),
    st.tuples(
        st.just(CommitKind.UNPIN), NO_NUMBERS, st.lists(st.integers(0, 9), max_size=2), NUMBERS
    ),
)
"""Commits: segments as (number of a name, digest), pieces of files that come (of a pin how far it
reaches back, of an unpin the pins), names that are dropped."""
Step = tuple[CommitKind, list[tuple[int, int]], list[int], list[int]]
TELLING: list[Step] = [
    (CommitKind.CHANGE, [(0, 1), (1, 2)], [4], []),
    (CommitKind.CHANGE, [], [], [0, 4]),
    (CommitKind.COMPACT, [(2, 2)], [], [0, 1]),
    (CommitKind.COMPACT, [(3, 3)], [], [0, 1]),
    (CommitKind.PIN, [], [2], []),
    (CommitKind.UNPIN, [], [4], []),
]
"""Two drops that are refused, one that is not, a pin of a moment before it and its end."""
LOCKED_UNTIL_MS = TIME_MS - 5


def commit_of(
    account: Account,
    head: Head,
    step: Step,
    author: MemberKeys | None = None,
    position: int | None = None,
    epoch: int | None = None,
) -> bytes:
    """The bytes of a commit that does a step."""
    kind, said, one, dropped = step
    by: dict[str, Any] = {"author": author, "position": position, "epoch": epoch, "kind": kind}
    segments = tuple((NAMES[n], 900, digest.to_bytes(32, "big")) for n, digest in said)
    drops = tuple(NAMES[number] for number in dropped)
    if kind is CommitKind.PIN:
        pinned_seq = max(0, head.seq - one[0])
        # Every third pin has a lock, which has run out by its author's clock and not by ours.
        lock_until_ms = LOCKED_UNTIL_MS if head.seq % 3 == 0 else 0
        pinning = Pinning(lock_until_ms, pinned_seq)
        return next_commit(account, head, **by, dropped=drops, pinning=pinning)
    if kind is CommitKind.UNPIN:
        facts = encode_facts(UnpinFacts(one))
        return next_commit(account, head, **by, dropped=drops, public=facts)
    added = tuple((NAMES[number], 500 + number) for number in one)
    return next_commit(account, head, **by, added=added, dropped=drops, segments=segments)
