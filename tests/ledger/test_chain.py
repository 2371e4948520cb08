"""The rules of the chain: all judge alike, void commits keep their seq, nothing void adds."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.crypto.device_keys import new_member_keys
from sealwax.ledger.account import AccountLog
from sealwax.ledger.chain import BEYOND_LOG, Head, beginning, judge
from sealwax.ledger.commit import (
    CommitKind,
    MalformedCommitError,
    encode_commit,
    parse_commit,
)
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.ledger.objects import Objects
from sealwax.trust.account import open_for_device
from tests.accounts import TIME_MS, Account, made_account, next_commit, revocation

NAME = b"o" * 32


def _account() -> Account:
    """Two devices; the second is revoked at position 2, which begins epoch 1."""
    account = made_account("chain", devices=2)
    assert account.log.extend(revocation(account, account.devices[1])) is None
    return account._replace(keys=open_for_device(account.log, account.devices[0]))


ACCOUNT = _account()
STRANGER = new_member_keys(ACCOUNT.entropy)


def _bytes(kind: str, head: Head, number: int) -> bytes:
    added = ((number.to_bytes(32, "big"), 600),)
    match kind:
        case "good":
            return next_commit(ACCOUNT, head, added=added)
        case "older position":
            return next_commit(ACCOUNT, head, position=1, epoch=0, added=added)
        case "other device, before it was revoked":
            return next_commit(ACCOUNT, head, ACCOUNT.devices[1], 1, 0, added)
        case "other device, after it was revoked":
            return next_commit(ACCOUNT, head, ACCOUNT.devices[1], added=added)
        case "stranger":
            return next_commit(ACCOUNT, head, STRANGER, added=added)
        case "old epoch":
            return next_commit(ACCOUNT, head, epoch=0, added=added)
        case "position beyond the log":
            return next_commit(ACCOUNT, head, position=9, added=added)
        case "does not follow":
            return next_commit(ACCOUNT, head._replace(hash=b"x" * 32), added=added)
        case "wrong seq":
            return next_commit(ACCOUNT, head._replace(seq=head.seq + 1), added=added)
        case "bad signature":
            payload, signatures = msgspec.msgpack.decode(next_commit(ACCOUNT, head, added=added))
            return encode_commit(payload, (bytes(64),) if signatures else ())
        case "two signatures":
            payload, (one,) = msgspec.msgpack.decode(next_commit(ACCOUNT, head, added=added))
            return encode_commit(payload, (one, one))
        case "another zone":
            zone = "device/" + "ab" * 16
            return next_commit(ACCOUNT, head._replace(zone=zone), added=added)
        case _:
            return b"no commit at all %d" % number


ALWAYS_VOID = (
    "other device, after it was revoked",
    "stranger",
    "old epoch",
    "position beyond the log",
    "does not follow",
    "wrong seq",
    "bad signature",
    "two signatures",
    "another zone",
    "garbage",
)
KINDS = ("good", "older position", "other device, before it was revoked", *ALWAYS_VOID)


def _judge_all(commits: list[bytes]) -> tuple[Head, list[str | None], Objects]:
    head, reasons, objects = beginning(ACCOUNT.log.account, MESSAGES_ZONE), [], Objects()
    for data in commits:
        judged = judge(head, data, ACCOUNT.log)
        head = judged.head
        reasons.append(judged.void_reason)
        if judged.commit is not None:
            objects.apply(judged.commit, TIME_MS)
    return head, reasons, objects


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(KINDS), max_size=12))
def test_any_mix_of_commits_is_judged_alike_and_adds_only_what_counts(kinds: list[str]) -> None:
    commits: list[bytes] = []
    head = beginning(ACCOUNT.log.account, MESSAGES_ZONE)
    expected: list[bool] = []
    position = 0
    for number, kind in enumerate(kinds):
        data = _bytes(kind, head, number)
        judged = judge(head, data, ACCOUNT.log)
        named = 1 if kind in ("older position", "other device, before it was revoked") else 2
        counts = kind not in ALWAYS_VOID and named >= position
        position = max(position, named) if counts else position
        assert (judged.commit is not None) == counts, (kind, judged.void_reason)
        assert judged.head.seq == number
        assert judged.head.hash == commit_hash(data)
        assert judged.head.position == position
        head = judged.head
        commits.append(data)
        expected.append(counts)
    again, reasons, objects = _judge_all(commits)
    assert again == head
    assert [reason is None for reason in reasons] == expected
    added = {number.to_bytes(32, "big") for number, counts in enumerate(expected) if counts}
    assert set(objects.intervals) == added


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_an_error(data: bytes) -> None:
    head = beginning(ACCOUNT.log.account, MESSAGES_ZONE)
    judged = judge(head, data, ACCOUNT.log)
    assert (judged.commit, judged.head.seq) == (None, 0)
    try:
        parse_commit(data)
    except MalformedCommitError:
        return


@given(st.integers(0), st.integers(0, 7))
def test_a_flipped_bit_makes_a_commit_void(place: int, bit: int) -> None:
    head = beginning(ACCOUNT.log.account, MESSAGES_ZONE)
    data = bytearray(next_commit(ACCOUNT, head, added=((NAME, 600),)))
    data[place % len(data)] ^= 1 << bit
    assert judge(head, bytes(data), ACCOUNT.log).commit is None


def test_a_log_that_grew_later_changes_no_judgement() -> None:
    """A commit is judged at the position that it names, whatever came into the log since."""
    account = made_account("grown", devices=2)
    head = beginning(account.log.account, MESSAGES_ZONE)
    data = next_commit(account, head, account.devices[1])
    before = judge(head, data, account.log)
    assert account.log.extend(revocation(account, account.devices[1])) is None
    assert judge(head, data, account.log) == before
    fresh = AccountLog(account.log.account)
    for commit in account.commits:
        fresh.extend(commit)
    assert judge(head, data, fresh) == before


def test_kinds_from_the_future_count() -> None:
    head = beginning(ACCOUNT.log.account, MESSAGES_ZONE)
    data = next_commit(ACCOUNT, head, kind="quantum", added=((NAME, 1),))  # type: ignore[arg-type]
    judged = judge(head, data, ACCOUNT.log)
    assert judged.commit is not None
    assert judged.commit.header.kind not in set(CommitKind)


@pytest.mark.parametrize("field", [0, 1], ids=["version", "suite"])
def test_what_is_of_a_later_format_waits_for_the_log_that_says_so(field: int) -> None:
    """At a position that the log has, it is void; beyond, nobody can say yet, whatever form it
    has."""
    head = beginning(ACCOUNT.log.account, MESSAGES_ZONE)
    payload, signatures = msgspec.msgpack.decode(next_commit(ACCOUNT, head))
    header = msgspec.msgpack.decode(payload)
    header[field] = 3
    for position, reason in ((2, "is not known"), (3, BEYOND_LOG)):
        header[7] = position
        later = msgspec.msgpack.encode([*header[:8], "another form"])
        judged = judge(head, encode_commit(later, tuple(signatures)), ACCOUNT.log)
        assert judged.commit is None
        assert reason in (judged.void_reason or "")
