"""A library made in scratch from what the head and the pins hold: all that a new device would
read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealwax.library.library import Library
from sealwax.sync.replica import Replica
from sealwax.trust.heads import RememberedHeads

LIBRARY_KEY_BYTES = 32


@contextmanager
def rebuilt(replica: Replica, scratch: Path) -> Iterator[Replica]:
    """The same device's view with such a library, gone when the block ends; raises StoreError."""
    folder = scratch / "rebuilt"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    key, roots = replica.entropy.bytes(LIBRARY_KEY_BYTES), replica.keys.roots
    library = Library(folder / "library.db", key, roots, is_durable=False)
    try:
        twin = replica.twin(library, RememberedHeads(folder))
        twin.pull()
        yield twin
    finally:
        library.close()
        shutil.rmtree(folder, ignore_errors=True)
