"""What every store is: a dumb place that keeps sealed objects and signed commits of one account.

A store knows names and bytes, nothing else. Objects are named by the SHA-256 of their bytes, so a
store can be checked without a key. Commits are named by zone and seq; a name is written once and
never replaced, deleted or reused, and creating one that exists fails: that is the only
compare-and-swap there is.

The contract, checked by `tests/stores/contract.py` for every implementation:

1. What `put_objects` or `append_commit` returned from is durable: a power cut does not lose it.
2. Putting an object that is there already changes nothing and succeeds, so an upload may be
   repeated at any time. An object is there whole or not at all. One that a disk damaged is replaced
   when bytes are put whose hash is the name, as durably as a new one; whole bytes never are.
3. `append_commit` creates seq n only when n is 0 or n - 1 exists; it raises `CommitExists` when n
   is taken and `CommitGap` when n - 1 is missing. A store may take the very bytes that are there
   already for a request whose answer was lost, and say yes. A torn write never becomes a commit.
4. Reads see every write that returned before them.
5. `get_object` returns the bytes as they are stored, or the beginning of more than an object may
   have: checking them against the name is the reader's work, always.
6. A missing object or commit raises `Missing`; a full, read-only or failing place raises a
   `StoreError` that says so. Nothing that was acknowledged is lost by a failure.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from sealwax.base.errors import SealwaxError
from sealwax.ledger.names import OBJECT_LIMIT_BYTES as OBJECT_LIMIT_BYTES

COMMIT_LIMIT_BYTES = 2 * 1024 * 1024
"""No commit is larger."""


class StoreError(SealwaxError):
    """The place that keeps the vault does not do what it must."""

    code = "store-failed"
    hint = "Check that the place is connected, writable and not full; then run the command again."


class StoreFull(StoreError):
    """There is no room left."""

    code = "store-full"
    hint = "Free some space there, then run the command again: it goes on where it stopped."


class StoreReadOnly(StoreError):
    """The place cannot be written to."""

    code = "store-read-only"
    hint = "Make the place writable; reading it works as it is."


class Missing(StoreError):
    """An object or a commit is not there."""

    code = "store-missing"
    hint = "Run `sealwax verify` to see all that is missing; put it back from another copy."


class CommitExists(StoreError):
    """Someone else appended this seq first."""

    code = "commit-exists"
    hint = "Run the command again."


class CommitGap(StoreError):
    """The commit before this one is not there."""

    code = "commit-gap"
    hint = "Run `sealwax verify`: the vault lacks a part of its history."


class CommitVoid(StoreError):
    """A commit would not count: the history, or the account, went on meanwhile."""

    code = "commit-void"
    hint = "Run the command again: it begins with what others wrote."


class PinLocked(StoreError):
    """A snapshot is locked by the clock of whoever keeps it."""

    code = "pin-locked"
    hint = "Wait until the lock has run out; check the clock of this computer, too."


class StoredObject(NamedTuple):
    """An object's name (32 bytes) and how many bytes it takes."""

    name: bytes
    size_bytes: int


class Store(Protocol):
    """The objects and commits of one account in one place."""

    def describe(self) -> str:
        """Where this is, for people: a path, an address. No secrets."""
        ...

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        """Keeps (name, bytes) pairs; returns when all of them are durable."""
        ...

    def get_object(self, name: bytes) -> bytes: ...

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        """Those of `names` that are there."""
        ...

    def list_objects(self) -> Iterator[StoredObject]:
        """Every object that is there, in the order of names."""
        ...

    def delete_objects(self, names: Iterable[bytes]) -> None:
        """Removes objects; a name that is not there is no error."""
        ...

    def append_commit(self, zone: str, seq: int, data: bytes) -> None: ...

    def get_commit(self, zone: str, seq: int) -> bytes: ...

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        """(seq, bytes) from `start_seq` on, in order, without a gap, to the head."""
        ...

    def head_seq(self, zone: str) -> int:
        """The newest seq of a zone, or -1 when the zone is not there."""
        ...

    def list_zones(self) -> list[str]:
        """The zones that hold at least one commit, sorted."""
        ...

    def close(self) -> None: ...
