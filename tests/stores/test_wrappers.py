"""The wrappers: each is a store, and each does its one thing besides."""

import pytest

from sealwax.stores.base import CommitExists, Missing, Store
from sealwax.stores.counting import CountingStore
from sealwax.stores.faulty import Fault, FaultyStore, InjectedFault
from sealwax.stores.forwarding import ForwardingStore
from sealwax.stores.memory import MemoryStore
from sealwax.stores.slow import SlowStore
from tests.stores.contract import StoreContract, named


class TestForwardingStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return ForwardingStore(MemoryStore())


class TestCountingStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return CountingStore(MemoryStore())

    def test_it_counts_calls_and_bytes(self) -> None:
        store = CountingStore(MemoryStore())
        name, data = named(b"12345")
        store.put_objects([(name, data), named(b"678")])
        store.append_commit("messages", 0, b"90")
        store.get_object(name)
        list(store.read_commits("messages", 0))
        assert (store.bytes_written, store.bytes_read) == (10, 7)
        assert store.calls["objects_put"] == 2
        assert store.calls["put_objects"] == store.calls["get_object"] == 1


class TestSlowStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return SlowStore(MemoryStore(), 1.0, 1000.0, lambda _: None)

    def test_it_waits_for_calls_and_bytes(self) -> None:
        waited: list[float] = []
        store = SlowStore(MemoryStore(), 0.5, 100.0, waited.append)
        name, data = named(b"x" * 50)
        store.put_objects([(name, data)])
        assert sum(waited) == pytest.approx(1.0)
        store.get_object(name)
        assert sum(waited) == pytest.approx(2.0)


class TestFaultyStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return FaultyStore(MemoryStore(), lambda _: None)

    def test_before_nothing_is_done(self) -> None:
        inner = MemoryStore()
        store = FaultyStore(inner, lambda _: Fault.BEFORE)
        for act in (
            lambda: store.put_objects([named(b"a")]),
            lambda: store.append_commit("messages", 0, b"c"),
            lambda: list(store.read_commits("messages", 0)),
            lambda: store.has_objects([]),
            lambda: list(store.list_objects()),
        ):
            with pytest.raises(InjectedFault):
                act()
        assert (list(inner.list_objects()), inner.list_zones()) == ([], [])

    def test_after_everything_is_done_and_nobody_knows(self) -> None:
        inner = MemoryStore()
        faults = [Fault.AFTER, Fault.AFTER]
        store = FaultyStore(inner, lambda _: faults.pop() if faults else None)
        with pytest.raises(InjectedFault):
            store.append_commit("messages", 0, b"c")
        with pytest.raises(InjectedFault):
            store.put_objects([named(b"a")])
        assert inner.get_commit("messages", 0) == b"c"
        assert store.get_object(named(b"a")[0]) == b"a"
        with pytest.raises(CommitExists):
            store.append_commit("messages", 0, b"c")

    def test_in_the_midst_some_objects_are_kept(self) -> None:
        inner = MemoryStore()
        store = FaultyStore(inner, lambda _: Fault.MIDST)
        objects = [named(bytes([number])) for number in range(4)]
        with pytest.raises(InjectedFault):
            store.put_objects(objects)
        assert inner.get_object(objects[0][0]) == objects[0][1]
        with pytest.raises(Missing):
            inner.get_object(objects[1][0])
