"""Where this device writes: to the history that all devices share, or to its outbox.

The shared history is first choice. Where it cannot be had (sync is off or paused, the place does
not answer) everything goes to the outbox. Where the account's storage is full, files go to the
outbox and words go on to the history, as long as its reserve lasts. Nothing is ever refused for
such a reason, and nothing is said to be shared that is not.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sealwax.ledger.commit import CommitKind
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway, FarFull
from sealwax.sync.outbox import Outbox
from sealwax.sync.renaming import names_any
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import StoredFile, Writing, Written


class Journal:
    """Writes what this device has to say; see `vault.writing.Writer`."""

    def __init__(self, history: Replica, outbox: Outbox, is_sharing: bool = True) -> None:
        self.history = history
        self.outbox = outbox
        self.is_sharing = is_sharing
        """Whether the shared history is to be written: sync is on and not paused."""
        self.trouble: FarAway | None = None
        """Why the shared history was not written, since it was last tried."""
        self.is_full = False
        """Whether files wait because the account's storage is full."""
        self._waiting_chunks = outbox.chunk_names()
        self._is_together = False

    @property
    def device(self) -> bytes:
        return self.history.device

    @property
    def is_shared_now(self) -> bool:
        """Whether the next writing goes to the shared history."""
        return self.is_sharing and self.trouble is None

    def try_again(self) -> None:
        """Forgets earlier troubles of the shared place."""
        self.trouble, self.is_full = None, False
        self._waiting_chunks = self.outbox.chunk_names()

    @contextmanager
    def together(self) -> Iterator[None]:
        """For many writes in a row: what waits is put onto the library once, at the end."""
        self._is_together = True
        try:
            yield
        finally:
            self._is_together = False
            self._settle(is_whole=not self._waiting_chunks)

    def put_files(self, paths: Sequence[Path]) -> list[StoredFile | OSError]:
        """Seals files and stores their pieces: shared where that is possible, else near."""
        if self.is_shared_now and not self.is_full:
            try:
                return self.history.put_files(paths)
            except FarAway as error:
                self.trouble = error
            except FarFull:
                self.is_full = True
        stored = self.outbox.own.put_files(paths)
        for file in stored:
            if isinstance(file, StoredFile):
                self._waiting_chunks.update(name for name, _ in file.chunks)
        return stored

    def write(self, writing: Writing) -> Written:
        """Appends to the shared history what can go there, and the rest to the outbox. Letting go
        of shared snapshots cannot wait in the outbox: it raises FarAway or FarFull."""
        if writing.kind == CommitKind.UNPIN and not writing.is_own:
            return self.share(writing)
        if writing.is_own or not self.is_shared_now:
            return self.outbox.write(writing)
        shared, waits = split(writing, self._waiting_chunks)
        written = self._write_shared(shared) if not _is_empty(shared) else None
        if not _is_empty(waits):
            later = self.outbox.write(waits)
            written = later if written is None else _sum(written, later)
        assert written is not None
        return written

    def tell(self, part: Part) -> None:
        """Writes into the shared history what is no change of a record; raises FarAway or
        FarFull."""
        self.share(Writing((), part))

    def share(self, writing: Writing) -> Written:
        """Writes into the shared history or nowhere; raises FarAway or FarFull."""
        self._need_shared()
        try:
            return self.history.write(writing)
        except FarAway as error:
            self.trouble = error
            raise
        finally:
            self._settle()

    def share_files(self, files: Sequence[Path | bytes]) -> list[StoredFile | OSError]:
        """The same for the pieces of files that it is to name."""
        self._need_shared()
        try:
            return self.history.put_files(files)
        except FarAway as error:
            self.trouble = error
            raise

    def _need_shared(self) -> None:
        if not self.is_sharing:
            raise FarAway(
                StoreError(
                    "Sync is off or paused, so what all devices share stays as it is.",
                    "Try again once sync goes on.",
                )
            )
        if self.trouble is not None:
            raise self.trouble

    def begin(self, writing: Writing) -> Callable[[], Written]:
        """Begins to seal what goes to the shared history as it is; see `vault.writing.Writer`."""
        if writing.is_own or not self.is_shared_now or self._waiting_chunks:
            return lambda: self.write(writing)
        finish = self.history.begin(writing)
        return lambda: self._finish(writing, finish)

    def _finish(self, writing: Writing, finish: Callable[[], Written]) -> Written:
        """What was begun is not wanted where the shared history went out of reach meanwhile."""
        return self._write_shared(writing, finish) if self.is_shared_now else self.write(writing)

    def _write_shared(
        self, writing: Writing, finish: Callable[[], Written] | None = None
    ) -> Written:
        try:
            written = finish() if finish else self.history.write(writing)
        except FarAway as error:
            self.trouble = error
        except FarFull:
            self.is_full = True
        else:
            self._settle()
            return written
        return self.outbox.write(writing)

    def _settle(self, is_whole: bool = True) -> None:
        if self._is_together:
            return
        if not is_whole:
            self.history.library.strip_tail()
        self.outbox.put_on()


def split(writing: Writing, waiting_chunks: set[bytes]) -> tuple[Writing, Writing]:
    """What can be shared, and what has to wait with the chunks that it names."""
    nothing = writing._replace(
        kind=CommitKind.CHANGE, changes=(), chunks=(), dropped=(), public=b""
    )
    if not waiting_chunks:
        return writing, nothing
    chunks = [chunk for chunk in writing.chunks if chunk[0] in waiting_chunks]
    waits = [change for change in writing.changes if names_any(change, waiting_chunks)]
    stays = [change for change in writing.changes if not names_any(change, waiting_chunks)]
    kept = [chunk for chunk in writing.chunks if chunk[0] not in waiting_chunks]
    return (
        writing._replace(changes=tuple(stays), chunks=tuple(kept)),
        nothing._replace(changes=tuple(waits), chunks=tuple(chunks)),
    )


def _is_empty(writing: Writing) -> bool:
    told = writing.changes or writing.chunks or writing.dropped
    return not told and writing.kind == CommitKind.CHANGE


def _sum(one: Written, two: Written) -> Written:
    return one._replace(
        added=one.added + two.added,
        changed=one.changed + two.changed,
        stored_bytes=one.stored_bytes + two.stored_bytes,
    )
