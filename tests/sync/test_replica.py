"""One device and a store: writing, pulling, losing the race, a store that was rolled back."""

from pathlib import Path

import msgspec
import pytest

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.ledger.commit import (
    CommitKind,
    commit_signing_input,
    encode_commit,
    encode_header,
    parse_commit,
)
from sealwax.ledger.dropping import PART_CLOSED
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.library import Library
from sealwax.model.change import entry
from sealwax.model.field import ORIGIN, READ_NS, TIME_NS
from sealwax.model.record import Kind
from sealwax.snapshot.verify import Verifier
from sealwax.sources.base import Item, Observation
from sealwax.stores.base import Store, StoreError
from sealwax.stores.counting import CountingStore
from sealwax.stores.faulty import Fault, FaultyStore
from sealwax.stores.memory import MemoryStore
from sealwax.sync.checkpoint import is_checkpoint_due, write_checkpoint
from sealwax.trust.heads import RolledBack
from sealwax.vault.commit_part import Part, open_part
from sealwax.vault.compose import Draft, Place, compose
from tests.homes import ignore
from tests.sync.devices import LIBRARY_KEY, Device, made_devices


def _message(number: int) -> list[Item]:
    entries = (entry(ORIGIN, ["imessage", f"m{number}"]), entry(TIME_NS, number + 1))
    return [Observation(int(Kind.MESSAGE), f"m{number}", 1, entries)]


def _devices(folder: Path, store: Store, count: int = 2) -> list[Device]:
    entropy = TestOnlySeededEntropy("replica")
    return made_devices(folder, store, count, entropy, lambda _, inner: inner)


def test_a_commit_says_from_when_to_when_its_messages_are(tmp_path: Path) -> None:
    store = MemoryStore()
    (device,) = _devices(tmp_path, store, 1)
    device.take([*_message(4), *_message(2), *_message(9)], 1)
    device.take([Observation(int(Kind.MESSAGE), "m2", 2, (entry(READ_NS, 7),))], 1)
    parts = [
        open_part(device.replica.keys, parse_commit(data))
        for _, data in store.read_commits(MESSAGES_ZONE, 0)
    ]
    assert [part.times for part in parts] == [[(3, 10)], []]


def test_what_one_writes_the_other_pulls(tmp_path: Path) -> None:
    first, second = _devices(tmp_path, MemoryStore())
    first.take(_message(1), 1)
    second.take(_message(2), 1)
    first.replica.pull()
    assert first.library.digest() == second.library.digest()
    assert first.library.counts().messages == 2


def test_an_answer_that_was_lost_makes_no_second_commit(tmp_path: Path) -> None:
    inner = MemoryStore()
    (device,) = _devices(tmp_path, inner, 1)
    fails = [Fault.AFTER]
    device.replica.store = FaultyStore(
        inner, lambda call: fails.pop() if call == "append_commit" and fails else None
    )
    with pytest.raises(StoreError):
        device.take(_message(1), 1)
    assert device.library.counts().messages == 0
    device.take(_message(1), 1)
    assert device.library.counts().messages == 1
    assert inner.head_seq("messages") == 0


def test_a_store_that_lost_its_newest_commits_is_refused(tmp_path: Path) -> None:
    store = MemoryStore()
    (device,) = _devices(tmp_path, store, 1)
    for number in range(3):
        device.take(_message(number), 1)
    old = MemoryStore()
    for zone in store.list_zones():
        for seq, data in store.read_commits(zone, 0):
            if zone == "account" or seq < 2:
                old.append_commit(zone, seq, data)
    old.put_objects((item.name, store.get_object(item.name)) for item in store.list_objects())
    device.replica.store = old
    device.replica.library = Library(
        tmp_path / "fresh.db", LIBRARY_KEY, device.replica.keys.roots, is_durable=False
    )
    with pytest.raises(RolledBack):
        device.replica.pull()


