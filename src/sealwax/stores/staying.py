"""Objects that a store keeps for a time of its own, though a device has nothing that holds them."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol, runtime_checkable

from sealwax.stores.base import Store


class Staying(NamedTuple):
    """The names of such objects, and until when the last of them stays at least (ms since 1970)."""

    names: frozenset[bytes] = frozenset()
    until_ms: int = 0


@runtime_checkable
class Keeping(Protocol):
    """A store that does not delete at once what it is asked to delete."""

    def staying_objects(self, names: Iterable[bytes]) -> Staying:
        """Those of the objects that it would not delete now."""
        ...


def staying(store: Store, names: Iterable[bytes]) -> Staying:
    """As `Keeping.staying_objects`; nothing for a store that deletes at once."""
    return store.staying_objects(names) if isinstance(store, Keeping) else Staying()
