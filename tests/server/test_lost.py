"""What a server's disk lost is found, asked for again, and put back; nothing whole is touched."""

from pathlib import Path

import msgspec
import pytest

from sealwax.ledger.wire import Looked, decode_names, encode_names
from sealwax.server import lost
from sealwax.server.charging import ONE
from sealwax.server.held import ONE_HELD, ONE_UNHELD
from tests.server.calling import Calls, trouble
from tests.server.conftest import Running
from tests.stores.contract import damage_file, named


@pytest.fixture
def folder(calls: Calls) -> Path:
    store = calls.server.parts.objects._store(calls.account.log.account)
    return store._folder


def _lost(calls: Calls) -> list[bytes]:
    return decode_names(calls.ask("GET", "/lost").content)


def _look(calls: Calls, *names: bytes) -> Looked:
    answer = calls.ask("POST", "/objects/look", content=encode_names(names))
    assert answer.is_success, answer.text
    return msgspec.json.decode(answer.content, type=Looked)


def test_a_damaged_object_is_put_aside_and_taken_again(calls: Calls, folder: Path) -> None:
    good, bad = calls.kept(b"good" * 100, b"bad" * 100)
    damage_file(folder, bad, b"BAD" * 100)
    assert _lost(calls) == [], "nobody has looked yet"
    assert _look(calls, good, bad) == Looked(2, [bad.hex()])
    assert _lost(calls) == [bad]
    trouble(calls.ask("GET", f"/objects/{bad.hex()}"), 404, "not-there")
    assert calls.ask("POST", "/objects/present", content=encode_names([good, bad])).content == good
    usage = calls.store.usage()
    assert calls.put(b"bad" * 100).is_success
    assert _lost(calls) == []
    assert calls.ask("GET", f"/objects/{bad.hex()}").content == b"bad" * 100
    assert calls.store.usage() == usage


def test_a_missing_object_is_asked_for_too(calls: Calls, folder: Path) -> None:
    (name,) = calls.kept(b"gone" * 100)
    next(folder.rglob(name.hex())).unlink()
    assert _look(calls, name).lost == [name.hex()]
    assert _lost(calls) == [name]
    assert calls.put(b"gone" * 100).is_success
    assert _lost(calls) == []


def test_what_the_operator_put_back_by_hand_is_not_asked_for(calls: Calls, folder: Path) -> None:
    (name,) = calls.kept(b"copied" * 100)
    path = next(folder.rglob(name.hex()))
    path.unlink()
    assert _look(calls, name).lost == [name.hex()]
    path.write_bytes(b"other!" * 100)
    assert _lost(calls) == [name]
    path.write_bytes(b"copied" * 100)
    assert _lost(calls) == []


def test_what_no_history_holds_is_not_asked_for(calls: Calls, folder: Path) -> None:
    (held,) = calls.kept(b"held")
    assert calls.put(b"never committed").is_success
    never = named(b"never committed")[0]
    damage_file(folder, never, b"other")
    assert _look(calls, never, named(b"unknown")[0]) == Looked(2, [])
    damage_file(folder, held, b"hurt")
    assert _look(calls, held).lost == [held.hex()]
    assert calls.append(calls.next(dropped=(held,))).is_success
    assert _lost(calls) == []


def test_a_full_account_is_given_back_what_the_disk_lost(calls: Calls, folder: Path) -> None:
    calls.server.parts.accounts.grant_plan(calls.name, 1_000)
    (name,) = calls.kept(b"f" * 1_000)
    damage_file(folder, name, b"g" * 1_000)
    assert _look(calls, name).lost == [name.hex()]
    trouble(calls.put(b"h" * 1_000), 507, "storage-full")
    assert calls.put(b"f" * 1_000).is_success
    assert _lost(calls) == []


def test_one_look_reads_about_as_much_as_one_answer_holds(
    calls: Calls, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = calls.kept(b"1" * 1_000, b"2" * 1_000, b"3" * 1_000)
    damage_file(folder, names[2], b"x")
    monkeypatch.setattr(lost, "BATCH_BYTES", 2_000)
    assert _look(calls, *names) == Looked(2, [])
    assert calls.store.look_at_objects(names) == [names[2]]


def test_another_account_sees_and_changes_nothing(calls: Calls, server: Running) -> None:
    (name,) = calls.kept(b"mine" * 10)
    folder = server.parts.objects._store(calls.account.log.account)._folder
    damage_file(folder, name, b"hurt" * 10)
    other = calls.path.replace(calls.account.log.account.hex(), "ab" * 32)
    answer = calls.client.get(other + "/lost", headers={"authorization": f"Bearer {calls.token}"})
    assert answer.status_code == 401
    # Only under the name of another's hash could it be put back: the bytes name themselves.
    assert calls.put(b"evil" * 10).is_success
    assert calls.ask("GET", f"/objects/{name.hex()}").content == b"hurt" * 10


def test_the_operator_reads_all_and_touches_nothing_unasked(calls: Calls, folder: Path) -> None:
    account, objects = calls.account.log.account, calls.server.parts.objects
    good, bad = calls.kept(b"good" * 100, b"bad" * 100)
    assert objects.examine(account, is_repair=True) == lost.Looked(2, [])
    damage_file(folder, bad, b"BAD" * 100)
    assert objects.examine(account, is_repair=False) == lost.Looked(2, [bad])
    assert objects.get(account, bad) == b"BAD" * 100
    assert _lost(calls) == []
    assert objects.examine(account, is_repair=True) == lost.Looked(2, [bad])
    assert _lost(calls) == [bad]
    assert calls.put(b"bad" * 100).is_success
    assert objects.examine(account, is_repair=False) == lost.Looked(2, [])
    assert objects.get(account, good) == b"good" * 100


@pytest.mark.parametrize("sql", [ONE_HELD, ONE_UNHELD, ONE, lost.LOST_AND_HELD])
def test_an_object_is_found_by_its_name(server: Running, sql: str) -> None:
    """Not by walking all objects of its account, in the one transaction that writes."""
    connection = server.parts.accounts._database.read()
    values = (b"x", 1, 1)[: 3 if "?3" in sql else 2]
    steps = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    told = [str(step[3]) for step in steps if "object " in str(step[3])]
    assert len(told) == 1
    assert told[0].endswith("USING INDEX object_by_name (account=? AND name=?)")
