"""A wrapper that counts: how many calls of each kind, how many bytes went which way."""

from collections import Counter
from collections.abc import Iterable, Iterator

from sealwax.stores.base import Store, StoredObject
from sealwax.stores.forwarding import ForwardingStore


class CountingStore(ForwardingStore):
    """Passes every call on and counts it. `calls` by name; bytes of objects and commits."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.calls: Counter[str] = Counter()
        self.bytes_written = 0
        self.bytes_read = 0

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        self.calls["put_objects"] += 1
        self._inner.put_objects(self._written(objects))

    def get_object(self, name: bytes) -> bytes:
        self.calls["get_object"] += 1
        return self._read(self._inner.get_object(name))

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        self.calls["has_objects"] += 1
        return self._inner.has_objects(names)

    def list_objects(self) -> Iterator[StoredObject]:
        self.calls["list_objects"] += 1
        return self._inner.list_objects()

    def delete_objects(self, names: Iterable[bytes]) -> None:
        self.calls["delete_objects"] += 1
        self._inner.delete_objects(names)

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        self.calls["append_commit"] += 1
        self._inner.append_commit(zone, seq, data)
        self.bytes_written += len(data)

    def get_commit(self, zone: str, seq: int) -> bytes:
        self.calls["get_commit"] += 1
        return self._read(self._inner.get_commit(zone, seq))

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        self.calls["read_commits"] += 1
        for seq, data in self._inner.read_commits(zone, start_seq):
            yield seq, self._read(data)

    def _written(self, objects: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        for name, data in objects:
            self.calls["objects_put"] += 1
            self.bytes_written += len(data)
            yield name, data

    def _read(self, data: bytes) -> bytes:
        self.bytes_read += len(data)
        return data
