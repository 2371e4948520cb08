"""The part of a store that only one on this device has: it is written by nobody else."""

from collections.abc import Sequence
from typing import Protocol

from sealwax.stores.base import Store


class NearStore(Store, Protocol):
    """A store on this device: it takes many commits at once, and can put a zone aside."""

    def append_commits(self, zone: str, start_seq: int, commits: Sequence[bytes]) -> None:
        """Appends commits that follow one another; durable when it returns."""
        ...

    def set_aside_zone(self, zone: str) -> None:
        """Moves the commits of a zone out of the way; it is empty afterwards."""
        ...

    def lost_commits(self, zone: str) -> list[list[bytes]]:
        """The histories of a zone that were put aside, each from its first commit on."""
        ...
