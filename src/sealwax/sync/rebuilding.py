"""A library made in scratch: from what the head and the pins hold, which is all that a new device
would read, or from some segments alone."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.library import Library
from sealwax.library.prepared import Prepared
from sealwax.sync.opening import new_opener
from sealwax.sync.replica import Replica
from sealwax.trust.heads import RememberedHeads

LIBRARY_KEY_BYTES = 32


@contextmanager
def rebuilt(replica: Replica, scratch: Path) -> Iterator[Replica]:
    """The same device's view with such a library, gone when the block ends; raises StoreError."""
    with _library(replica, scratch) as library:
        twin = replica.twin(library, RememberedHeads(library.database.path.parent))
        twin.pull()
        yield twin


@contextmanager
def joined(replica: Replica, scratch: Path, segments: Sequence[bytes]) -> Iterator[Library]:
    """A library of what these segments say, gone when the block ends; those that cannot be read are
    left out. Raises StoreError."""
    opener = new_opener(replica.store, replica.keys, MESSAGES_ZONE, len(segments))
    with _library(replica, scratch) as library, closing(opener):
        with closing(opener.open(segments)) as opened:
            for segment in opened:
                if isinstance(segment, Prepared):
                    with library.transaction():
                        library.apply_prepared(segment, library.next_step())
        yield library


@contextmanager
def _library(replica: Replica, scratch: Path) -> Iterator[Library]:
    folder = scratch / "rebuilt"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    key, roots = replica.entropy.bytes(LIBRARY_KEY_BYTES), replica.keys.roots
    library = Library(folder / "library.db", key, roots, is_durable=False)
    try:
        yield library
    finally:
        library.close()
        shutil.rmtree(folder, ignore_errors=True)
