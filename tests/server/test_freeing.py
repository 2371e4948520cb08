"""What nothing holds stays for a time by the server's own clock, whatever a device says or asks."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sealwax.base.clock import SetClock
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.ledger.wire import Staying, decode_names, encode_names
from sealwax.server.held import GRACE_MS
from sealwax.vault.writing import Pinning
from tests.accounts import TIME_MS, made_account, next_commit
from tests.server.calling import Calls, trouble
from tests.server.running import Running, running
from tests.stores.contract import named

DAY_MS = 24 * 3_600_000
FAR_MS = 142_000 * 365 * DAY_MS
"""A time that no honest clock says."""


@pytest.fixture
def clock() -> SetClock:
    return SetClock(TIME_MS)


@pytest.fixture
def server(tmp_path: Path, clock: SetClock) -> Iterator[Running]:
    with running(tmp_path / "server", clock) as server:
        yield server


@pytest.fixture
def calls(server: Running) -> Iterator[Calls]:
    with Calls(server, made_account("freeing", 2), "freeing") as calls:
        yield calls


def _later(calls: Calls, clock: SetClock, milliseconds: int) -> None:
    clock.advance(milliseconds)
    # Its token is too old by now.
    calls.token = calls.sign_in()


def _drop(calls: Calls, *names: bytes, time_ms: int = TIME_MS) -> None:
    assert calls.append(calls.next(dropped=names, time_ms=time_ms)).is_success


def _pin(calls: Calls, pinned_seq: int | None = None) -> int:
    pin = calls.next(kind=CommitKind.PIN, pinning=Pinning(pinned_seq=pinned_seq))
    assert calls.append(pin).is_success
    return calls.head.seq


def _unpin(calls: Calls, pin_seq: int, time_ms: int = TIME_MS) -> None:
    public = encode_facts(UnpinFacts([pin_seq]))
    unpin = calls.next(kind=CommitKind.UNPIN, public=public, time_ms=time_ms)
    assert calls.append(unpin).is_success


def _asked(calls: Calls, path: str, *names: bytes) -> tuple[set[bytes], int]:
    """What stays of these, and until when."""
    answer = calls.ask("POST", f"/objects/{path}", content=encode_names(names))
    assert answer.is_success, answer.text
    told = msgspec.json.decode(answer.content, type=Staying)
    return {bytes.fromhex(name) for name in told.names}, told.until_ms


def _delete(calls: Calls, *names: bytes) -> set[bytes]:
    """Asks for these to be deleted; gives those that are here afterwards."""
    stay, _ = _asked(calls, "delete", *names)
    here = set(decode_names(calls.ask("POST", "/objects/present", content=b"".join(names)).content))
    assert here == stay
    return here


@pytest.mark.parametrize("time_ms", [0, TIME_MS, FAR_MS], ids=["1970", "now", "far"])
def test_what_was_dropped_stays_for_its_time_whatever_the_commit_says(
    calls: Calls, clock: SetClock, time_ms: int
) -> None:
    one, two = calls.kept(b"one", b"two")
    _drop(calls, one, time_ms=time_ms)
    assert _delete(calls, one) == {one}
    _later(calls, clock, DAY_MS)
    _drop(calls, two, time_ms=time_ms)
    expected = ({one, two}, TIME_MS + DAY_MS + GRACE_MS)
    assert _asked(calls, "staying", one, two) == _asked(calls, "delete", one, two) == expected
    _later(calls, clock, GRACE_MS - DAY_MS)
    assert _asked(calls, "staying", one, two)[0] == {two}
    assert _delete(calls, one, two) == {two}
    _later(calls, clock, DAY_MS)
    assert _delete(calls, one, two) == set()


def test_what_only_a_snapshot_held_stays_from_when_that_went(calls: Calls, clock: SetClock) -> None:
    one, two = calls.kept(b"one", b"two")
    pin_seq = _pin(calls)
    _drop(calls, one)
    _later(calls, clock, 2 * GRACE_MS)
    trouble(calls.ask("POST", "/objects/delete", content=encode_names([one])), 409, "object-held")
    assert _asked(calls, "staying", one) == ({one}, TIME_MS + 3 * GRACE_MS)
    _unpin(calls, pin_seq, FAR_MS)
    assert _delete(calls, one) == {one}
    _later(calls, clock, GRACE_MS)
    trouble(calls.ask("POST", "/objects/delete", content=encode_names([two])), 409, "object-held")
    assert _delete(calls, one) == set()


def test_a_pin_of_an_earlier_moment_holds_again(calls: Calls, clock: SetClock) -> None:
    (one,) = calls.kept(b"one")
    moment = calls.head.seq
    _drop(calls, one)
    _later(calls, clock, GRACE_MS - DAY_MS)
    pin_seq = _pin(calls, moment)
    _later(calls, clock, 2 * GRACE_MS)
    trouble(calls.ask("POST", "/objects/delete", content=encode_names([one])), 409, "object-held")
    # Let go of once more, it has its whole time before it.
    _unpin(calls, pin_seq)
    _later(calls, clock, GRACE_MS - 1)
    assert _delete(calls, one) == {one}
    _later(calls, clock, 1)
    assert _delete(calls, one) == set()


def test_what_is_held_again_and_gone_is_asked_for(calls: Calls, clock: SetClock) -> None:
    (one,) = calls.kept(b"one")
    moment = calls.head.seq
    _drop(calls, one)
    _later(calls, clock, GRACE_MS)
    assert _delete(calls, one) == set()
    assert decode_names(calls.ask("GET", "/lost").content) == []
    _pin(calls, moment)
    assert decode_names(calls.ask("GET", "/lost").content) == [one]
    assert calls.put(b"one").is_success
    assert decode_names(calls.ask("GET", "/lost").content) == []
    trouble(calls.ask("POST", "/objects/delete", content=encode_names([one])), 409, "object-held")


def test_an_object_in_two_zones_stays_from_when_the_last_let_go(
    calls: Calls, clock: SetClock
) -> None:
    (name,) = calls.kept(b"twice")
    zone = "device/" + calls.account.devices[0].member().id.hex()
    head = beginning(calls.account.log.account, zone)
    twin = next_commit(calls.account, head, added=((name, 5),))
    assert calls.append(twin, seq=0, zone=zone).is_success
    _drop(calls, name)
    _later(calls, clock, GRACE_MS)
    trouble(calls.ask("POST", "/objects/delete", content=encode_names([name])), 409, "object-held")
    head = judge(head, twin, calls.account.log).head
    gone = next_commit(calls.account, head, dropped=(name,))
    assert calls.append(gone, seq=1, zone=zone).is_success
    assert _delete(calls, name) == {name}
    _later(calls, clock, GRACE_MS)
    assert _delete(calls, name) == set()


def test_what_no_commit_named_goes_at_once(calls: Calls) -> None:
    name, data = named(b"never named")
    assert calls.put(data).is_success
    assert _asked(calls, "staying", name) == (set(), 0)
    assert _delete(calls, name) == set()


def test_the_operator_may_let_go_earlier(calls: Calls, server: Running) -> None:
    freeing, account = server.parts.freeing, calls.account.log.account
    one, two, three = calls.kept(b"1" * 100, b"2" * 200, b"3" * 400)
    with Calls(server, made_account("another"), "another") as other:
        (theirs,) = other.kept(b"theirs")
        _drop(other, theirs)
        _drop(calls, one, two)
        assert freeing.unheld(account) == {one: 100, two: 200}
        freeing.let_go(account)
        # What is let go of later has its time.
        _drop(calls, three)
        assert freeing.delete_let_go() == 2
        assert freeing.delete_let_go() == 0
        assert _delete(calls, one, two, three) == {three}
        assert freeing.unheld(account) == {three: 400}
        assert _delete(other, theirs) == {theirs}


def test_what_is_held_again_in_time_is_not_let_go(calls: Calls, server: Running) -> None:
    (one,) = calls.kept(b"one")
    moment = calls.head.seq
    _drop(calls, one)
    server.parts.freeing.let_go(calls.account.log.account)
    _pin(calls, moment)
    assert server.parts.freeing.delete_let_go() == 0
    assert calls.ask("GET", f"/objects/{one.hex()}").is_success
