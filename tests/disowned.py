"""Histories in which a removed device writes, and merges disown it, in every way: for all who fold
them."""

from collections.abc import Iterator

from hypothesis import strategies as st

from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import Commit, CommitKind
from sealwax.ledger.disowning import MergeFacts
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import encode_facts
from sealwax.vault.keys import open_account
from tests.accounts import Account, made_account, next_commit, revocation
from tests.folded import STEPS, Step, commit_of

TRUSTING = 1
"""The position at which both devices are trusted; at the one after it the second is out."""
Said = tuple[bool, Step]
TAILS = st.lists(st.tuples(st.booleans(), STEPS), max_size=8)
"""Steps, and whether the removed device takes them."""
AFTER = st.lists(st.one_of(STEPS, st.integers(0, 12)), max_size=6)
"""Steps of the other one after that, and seqs from which on merges of it disown."""


def removed_account(seed: str) -> Account:
    """An account of two devices whose second one is removed."""
    account = made_account(seed, 2)
    assert account.log.extend(revocation(account, account.devices[1])) is None
    recovery = account.recovery
    account.keys.learn(open_account(account.log, recovery.member().id, recovery))
    return account


def history(
    account: Account, tail: list[Said], after: list[Step | int]
) -> Iterator[tuple[Head, Commit, bytes]]:
    """The commits, each with the head that it leads to and its bytes."""
    head = beginning(account.log.account, MESSAGES_ZONE)
    staying, gone = account.devices
    for is_gone, step in tail:
        author = gone if is_gone else staying
        data = commit_of(account, head, step, author, TRUSTING, 0)
        judged = judge(head, data, account.log)
        assert judged.commit is not None, judged.void_reason
        head = judged.head
        yield head, judged.commit, data
    for one in after:
        if isinstance(one, int):
            public = encode_facts(MergeFacts(0, bytes(32), one))
            data = next_commit(account, head, kind=CommitKind.MERGE, public=public)
        else:
            data = commit_of(account, head, one)
        judged = judge(head, data, account.log)
        assert judged.commit is not None, judged.void_reason
        head = judged.head
        yield head, judged.commit, data
