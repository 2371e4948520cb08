"""What an account may keep: the plan, the reserve for what is essential, and what is counted."""

from sealwax.ledger.chain import beginning
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.server.quota import RESERVE_LIMIT_BYTES, RESERVE_SHARE
from tests.accounts import next_commit
from tests.server.calling import Calls, trouble
from tests.stores.contract import named

PLAN_BYTES = 100_000


def _planned(calls: Calls, plan_bytes: int = PLAN_BYTES) -> None:
    calls.server.parts.accounts.grant_plan(calls.name, plan_bytes)


def _usage(calls: Calls) -> tuple[int, int]:
    usage = calls.store.usage()
    return usage.head_bytes, usage.snapshot_bytes


def test_bytes_of_the_head_and_of_snapshots_are_told_apart(calls: Calls) -> None:
    one, _ = calls.kept(b"1" * 1_000, b"2" * 500)
    assert _usage(calls) == (1_500, 0)
    pin = calls.next(kind=CommitKind.PIN)
    assert calls.append(pin).is_success
    pin_seq = calls.head.seq
    assert calls.append(calls.next(dropped=(one,))).is_success
    assert _usage(calls) == (500, 1_000)
    unpin = calls.next(kind=CommitKind.UNPIN, public=encode_facts(UnpinFacts([pin_seq])))
    assert calls.append(unpin).is_success
    assert _usage(calls) == (500, 0)


def test_an_object_in_two_zones_is_charged_once(calls: Calls) -> None:
    calls.kept(b"x" * 60_000)
    _planned(calls)
    name, data = named(b"x" * 60_000)
    zone = "device/" + calls.account.devices[0].member().id.hex()
    head = beginning(calls.account.log.account, zone)
    twin = next_commit(calls.account, head, added=((name, len(data)),))
    answer = calls.append(twin, seq=0, zone=zone)
    assert answer.is_success, answer.text
    assert _usage(calls) == (60_000, 0)


def test_when_the_plan_is_used_up_only_what_is_essential_goes_on(calls: Calls) -> None:
    _planned(calls)
    calls.kept(b"f" * 99_500)
    full = trouble(calls.put(b"c" * 600), 507, "storage-full")
    assert (full.used_bytes, full.plan_bytes) == (99_500, PLAN_BYTES)
    reserve_bytes = calls.store.usage().reserve_bytes
    assert reserve_bytes == PLAN_BYTES // RESERVE_SHARE < RESERVE_LIMIT_BYTES
    calls.kept(b"w" * 600, is_essential=True)
    trouble(calls.put(b"v" * 1_000, is_essential=True), 507, "storage-full")
    calls.kept(b"u" * 900, is_essential=True)
    assert _usage(calls) == (101_000, 0)
    trouble(calls.put(b"t", is_essential=True), 507, "storage-full")


def test_an_upload_that_fits_alone_is_not_committed_beyond_the_plan(calls: Calls) -> None:
    _planned(calls)
    one, two = named(b"1" * 60_000), named(b"2" * 60_000)
    assert calls.put(one[1]).is_success
    assert calls.put(two[1]).is_success
    assert calls.append(calls.next(added=((one[0], 60_000),))).is_success
    full = trouble(calls.append(calls.next(added=((two[0], 60_000),))), 507, "storage-full")
    assert full.used_bytes == 60_000
    assert _usage(calls) == (60_000, 0)


def test_a_full_account_reads_deletes_and_lets_go(calls: Calls) -> None:
    _planned(calls)
    (name,) = calls.kept(b"f" * 100_000)
    assert calls.ask("GET", f"/objects/{name.hex()}").content == b"f" * 100_000
    assert calls.append(calls.next()).is_success
    assert calls.append(calls.next(dropped=(name,))).is_success
    calls.kept(b"g" * 100_000)


def test_a_bigger_plan_is_asked_for_and_granted(calls: Calls) -> None:
    _planned(calls)
    calls.kept(b"f" * 100_000)
    trouble(calls.put(b"more"), 507, "storage-full")
    calls.store.ask_for_plan(2 * PLAN_BYTES)
    assert calls.store.usage().asked_bytes == 2 * PLAN_BYTES
    _planned(calls, 2 * PLAN_BYTES)
    calls.kept(b"more")
    assert calls.store.usage().asked_bytes is None
