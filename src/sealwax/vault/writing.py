"""What a machine asks to have written, and the narrow interface that writes it.

Import, restore and deletion decide *what* changes; one `Writer` turns that into sealed objects and
a commit, and keeps the library in step. So those machines know neither stores nor chains.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sealwax.ledger.commit import CommitKind
from sealwax.model.change import Change
from sealwax.vault.commit_part import Part

CHANGES_LIMIT = 3_000
"""At most about this many changes go into one commit: a long write is a row of commits, each of
which stands on its own, so that an interrupted one goes on where it stopped."""


class NoLongerWanted(Exception):
    """What was to be written is not wanted, after what others wrote meanwhile."""


class Pinning(NamedTuple):
    """What a pin asks for: until when nobody may let go of it (0: no lock), and the seq whose state
    it holds, an earlier one than its own. None is that of the commit before it, whichever that will
    be."""

    lock_until_ms: int = 0
    pinned_seq: int | None = None


PLAIN_PIN = Pinning()
"""A pin of the commit before it, without a lock."""


class Writing(NamedTuple):
    """One commit to be made: changes, the chunks that they name, and what it says of itself.

    `chunks` are (name, size) pairs of chunks that `Writer.put_files` has stored already. `is_own`
    says that it belongs in the device's own zone: letting go of a snapshot that is there. `public`
    are the public facts of its kind; those of a pin are `pinning`. `in_use`
    gives the pieces of files that are in use after all, as of the commit before: these are not
    dropped. `is_wanted` says, as of the commit before, whether this is still to be written.
    """

    changes: tuple[Change, ...]
    part: Part
    kind: CommitKind = CommitKind.CHANGE
    chunks: tuple[tuple[bytes, int], ...] = ()
    dropped: tuple[bytes, ...] = ()
    public: bytes = b""
    is_own: bool = False
    in_use: Callable[[], Set[bytes]] | None = None
    is_wanted: Callable[[], bool] | None = None
    pinning: Pinning = PLAIN_PIN


class Written(NamedTuple):
    """What came of it: the commit's seq, records added and changed, sealed bytes stored, and
    whether it is in the device's own zone."""

    seq: int
    added: int
    changed: int
    stored_bytes: int
    is_own: bool = False


class StoredFile(NamedTuple):
    """A file whose pieces are in the store: the value of the `content` field, and its chunks."""

    content: list[Any]
    chunks: tuple[tuple[bytes, int], ...]
    size_bytes: int


class Writer(Protocol):
    """Writes what this device has to say: to the messages zone, or to its own."""

    @property
    def device(self) -> bytes:
        """The id of this device: it stamps the changes."""
        ...

    def put_files(self, paths: Sequence[Path]) -> list[StoredFile | OSError]:
        """Seals and stores the pieces of files that the store does not hold yet.

        Gives, in the order of `paths`, the stored file, or the error when it cannot be read or
        changes while it is read. Memory is bounded by a few pieces.
        """
        ...

    def write(self, writing: Writing) -> Written:
        """Stores the changes and appends the commit; durable when it returns. Raises
        NoLongerWanted, with nothing written, where `is_wanted` says so."""
        ...

    def begin(self, writing: Writing) -> Callable[[], Written]:
        """Begins to seal; what it gives does the rest of `write`.

        Until then nothing of it is written. Several may be begun, and are finished in their order.
        """
        ...


def write_in_batches(writer: Writer, changes: Iterable[Change], reason: str) -> int:
    """Writes what a person confirmed, in commits that stand on their own; gives how many records.

    The changes of one record stay together.
    """
    records: set[bytes] = set()
    batch: list[Change] = []
    for change in changes:
        if len(batch) >= CHANGES_LIMIT and change.record not in records:
            _write(writer, batch, reason)
        batch.append(change)
        records.add(change.record)
    _write(writer, batch, reason)
    return len(records)


def _write(writer: Writer, batch: list[Change], reason: str) -> None:
    if batch:
        writer.write(Writing(tuple(batch), Part(reason=reason, confirmed=True)))
        batch.clear()
