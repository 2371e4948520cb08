"""Putting old commits together: a complete range of a thousand becomes one pack.

A live message leaves a commit of some hundred bytes. In ten years these are a few hundred thousand
files, each of which takes a block of its disk. Names, numbers and bytes of commits stay what they
are: how they lie is a matter of the store alone.
"""

from typing import Protocol, runtime_checkable

from sealwax.stores.base import Store

PACKED_TOGETHER = 4
"""So many ranges are packed in passing."""


@runtime_checkable
class Packing(Protocol):
    """A store whose old commits have to be put together now and then."""

    def pack_commits(self, most: int) -> int:
        """Packs complete ranges that the heads of their zones have left behind, at most so many;
        gives how many. Cut off at any moment, everything is there all the same."""
        ...


def pack_some(store: Store, most: int = PACKED_TOGETHER) -> int:
    """As `Packing.pack_commits`; nothing for a store that does it by itself, or needs none."""
    return store.pack_commits(most) if isinstance(store, Packing) else 0
