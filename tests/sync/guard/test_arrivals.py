"""What commits ahead say of snapshots, on values alone."""

from types import SimpleNamespace
from typing import cast

import pytest

from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.sync.following import Ahead, Following
from sealwax.sync.guard.arrivals import Arrivals
from sealwax.vault.commit_part import Part
from tests.accounts import TIME_MS, made_account, next_commit

ACCOUNT = made_account("arrivals")


class _Still:
    def now_ms(self) -> int:
        return TIME_MS


@pytest.mark.parametrize(("merge_seq", "seqs"), [(None, [7]), (9, [])])
def test_a_disowned_commit_lets_go_of_nothing(merge_seq: int | None, seqs: list[int]) -> None:
    head = beginning(ACCOUNT.log.account, MESSAGES_ZONE)
    public = encode_facts(UnpinFacts([7]))
    data = next_commit(ACCOUNT, head, kind=CommitKind.UNPIN, public=public)
    judged = judge(head, data, ACCOUNT.log)
    assert judged.commit is not None
    following = Following(judged, data, Part(), merge_seq=merge_seq)
    ahead = SimpleNamespace(commits=lambda: [following], needed=set)
    arrivals = Arrivals(cast(Ahead, ahead), b"another device!!", -1)
    coming, going = arrivals.pins(_Still())
    assert coming == []
    assert [one.seq for one in going] == seqs
