"""The contract of every store, rule by rule; see the docstring of `sealwax.stores.base`."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sealwax.stores.base import CommitExists, CommitGap, Missing, Store, StoredObject, StoreError
from sealwax.stores.memory import MemoryStore
from sealwax.stores.pack import RANGE_COMMITS
from sealwax.stores.packing import pack_some


def damage_file(root: Path, name: bytes, data: bytes) -> None:
    """Writes other bytes into the file of an object, wherever below a folder it is."""
    (path,) = root.rglob(name.hex())
    path.write_bytes(data)


def named(data: bytes) -> tuple[bytes, bytes]:
    """An object with its name."""
    return hashlib.sha256(data).digest(), data


class StoreContract:
    """Inherit, and give a fixture `store`: an empty store of the kind under test."""

    zones_at_first: tuple[str, ...] = ()
    """A server's account begins with its log."""
    device_zone = "device/" + "ab" * 16
    """A zone that the author of the commits may write to."""

    range_commits = RANGE_COMMITS
    """So many commits of a row become one pack."""
    is_packing = False
    """Whether the store puts old commits together."""

    def commit(self, zone: str, seq: int, variant: str = "") -> bytes:
        """A commit that may follow; a store that judges them needs real ones."""
        return f"commit {seq} of {zone}{variant}".encode()

    def pack(self, store: Store) -> int:
        """Has the store put old commits together; gives how many ranges."""
        return pack_some(store)

    def fill(self, store: Store, zone: str, count: int) -> list[bytes]:
        """Appends so many commits, and gives them."""
        commits = [self.commit(zone, seq) for seq in range(count)]
        for seq, data in enumerate(commits):
            store.append_commit(zone, seq, data)
        return commits

    def damage(self, store: Store, name: bytes, data: bytes) -> None:
        """Does what a failing disk does: other bytes lie under the name of an object."""
        inner: Any = store
        while not isinstance(inner, MemoryStore):
            inner = inner._inner
        inner._objects[name] = data

    def test_an_empty_store_holds_nothing(self, store: Store) -> None:
        assert list(store.list_objects()) == []
        assert store.list_zones() == list(self.zones_at_first)
        assert store.head_seq("messages") == -1
        assert list(store.read_commits("messages", 0)) == []

    def test_objects_come_back_as_they_were_put(self, store: Store) -> None:
        objects = [named(bytes([number]) * (number + 1)) for number in range(40)]
        store.put_objects(iter(objects))
        assert {name: store.get_object(name) for name, _ in objects} == dict(objects)
        listed = list(store.list_objects())
        assert listed == sorted(StoredObject(name, len(data)) for name, data in objects)

    def test_putting_again_changes_nothing(self, store: Store) -> None:
        name, data = named(b"once")
        store.put_objects([(name, data)])
        store.put_objects([(name, data), (name, data)])
        assert store.get_object(name) == data
        assert list(store.list_objects()) == [StoredObject(name, len(data))]

    @pytest.mark.parametrize("bad", [b"onse", b"on", b"once and more"])
    def test_damaged_bytes_are_replaced_by_those_that_the_name_says(
        self, store: Store, bad: bytes
    ) -> None:
        name, data = named(b"once")
        other = named(b"other")
        store.put_objects([(name, data), other])
        self.damage(store, name, bad)
        assert store.get_object(name) == bad
        store.put_objects([(name, data)])
        assert store.get_object(name) == data
        assert list(store.list_objects()) == sorted(
            [StoredObject(name, len(data)), StoredObject(other[0], len(other[1]))]
        )

    @pytest.mark.parametrize("bad", [b"onse", b"on", b"once and more"])
    def test_whole_bytes_are_never_replaced(self, store: Store, bad: bytes) -> None:
        name, data = named(b"once")
        store.put_objects([(name, data)])
        # A store may refuse them, or keep them under their own name.
        with suppress(StoreError):
            store.put_objects([(name, bad)])
        assert store.get_object(name) == data

    def test_has_objects_names_those_that_are_there(self, store: Store) -> None:
        here, gone = named(b"here"), named(b"gone")
        store.put_objects([here])
        assert store.has_objects([here[0], gone[0]]) == {here[0]}
        assert store.has_objects([]) == set()

    def test_deleting_is_quiet_about_what_is_not_there(self, store: Store) -> None:
        one, two = named(b"one"), named(b"two")
        store.put_objects([one, two])
        store.delete_objects([one[0], named(b"never")[0]])
        assert [item.name for item in store.list_objects()] == [two[0]]
        with pytest.raises(Missing):
            store.get_object(one[0])
        store.put_objects([one])
        assert store.get_object(one[0]) == one[1]

    def test_commits_follow_one_another(self, store: Store) -> None:
        commits = [self.commit("messages", seq) for seq in range(5)]
        for seq, data in enumerate(commits):
            store.append_commit("messages", seq, data)
        assert store.head_seq("messages") == 4
        assert list(store.read_commits("messages", 3)) == [(3, commits[3]), (4, commits[4])]
        assert store.get_commit("messages", 0) == commits[0]
        with pytest.raises(Missing):
            store.get_commit("messages", 5)

    def test_a_taken_seq_is_refused_and_not_changed(self, store: Store) -> None:
        first, second = self.commit("messages", 0), self.commit("messages", 0, "another")
        store.append_commit("messages", 0, first)
        with pytest.raises(CommitExists):
            store.append_commit("messages", 0, second)
        # The very same commit may be said to be there, or taken for the answer that was lost.
        with suppress(CommitExists):
            store.append_commit("messages", 0, first)
        assert store.get_commit("messages", 0) == first
        assert store.head_seq("messages") == 0

    def test_a_gap_is_refused(self, store: Store) -> None:
        first, second, third = (self.commit("messages", seq) for seq in range(3))
        with pytest.raises(CommitGap):
            store.append_commit("messages", 1, second)
        store.append_commit("messages", 0, first)
        with pytest.raises(CommitGap):
            store.append_commit("messages", 2, third)
        assert store.head_seq("messages") == 0

    def test_zones_are_apart(self, store: Store) -> None:
        zones = ("messages", self.device_zone, self.device_zone + "/2")
        for zone in zones:
            store.append_commit(zone, 0, self.commit(zone, 0))
        assert store.list_zones() == sorted([*self.zones_at_first, *zones])
        for zone in zones:
            assert store.get_commit(zone, 0) == self.commit(zone, 0)

    def test_commits_that_were_put_together_are_read_as_before(self, store: Store) -> None:
        size = self.range_commits
        commits = self.fill(store, "messages", 2 * size + size // 10 - 1)
        self.fill(store, self.device_zone, 3)
        # The head has left the first range by more than a tenth of it, and the second by less.
        assert self.pack(store) == int(self.is_packing)
        assert self.pack(store) == 0
        assert store.head_seq("messages") == len(commits) - 1
        for start_seq in (0, 1, size - 1, size, 2 * size, len(commits)):
            told = list(enumerate(commits[start_seq:], start_seq))
            assert list(store.read_commits("messages", start_seq)) == told
        for seq in (0, 7, size - 1, size, len(commits) - 1):
            assert store.get_commit("messages", seq) == commits[seq]
        with pytest.raises(Missing):
            store.get_commit("messages", len(commits))
        assert store.list_zones() == sorted([*self.zones_at_first, "messages", self.device_zone])
        for seq in (size // 2, size - 1, size):
            with pytest.raises(CommitExists):
                store.append_commit("messages", seq, self.commit("messages", seq, "another"))
            with suppress(CommitExists):
                store.append_commit("messages", seq, commits[seq])
            assert store.get_commit("messages", seq) == commits[seq]
        store.append_commit("messages", len(commits), self.commit("messages", len(commits)))
        assert self.pack(store) == int(self.is_packing)
        assert store.head_seq("messages") == len(commits)

    def test_it_says_where_it_is(self, store: Store) -> None:
        assert store.describe()
