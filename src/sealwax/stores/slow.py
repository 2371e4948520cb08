"""A wrapper that takes its time: a latency for each call, and a rate for bytes."""

from collections.abc import Callable, Iterable, Iterator

from sealwax.stores.base import Store
from sealwax.stores.forwarding import ForwardingStore


class SlowStore(ForwardingStore):
    """Passes every call on after waiting. `wait` takes seconds: a sleep, or a test's own clock."""

    def __init__(
        self,
        inner: Store,
        latency_seconds: float,
        bytes_per_second: float,
        wait: Callable[[float], None],
    ) -> None:
        super().__init__(inner)
        self._latency_seconds = latency_seconds
        self._bytes_per_second = bytes_per_second
        self._wait = wait

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        self._pass(0)
        self._inner.put_objects(self._paced(objects))

    def get_object(self, name: bytes) -> bytes:
        data = self._inner.get_object(name)
        self._pass(len(data))
        return data

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        self._pass(len(data))
        self._inner.append_commit(zone, seq, data)

    def get_commit(self, zone: str, seq: int) -> bytes:
        data = self._inner.get_commit(zone, seq)
        self._pass(len(data))
        return data

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        self._pass(0)
        yield from self._inner.read_commits(zone, start_seq)

    def _paced(self, objects: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        for name, data in objects:
            self._wait(len(data) / self._bytes_per_second)
            yield name, data

    def _pass(self, size_bytes: int) -> None:
        self._wait(self._latency_seconds + size_bytes / self._bytes_per_second)
