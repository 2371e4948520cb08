"""Chains: a commit is taken when it counts and follows; else it is refused and nothing changes."""

import threading

import pytest

from sealwax.ledger.chain import beginning
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash
from tests.accounts import next_commit, revocation
from tests.server.calling import MESSAGES, Calls, trouble
from tests.stores.contract import named


def test_commits_follow_one_another(calls: Calls) -> None:
    for _ in range(3):
        assert calls.append(calls.next()).json() == {"seq": calls.head.seq}
    heads = {
        head["zone"]: (head["seq"], head["hash"]) for head in calls.ask("GET", "/zones").json()
    }
    assert heads[MESSAGES] == (2, calls.head.hash.hex())
    log = calls.account.log
    assert heads[ACCOUNT_ZONE] == (log.head, log.head_hash.hex())
    assert calls.store.heads() == {
        zone: (seq, bytes.fromhex(hash_)) for zone, (seq, hash_) in heads.items()
    }


def test_a_commit_off_the_head_is_refused(calls: Calls) -> None:
    first, other = calls.next(), calls.next()
    assert calls.append(first).is_success
    taken = trouble(calls.append(other, seq=0), 409, "commit-exists")
    assert taken.head_seq == 0
    ahead = trouble(calls.append(calls.next(), seq=5), 409, "commit-gap")
    assert ahead.head_seq == 0
    parentless = calls.next(beginning(calls.account.log.account, MESSAGES)._replace(seq=0))
    trouble(calls.append(parentless), 412, "commit-void")
    assert calls.append(calls.next()).is_success


def test_a_commit_that_does_not_count_is_refused(calls: Calls) -> None:
    data = calls.next()
    flipped = data[:-1] + bytes([data[-1] ^ 1])
    trouble(calls.append(flipped), 412, "commit-void")
    trouble(calls.append(calls.next(position=99)), 412, "commit-void")
    trouble(calls.append(calls.next(author=calls.account.recovery)), 412, "commit-void")
    device_zone = beginning(calls.account.log.account, "device/" + "ab" * 16)
    trouble(calls.append(next_commit(calls.account, device_zone)), 412, "commit-void")
    for nonsense in (b"x", b"\x00" * 50, data[: len(data) // 2]):
        trouble(calls.append(nonsense), 400, "request-malformed")
    trouble(calls.append(b""), 400, "request-malformed")
    trouble(calls.append(data, zone="../x"), 400, "request-malformed")
    assert calls.append(data).is_success


def test_a_position_never_goes_back(calls: Calls) -> None:
    newest = calls.account.log.head
    assert calls.append(calls.next(position=newest)).is_success
    trouble(calls.append(calls.next(position=newest - 1)), 412, "commit-void")


def test_after_a_removal_the_old_epoch_and_the_removed_device_count_no_more(calls: Calls) -> None:
    gone = calls.account.devices[1]
    late = calls.next(author=gone)
    position = calls.account.log.head + 1
    assert calls.append(revocation(calls.account, gone), position, ACCOUNT_ZONE).is_success
    trouble(calls.append(calls.next(position=position)), 412, "commit-void")
    trouble(calls.append(calls.next(position=position, author=gone)), 412, "commit-void")
    # Until the zone is closed, a commit of before the removal has its place: all judge it so.
    assert calls.append(late).is_success


def test_an_object_must_be_here_in_its_size(calls: Calls) -> None:
    name, data = named(b"an object")
    trouble(calls.append(calls.next(added=((name, len(data)),))), 412, "commit-without-object")
    assert calls.put(data).is_success
    wrong = calls.append(calls.next(added=((name, len(data) + 1),)))
    trouble(wrong, 412, "commit-without-object")
    assert calls.append(calls.next(added=((name, len(data)),))).is_success


def test_the_same_operation_again_changes_nothing(calls: Calls) -> None:
    data = calls.next()
    assert calls.append(data, seq=0).json() == {"seq": 0}
    assert calls.append(calls.next()).is_success
    assert calls.append(data, seq=0).json() == {"seq": 0}
    assert calls.ask("GET", "/zones").json()[1]["seq"] == 1


def test_of_many_at_once_one_wins(calls: Calls) -> None:
    rivals = [calls.next() for _ in range(8)]
    answers: list[int] = []

    def append(data: bytes) -> None:
        answer = calls.ask("POST", "/commits/0", params={"zone": MESSAGES}, content=data)
        answers.append(answer.status_code)

    threads = [threading.Thread(target=append, args=(data,)) for data in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [409] * 7
    stands = calls.ask("GET", "/commits/0", params={"zone": MESSAGES}).content
    assert stands in rivals
    heads = calls.store.heads()
    assert heads[MESSAGES] == (0, commit_hash(stands))


def test_what_is_not_there_is_told(calls: Calls) -> None:
    missing = calls.ask("GET", "/commits/3", params={"zone": MESSAGES})
    trouble(missing, 404, "not-there")
    none = calls.ask("GET", "/commits", params={"zone": MESSAGES, "start": 7})
    assert none.content == b""


@pytest.mark.parametrize("seq", ["-1", "x", str(2**70)])
def test_odd_seqs_are_refused(calls: Calls, seq: str) -> None:
    answer = calls.ask("GET", f"/commits/{seq}", params={"zone": MESSAGES})
    assert answer.status_code in (400, 404)
