"""The part of a store that only one on this device has: it is written by nobody else."""

from collections.abc import Sequence
from typing import Protocol

from sealwax.stores.base import Store

KEPT_ASIDE = 32
"""So many histories of a zone that were put aside are kept, and so many ends of one: the newest."""


class NearStore(Store, Protocol):
    """A store on this device: it takes many commits at once, and can put some aside."""

    def append_commits(
        self, zone: str, start_seq: int, commits: Sequence[bytes], head_seq: int = -1, /
    ) -> None:
        """Appends commits that follow one another; durable when it returns. Where they are a part
        of a longer row, `head_seq` is its end: what is old by that may be put together at once."""
        ...

    def set_aside_zone(self, zone: str) -> None:
        """Moves the commits of a zone out of the way; it is empty afterwards."""
        ...

    def set_aside_end(self, zone: str, start_seq: int) -> None:
        """Moves the commits of a zone from a seq on out of the way, those behind a gap too; they
        are kept for a look. Cut off, the zone ends somewhat later."""
        ...

    def replace_commit(self, zone: str, seq: int, data: bytes) -> None:
        """Puts the right bytes in the place of a commit that a disk damaged; durable when it
        returns. The damaged ones are kept aside."""
        ...

    def lost_commits(self, zone: str) -> list[list[bytes]]:
        """The histories of a zone that were put aside, each from its first commit on."""
        ...
