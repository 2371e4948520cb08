"""A wrapper that fails as networks and disks do: before the act, after it, or in its midst.

A fault after the act is the cruel one: the store has done what was asked, and the caller is told
that it failed. A caller is right when it can ask again after any of them and lose nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum

from sealwax.stores.base import Store, StoredObject, StoreError
from sealwax.stores.forwarding import ForwardingStore


class Fault(Enum):
    """What goes wrong in one call."""

    BEFORE = "before"
    AFTER = "after"
    MIDST = "midst"
    """Only for `put_objects`: some objects are kept, the rest are not. Elsewhere as BEFORE."""


class InjectedFault(StoreError):
    """A fault that was asked for."""

    code = "store-injected-fault"


class FaultyStore(ForwardingStore):
    """Passes calls on, or fails them as `decide(name of the call)` says; None lets one through."""

    def __init__(self, inner: Store, decide: Callable[[str], Fault | None]) -> None:
        super().__init__(inner)
        self._decide = decide

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        fault = self._before("put_objects", may_be_partial=True)
        if fault is Fault.MIDST:
            self._inner.put_objects(_every_other(objects))
            raise InjectedFault("Only some objects were stored.")
        self._inner.put_objects(objects)
        _after(fault)

    def get_object(self, name: bytes) -> bytes:
        self._before("get_object")
        return self._inner.get_object(name)

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        self._before("has_objects")
        return self._inner.has_objects(names)

    def list_objects(self) -> Iterator[StoredObject]:
        self._before("list_objects")
        return self._inner.list_objects()

    def delete_objects(self, names: Iterable[bytes]) -> None:
        fault = self._before("delete_objects")
        self._inner.delete_objects(names)
        _after(fault)

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        fault = self._before("append_commit")
        self._inner.append_commit(zone, seq, data)
        _after(fault)

    def get_commit(self, zone: str, seq: int) -> bytes:
        self._before("get_commit")
        return self._inner.get_commit(zone, seq)

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        self._before("read_commits")
        yield from self._inner.read_commits(zone, start_seq)

    def _before(self, call: str, may_be_partial: bool = False) -> Fault | None:
        fault = self._decide(call)
        if fault is Fault.BEFORE or (fault is Fault.MIDST and not may_be_partial):
            raise InjectedFault(f"The call {call} failed before anything was done.")
        return fault


def _after(fault: Fault | None) -> None:
    if fault is Fault.AFTER:
        raise InjectedFault("The answer was lost; what was asked for was done.")


def _every_other(objects: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    for at, pair in enumerate(objects):
        if at % 2 == 0:
            yield pair
