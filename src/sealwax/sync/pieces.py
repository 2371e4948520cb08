"""Files into sealed pieces: read in turn, sealed by several processors, given out in order.

Memory is bounded by a few pieces. Hashing and sealing let other threads run, so the pieces of one
file, or of several, are sealed at the same time; the order in which they come out is that in which
they were read.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from sealwax.crypto.keyed_hash import FileHash
from sealwax.vault.objects import CHUNK_BYTES, Sealed
from sealwax.vault.writing import StoredFile

THREADS = max(1, min(4, os.cpu_count() or 1))
AHEAD = THREADS + 1
"""How many pieces are read and sealed ahead of the one that is given out."""


class _Read(NamedTuple):
    """A piece that is being sealed, or (`sealing` is None) the end of its file."""

    file: "_File"
    piece: bytes
    sealing: Future[Sealed] | None


class _File:
    """What is known of a file so far."""

    def __init__(self, file_hash: FileHash) -> None:
        self.hash = file_hash
        self.pieces: list[list[Any]] = []
        self.chunks: list[tuple[bytes, int]] = []
        self.size_bytes = 0
        self.error: OSError | None = None

    def stored(self) -> StoredFile | OSError:
        if self.error is not None:
            return self.error
        content = [self.hash.digest(), self.size_bytes, self.pieces]
        return StoredFile(content, tuple(self.chunks), self.size_bytes)


def sealed_pieces(
    files: Sequence[Path | bytes],
    new_hash: Callable[[], FileHash],
    seal: Callable[[bytes], Sealed],
    settle: Callable[[bytes, Sealed], tuple[Sealed, bool]],
    stored: list[StoredFile | OSError],
) -> Iterator[tuple[bytes, bytes]]:
    """Yields the objects to be stored, and appends what came of each file to `stored`.

    `seal` is called by other threads. `settle` is called by this one, with a piece and its seal: it
    gives the seal that may be used, and whether the zone lacks it still.
    """
    ahead: deque[_Read] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for read in _read(files, new_hash, lambda piece: pool.submit(seal, piece)):
            ahead.append(read)
            if len(ahead) > AHEAD:
                yield from _take(ahead.popleft(), settle, stored)
        while ahead:
            yield from _take(ahead.popleft(), settle, stored)


def _read(
    files: Sequence[Path | bytes],
    new_hash: Callable[[], FileHash],
    submit: Callable[[bytes], Future[Sealed]],
) -> Iterator[_Read]:
    for told in files:
        file = _File(new_hash())
        try:
            for piece in _cut(told) if isinstance(told, bytes) else read_pieces(told):
                sealing = submit(piece)
                file.hash.update(piece)
                file.size_bytes += len(piece)
                yield _Read(file, piece, sealing)
        except OSError as error:
            file.error = error
        yield _Read(file, b"", None)


def _take(
    read: _Read,
    settle: Callable[[bytes, Sealed], tuple[Sealed, bool]],
    stored: list[StoredFile | OSError],
) -> Iterator[tuple[bytes, bytes]]:
    file = read.file
    if read.sealing is None:
        stored.append(file.stored())
        return
    sealed, is_new = settle(read.piece, read.sealing.result())
    file.pieces.append([sealed.name, len(read.piece)])
    if is_new:
        file.chunks.append((sealed.name, len(sealed.data)))
        yield sealed


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


def read_pieces(path: Path) -> Iterator[bytes]:
    """The pieces of a file; raises OSError when it changes while it is read."""
    with path.open("rb", buffering=0) as file:
        before = path.stat()
        read_bytes = 0
        while piece := _read_full(file.read, CHUNK_BYTES):
            read_bytes += len(piece)
            yield piece
        after = path.stat()
    if read_bytes != before.st_size or (before.st_mtime_ns, before.st_size) != (
        after.st_mtime_ns,
        after.st_size,
    ):
        raise OSError("the file changed while it was read")


def _read_full(read: Callable[[int], bytes | None], limit: int) -> bytes:
    """Reads up to `limit` bytes; fewer only at the end of the file."""
    pieces: list[bytes] = []
    missing = limit
    while missing and (piece := read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
