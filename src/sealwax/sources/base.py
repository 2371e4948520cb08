"""What every source of messages is: something read-only that yields what it sees.

A source never writes to what it reads and leaves nothing beside it. It yields batches of
observations, deletions and problems; it does not know what Sealwax already has. Deciding what is
new is the work of `intake`.

The contract, checked by `tests/sources/contract.py`:

1. `read()` may be called again and yields the same observations while the source is unchanged.
2. Conversations and contacts come before the messages that name them; attachments before or with
   the messages that name them; deletions last. Messages come grouped by conversation, then in time,
   as far as the source can do so in bounded memory.
3. A bad row yields a `Problem` and the row's readable part; nothing a source holds makes `read()`
   raise, except that the source as a whole cannot be opened or read any further (`SourceError`).
4. Memory is bounded by a batch, not by the size of the source.
5. Every time in an observation is the source's own time for the fact, or the source's newest date
   where it has none. The time of the import appears nowhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from sealwax.base.errors import SealwaxError
from sealwax.base.problem import Problem
from sealwax.model.change import Change, Entry

BATCH_ITEMS = 4_000
"""At most this many items in one batch."""


class SourceError(SealwaxError):
    """The source as a whole cannot be read."""

    code = "source-unreadable"
    hint = "Check that the path is right and that you may read it."


class SourceDamaged(SourceError):
    """A part of the source cannot be read; what can be is."""

    code = "source-damaged"
    hint = (
        "What could be read was imported, and nothing was taken away. Put a whole copy of it in its"
        " place (on a Mac: quit Messages and start the Mac anew), then import again."
    )


class Observation(NamedTuple):
    """What a source saw of one record: facts that share one time.

    A record may be observed several times in one read, with a different time for each group of
    facts: a tapback is an observation of the message it is on, at the tapback's own time.
    `canonical_id` is the canonical source id (see model.record), `time_ms` the time of the facts.
    `content` is the file that an attachment's bytes can be read from, where there is one.
    """

    kind: int
    canonical_id: str
    time_ms: int
    entries: tuple[Entry, ...]
    content: Path | None = None


class Deletion(NamedTuple):
    """A deletion that a person made on purpose in the source.

    `key` is the key of the record's `deletion` field: `recoverable:<time in ms>` for a record in
    Recently Deleted, `tombstone:` for one that is only remembered as deleted. `time_ms` is when it
    was deleted, or None where the source does not say.
    """

    kind: int
    canonical_id: str
    key: str
    time_ms: int | None


class Copied(NamedTuple):
    """A record with all its changes, as an export of Sealwax holds it.

    The changes have no record id yet; they keep their lives, times and devices. `changes` hold
    content alone, `controls` what it says besides: of deletions and purges. `content` is the file
    with an attachment's bytes. Records of several namespaces may stand in one export.
    """

    kind: int
    namespace: str
    canonical_id: str
    changes: tuple[Change, ...]
    content: Path | None = None
    controls: tuple[Change, ...] = ()


Item: TypeAlias = Observation | Deletion | Copied | Problem


class Description(NamedTuple):
    """What a source says of itself before it is read.

    `identity` tells this source from others of its kind for good (a hash, no path), `label` is for
    people, `newest_ms` the newest date found in it (0 when it holds no date), `messages` about how
    many messages it holds, `schema` what was recognised ("macOS 15"), `warnings` plain sentences.
    """

    kind: str
    identity: str
    label: str
    newest_ms: int
    messages: int
    schema: str
    warnings: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


class Source(Protocol):
    """One opened source. Close it when done; closing removes every temporary copy."""

    @property
    def namespace(self) -> str:
        """The namespace of its canonical source ids, in which the references in its entries stand
        (see model.reference); of an export, that of records which name none."""
        ...

    def describe(self) -> Description: ...

    def read(self) -> Iterator[list[Item]]:
        """Everything it sees, in batches of at most BATCH_ITEMS items."""
        ...

    def state(self) -> bytes | None:
        """What to give when the source is opened next time, so that it reads only what changed;
        for after `read` has ended. None when it must be read whole."""
        ...

    def close(self) -> None: ...
