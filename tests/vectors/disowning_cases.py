"""Vectors of merges that disown what removed devices wrote."""

from collections.abc import Iterator
from typing import Any

from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.disowning import MergeFacts
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import FOREVER, Interval, encode_facts
from sealwax.ledger.zone_fold import ZoneFold
from sealwax.vault.keys import open_account
from tests.accounts import TIME_MS, Account, made_account, next_commit, revocation
from tests.vectors.crypto_cases import Case
from tests.vectors.vault_cases import A, B, Step, add, compaction, pin, say, unpin

ONE, TWO, GONE = range(3)
TRUSTING, WITHOUT, LAST = 2, 3, 4
"""Positions of the log: all three are trusted, `GONE` is out, `TWO` is out as well."""
LOST = bytes(32)
Said = tuple[int, int, Step]


def _merge(start_seq: int | None) -> Step:
    return {"kind": CommitKind.MERGE, "public": encode_facts(MergeFacts(7, LOST, start_seq))}


def disowning_cases() -> Iterator[Case]:
    drop: Step = {"dropped": (A,)}
    both = int.from_bytes(A, "big") + int.from_bytes(B, "big")
    short = {"kind": CommitKind.MERGE, "public": encode_facts([7, LOST])}
    cases: dict[str, tuple[str, list[Said]]] = {
        "tail": (
            "what a removed device dropped lives on, and what it added belongs to nothing",
            [
                (ONE, TRUSTING, add(A)), (GONE, TRUSTING, {**add(B), **drop}),
                (ONE, WITHOUT, _merge(1)),
            ],
        ),
        "first-commit": (
            "the first commit of a zone can be disowned",
            [(GONE, TRUSTING, add(A)), (ONE, WITHOUT, _merge(0))],
        ),
        "unpins-nothing": (
            "a snapshot that it let go of is there",
            [
                (ONE, TRUSTING, add(A)), (ONE, TRUSTING, pin()), (GONE, TRUSTING, drop),
                (GONE, TRUSTING, unpin(1)), (ONE, WITHOUT, _merge(2)),
            ],
        ),
        "compacts-nothing": (
            "what it compacted is live, and its own segment is not",
            [
                (ONE, TRUSTING, say(A)), (ONE, TRUSTING, say(B)),
                (GONE, TRUSTING, compaction(both, drop=(A, B))), (ONE, WITHOUT, _merge(2)),
            ],
        ),
        "compacted-by-others": (
            "a compaction that a trusted device made of what it added is disowned with it",
            [
                (ONE, TRUSTING, say(A)), (GONE, TRUSTING, say(B)),
                (TWO, TRUSTING, compaction(both, drop=(A, B))), (TWO, TRUSTING, pin()),
                (ONE, WITHOUT, _merge(1)),
            ],
        ),
        "fails-compacted-after-it": (
            "a compaction after the merge counts",
            [
                (ONE, TRUSTING, say(A)), (GONE, TRUSTING, say(B)), (ONE, WITHOUT, _merge(1)),
                (TWO, WITHOUT, compaction(int.from_bytes(A, "big"), drop=(A, B))),
            ],
        ),
        "held-by-a-snapshot": (
            "a snapshot of the time between holds what it added",
            [
                (ONE, TRUSTING, add(A)), (GONE, TRUSTING, add(B)), (TWO, TRUSTING, pin()),
                (ONE, WITHOUT, _merge(1)),
            ],
        ),
        "snapshot-stays": (
            "a snapshot that it made is there",
            [
                (ONE, TRUSTING, add(A)), (GONE, TRUSTING, pin()), (ONE, WITHOUT, _merge(1)),
                (ONE, WITHOUT, drop),
            ],
        ),
        "added-again": (
            "a name that another commit adds again begins there",
            [(GONE, TRUSTING, add(A)), (ONE, TRUSTING, add(A)), (ONE, WITHOUT, _merge(0))],
        ),
        "fails-of-a-trusted-device": (
            "what a trusted device wrote in between counts",
            [
                (GONE, TRUSTING, add(A)), (TWO, TRUSTING, add(B)), (ONE, WITHOUT, _merge(0)),
            ],
        ),
        "fails-before-the-tail": (
            "what it wrote before the tail counts",
            [(GONE, TRUSTING, add(A)), (ONE, TRUSTING, add(B)), (ONE, WITHOUT, _merge(1))],
        ),
        "fails-at-a-position-that-trusts": (
            "a merge judges by the position that it names",
            [(GONE, TRUSTING, add(A)), (ONE, TRUSTING, _merge(0))],
        ),
        "fails-without-a-seq": (
            "a merge that names none disowns nothing",
            [(GONE, TRUSTING, add(A)), (ONE, WITHOUT, _merge(None))],
        ),
        "fails-beyond-itself": (
            "a merge disowns what comes before it, or nothing",
            [(GONE, TRUSTING, add(A)), (ONE, WITHOUT, _merge(1))],
        ),
        "fails-of-the-wrong-form": (
            "public facts of the wrong form disown nothing",
            [(GONE, TRUSTING, add(A)), (ONE, WITHOUT, short)],
        ),
        "fails-disowned-itself": (
            "a merge that is disowned disowns nothing",
            [
                (ONE, TRUSTING, add(A)), (GONE, TRUSTING, add(B)), (TWO, WITHOUT, _merge(0)),
                (ONE, LAST, _merge(2)),
            ],
        ),
    }  # fmt: skip
    for name, (what, steps) in cases.items():
        yield f"disowned-{name}", _disowned(what, steps)


def _disowned(what: str, steps: list[Said]) -> dict[str, Any]:
    account, log = _account()
    head, commits = beginning(account.log.account, MESSAGES_ZONE), list[bytes]()
    fold = ZoneFold(account.log, TIME_MS, lambda: commits)
    for author, position, step in steps:
        state = account.log.at(position)
        assert state is not None
        by = account.devices[author]
        data = next_commit(account, head, by, position, state.epoch, **step)
        judged = judge(head, data, account.log)
        assert judged.commit is not None, judged.void_reason
        head = judged.head
        commits.append(data)
        fold.apply(judged.commit)
    objects = fold.objects
    return {
        "kind": "disowning",
        "what": what,
        "now_ms": TIME_MS,
        "log": [data.hex() for data in log],
        "commits": [data.hex() for data in commits],
        "merges": {str(seq): merge_seq for seq, merge_seq in sorted(fold.disowned.items())},
        "intervals": _told(objects.intervals),
        "disowned": _told(objects.disowned),
        "pins": [list(one) for _, one in sorted(objects.pins.items())],
        "held": sorted(name.hex() for name in objects.held(head.seq)),
    }


def _told(intervals: dict[bytes, Interval]) -> dict[str, list[Any]]:
    return {
        name.hex(): [
            interval.added_seq,
            None if interval.dropped_seq == FOREVER else interval.dropped_seq,
            interval.size_bytes,
            interval.change_digest.hex() if interval.change_digest is not None else None,
        ]
        for name, interval in sorted(intervals.items())
    }


def _account() -> tuple[Account, list[bytes]]:
    """An account of three devices; the third is removed, then the second."""
    account = made_account("disowning", 3)
    log = list(account.commits)
    for gone in (GONE, TWO):
        log.append(_removal(account, account.devices[gone]))
        recovery = account.recovery
        account.keys.learn(open_account(account.log, recovery.member().id, recovery))
    return account, log


def _removal(account: Account, gone: MemberKeys) -> bytes:
    data = revocation(account, gone)
    assert account.log.extend(data) is None
    return data
