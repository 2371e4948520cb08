"""A store that passes everything on to another one: what the wrappers are made from."""

from collections.abc import Iterable, Iterator

from sealwax.stores.base import Store, StoredObject


class ForwardingStore:
    """Passes every call on; see `stores.base.Store`. A wrapper overrides what it changes."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner

    @property
    def is_judging(self) -> bool:
        """As the other one's; see `stores.server.ServerStore`."""
        return bool(getattr(self._inner, "is_judging", False))

    def describe(self) -> str:
        return self._inner.describe()

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        self._inner.put_objects(objects)

    def get_object(self, name: bytes) -> bytes:
        return self._inner.get_object(name)

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        return self._inner.has_objects(names)

    def list_objects(self) -> Iterator[StoredObject]:
        return self._inner.list_objects()

    def delete_objects(self, names: Iterable[bytes]) -> None:
        self._inner.delete_objects(names)

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        self._inner.append_commit(zone, seq, data)

    def get_commit(self, zone: str, seq: int) -> bytes:
        return self._inner.get_commit(zone, seq)

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        return self._inner.read_commits(zone, start_seq)

    def head_seq(self, zone: str) -> int:
        return self._inner.head_seq(zone)

    def list_zones(self) -> list[str]:
        return self._inner.list_zones()

    def close(self) -> None:
        self._inner.close()