def test_pulling_nothing_reads_no_object(tmp_path: Path) -> None:
    store = MemoryStore()
    (device,) = _devices(tmp_path, store, 1)
    device.take(_message(1), 1)
    counting = CountingStore(store)
    device.replica.store = counting
    device.replica.pull()
    assert counting.calls["get_object"] == 0
    assert counting.bytes_written == 0


def test_a_checkpoint_lists_what_the_chain_holds(tmp_path: Path) -> None:
    store = MemoryStore()
    first, second = _devices(tmp_path, store)
    entropy = TestOnlySeededEntropy("checkpoint")
    for number in range(3):
        first.take(_message(number), 1)
    write_checkpoint(first.replica, entropy)
    first.take(_message(9), 1)
    write_checkpoint(first.replica, entropy)
    second.replica.pull()
    assert second.library.holdings.checkpoint() == first.library.holdings.checkpoint()
    assert second.library.digest() == first.library.digest()
    replica = second.replica
    found = Verifier(
        store, replica.log, replica.keys, second.library, ignore, replica.clock.now_ms()
    ).run()
    assert found.damage == ()
    seq, names = first.library.holdings.checkpoint()
    assert seq == 5
    assert names


@pytest.mark.parametrize(
    ("objects_a_commit", "held_limit", "is_due"),
    [(1, 4, True), (0, 4, False), (1, 3, False)],
    ids=["light", "heavier than its commits", "larger than one may be"],
)
def test_a_checkpoint_is_due_when_the_commits_since_the_last_weigh_more(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    objects_a_commit: int,
    held_limit: int,
    is_due: bool,
) -> None:
    (device,) = _devices(tmp_path, MemoryStore(), 1)
    monkeypatch.setattr("sealwax.sync.checkpoint.COMMITS_BETWEEN", 4)
    monkeypatch.setattr("sealwax.sync.checkpoint.OBJECTS_A_COMMIT", objects_a_commit)
    monkeypatch.setattr("sealwax.sync.checkpoint.HELD_LIMIT", held_limit)
    for number in range(4):
        assert not is_checkpoint_due(device.replica)
        device.take(_message(number), 1)
    assert is_checkpoint_due(device.replica) is is_due


def test_a_file_that_comes_back_after_its_piece_was_dropped_is_sealed_anew(tmp_path: Path) -> None:
    store = MemoryStore()
    (device,) = _devices(tmp_path, store, 1)
    path = tmp_path / "photo"
    path.write_bytes(b"the same bytes")
    (one,) = device.replica.put_files([path])
    (two,) = device.replica.put_files([path])
    assert not isinstance(one, OSError)
    assert one == two
    (missing,) = device.replica.put_files([tmp_path / "none"])
    assert isinstance(missing, OSError)


def test_a_sealed_part_that_does_not_open_stops_nobody(tmp_path: Path) -> None:
    store = MemoryStore()
    first, second = _devices(tmp_path, store)
    first.take(_message(1), 1)
    replica = first.replica
    head = replica.head()
    place = Place(head, replica.log.head, replica.log.newest.epoch, 1)
    data = compose(
        Draft(CommitKind.CHANGE, b"o" * 16, Part()),
        place,
        replica.keys,
        replica._author,
        TestOnlySeededEntropy("part"),
    )
    payload, _ = msgspec.msgpack.decode(data)
    header = msgspec.structs.replace(parse_commit(data).header, sealed=b"not sealed at all")
    payload = encode_header(header)
    signature = replica._author.sign(commit_signing_input(header, payload))
    store.append_commit("messages", head.seq + 1, encode_commit(payload, (signature,)))
    second.take(_message(2), 1)
    first.replica.pull()
    assert first.library.digest() == second.library.digest()
    assert first.library.counts().messages == 2
    assert first.library.holdings.damage() == []
    (fault,) = first.library.holdings.refused_drops()
    assert (fault.author, fault.reason) == (replica.device, PART_CLOSED)
