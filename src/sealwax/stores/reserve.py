"""The reserve of a full account: what is essential may use it, where a store has one."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, runtime_checkable

from sealwax.stores.base import Store


@runtime_checkable
class Reserving(Protocol):
    """A store that keeps a reserve for words, deletions and keys."""

    def essential(self) -> AbstractContextManager[None]:
        """What this thread puts and appends within may use the reserve."""
        ...


def essential(store: Store) -> AbstractContextManager[None]:
    """As `Reserving.essential`; nothing for a store without a reserve."""
    return store.essential() if isinstance(store, Reserving) else nullcontext()
