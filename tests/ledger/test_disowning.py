"""A merge disowns what removed devices wrote into a tail, and nothing of anybody else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.ledger.account import AccountLog
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.disowning import Disowning, MergeFacts
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import encode_facts
from sealwax.vault.keys import open_account
from tests.accounts import (
    Account,
    add_device_by_recovery,
    made_account,
    next_commit,
    revocation,
)

LOST = bytes(32)
A, B, C, D = (bytes([number]) * 32 for number in range(1, 5))


class _Chain:
    """A chain of an account whose third device, and then its second, is removed."""

    def __init__(self) -> None:
        self.account: Account = made_account("disowning", 3)
        self.one, self.two, self.gone = self.account.devices
        self.trusting = self.log.head
        self.without_gone = self.remove(self.gone, self.one)
        self.disowning = Disowning(self.log)
        self.head: Head = beginning(self.log.account, MESSAGES_ZONE)

    @property
    def log(self) -> AccountLog:
        return self.account.log

    def remove(self, gone: MemberKeys, by: MemberKeys) -> int:
        """Removes a device; gives the position from which on it is out."""
        assert self.log.extend(revocation(self.account, gone, by)) is None
        recovered = open_account(self.log, self.log.newest.recovery.id, self.account.recovery)
        self.account.keys.learn(recovered)
        return self.log.head

    def add(
        self,
        author: MemberKeys,
        position: int,
        kind: CommitKind = CommitKind.CHANGE,
        public: bytes = b"",
        say: bytes = b"",
        piece: bytes = b"",
        drop: tuple[bytes, ...] = (),
    ) -> int:
        state = self.log.at(position)
        assert state is not None
        # The epoch's keys seal the part: an old one may always be used for an old position.
        data = next_commit(
            self.account, self.head, author, position, state.epoch,
            kind=kind, public=public, dropped=drop,
            segments=((say, 600, say),) if say else (), added=((piece, 600),) if piece else (),
        )  # fmt: skip
        judged = judge(self.head, data, self.log)
        assert judged.commit is not None, judged.void_reason
        self.head = judged.head
        self.disowning.add(judged.commit)
        return self.head.seq

    def merge(self, author: MemberKeys, position: int, start_seq: int | None) -> int:
        public = encode_facts(MergeFacts(9, LOST, start_seq))
        return self.add(author, position, CommitKind.MERGE, public)


def test_of_a_tail_the_commits_of_removed_devices_are_disowned() -> None:
    chain = _Chain()
    before = chain.add(chain.gone, chain.trusting)
    start = chain.add(chain.one, chain.trusting)
    late = chain.add(chain.gone, chain.trusting)
    merge = chain.merge(chain.one, chain.without_gone, start)
    chain.add(chain.two, chain.without_gone)
    assert chain.disowning.merges() == {late: merge}
    assert before < start


def test_the_first_commit_of_a_history_can_be_disowned() -> None:
    chain = _Chain()
    late = chain.add(chain.gone, chain.trusting)
    merge = chain.merge(chain.one, chain.without_gone, 0)
    assert chain.disowning.merges() == {late: merge}


def test_a_merge_that_asks_for_nothing_disowns_nothing() -> None:
    chain = _Chain()
    chain.add(chain.gone, chain.trusting)
    chain.merge(chain.one, chain.without_gone, None)
    assert chain.disowning.merges() == {}


def test_at_a_position_that_trusts_an_author_nothing_of_it_is_disowned() -> None:
    chain = _Chain()
    chain.add(chain.gone, chain.trusting)
    chain.merge(chain.one, chain.trusting, 0)
    assert chain.disowning.merges() == {}


def test_a_merge_of_another_kind_or_form_disowns_nothing() -> None:
    chain = _Chain()
    chain.add(chain.gone, chain.trusting)
    chain.add(chain.one, chain.without_gone, CommitKind.MERGE, encode_facts([9, LOST]))
    chain.add(chain.one, chain.without_gone, CommitKind.MERGE, encode_facts([9, LOST, -1]))
    chain.add(chain.one, chain.without_gone, CommitKind.MERGE, b"\xa1\xff")
    chain.add(chain.one, chain.without_gone, public=encode_facts(MergeFacts(9, LOST, 0)))
    assert chain.disowning.merges() == {}


def test_what_lies_beyond_the_merge_is_not_disowned_by_it() -> None:
    chain = _Chain()
    chain.merge(chain.one, chain.trusting, 7)
    chain.add(chain.gone, chain.trusting)
    chain.merge(chain.one, chain.without_gone, 2)
    assert chain.disowning.merges() == {}


def test_a_merge_that_is_disowned_disowns_nothing() -> None:
    """A thief removes the other devices and disowns what they wrote: it comes back."""
    chain = _Chain()
    mine = chain.add(chain.one, chain.without_gone)
    theft = chain.merge(chain.two, chain.remove(chain.one, chain.two), 0)
    assert chain.disowning.merges() == {mine: theft}
    # The recovery key lets a device in, and puts the thief out.
    fresh = new_member_keys(chain.account.entropy)
    keys, recovery = chain.account.keys, chain.account.recovery
    commit = add_device_by_recovery(
        chain.log, keys, recovery, fresh.member(), "fresh", 1, chain.account.entropy
    )
    assert chain.log.extend(commit) is None
    merge = chain.merge(fresh, chain.remove(chain.two, fresh), theft)
    assert chain.disowning.merges() == {theft: merge}


@pytest.mark.parametrize("kind", [CommitKind.COMPACT, CommitKind.PURGE, CommitKind.RESET])
def test_what_replaces_a_disowned_segment_is_disowned_whoever_wrote_it(kind: CommitKind) -> None:
    chain = _Chain()
    chain.add(chain.one, chain.trusting, say=A)
    late = chain.add(chain.gone, chain.trusting, say=B)
    replacing = chain.add(chain.two, chain.trusting, kind, say=C, drop=(A, B))
    again = chain.add(chain.one, chain.without_gone, kind, say=D, drop=(C,))
    chain.add(chain.two, chain.without_gone, say=bytes([5]) * 32)
    merge = chain.merge(chain.one, chain.without_gone, late)
    assert chain.disowning.merges() == dict.fromkeys((late, replacing, again), merge)


def test_what_replaces_other_things_counts() -> None:
    chain = _Chain()
    chain.add(chain.one, chain.trusting, say=A)
    # It adds nothing by the first name: that is somebody else's. The last one is a piece of a file.
    late = chain.add(chain.gone, chain.trusting, say=A)
    later = chain.add(chain.gone, chain.trusting, say=B, piece=D)
    chain.add(chain.two, chain.trusting, CommitKind.COMPACT, say=C, drop=(A, D))
    # What does not replace ends no segment.
    chain.add(chain.two, chain.trusting, drop=(B,))
    # Somebody who counts adds it as well: from then on it is theirs.
    chain.add(chain.two, chain.trusting, say=B)
    chain.add(chain.two, chain.trusting, CommitKind.COMPACT, say=bytes([5]) * 32, drop=(B,))
    merge = chain.merge(chain.one, chain.without_gone, late)
    assert chain.disowning.merges() == {late: merge, later: merge}


def test_what_is_written_after_the_merge_counts() -> None:
    chain = _Chain()
    late = chain.add(chain.gone, chain.trusting, say=A)
    merge = chain.merge(chain.one, chain.without_gone, late)
    chain.add(chain.two, chain.without_gone, CommitKind.PURGE, say=B, drop=(A,))
    chain.merge(chain.one, chain.without_gone, late)
    assert chain.disowning.merges() == {late: merge}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_it_is_the_rule_word_by_word(data: st.DataObject) -> None:
    chain = _Chain()
    said: list[tuple[int, bytes, int, int | None]] = []
    is_late = False
    for seq in range(data.draw(st.integers(1, 14))):
        is_late = is_late or data.draw(st.booleans())
        position = chain.without_gone if is_late else chain.trusting
        authors = [chain.one, chain.two] if is_late else list(chain.account.devices)
        author = data.draw(st.sampled_from(authors))
        start = data.draw(st.none() | st.integers(0, 16))
        if data.draw(st.booleans()):
            chain.merge(author, position, start)
            said.append((seq, author.member().id, position, start))
        else:
            chain.add(author, position)
            said.append((seq, author.member().id, position, None))
    assert chain.disowning.merges() == _by_the_words(chain.log, said)


def _by_the_words(
    log: AccountLog, said: list[tuple[int, bytes, int, int | None]]
) -> dict[int, int]:
    """From the newest commit to the oldest, each against every merge after it that counts."""
    found: dict[int, int] = {}
    for seq, author, _, _ in reversed(said):
        for merge_seq, _, position, start in reversed(said):
            state = log.at(position)
            assert state is not None
            if merge_seq <= seq or start is None or start >= merge_seq or merge_seq in found:
                continue
            if start <= seq and author not in state.devices:
                found[seq] = merge_seq
    return found
