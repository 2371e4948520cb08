"""A pack: a complete range of commits in one piece, each as readable as it was alone.

    16 bytes               the head: "SLWP", version, count, seq of the first commit
    12 bytes a commit      where it ends in the pack, and the first 8 bytes of its SHA-256
    …                      the commits, one after the other
    16 bytes               the head once more
    32 bytes               SHA-256 of all before

Everything has a fixed place, so that a bit that a disk flipped costs the commit that it is in, or
the two that meet where the table is wrong, and no other. The head is there twice for the same
reason.
The same commits always make the same bytes. Implements "The folder store" of docs/format.md.
"""

import hashlib
import struct
from collections.abc import Callable, Sequence
from itertools import pairwise

from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.ledger.names import commit_hash
from sealwax.stores.base import COMMIT_LIMIT_BYTES

RANGE_COMMITS = 1_000
"""So many commits are a range: the first one has a multiple of this as its seq."""
PACK_LIMIT_BYTES = 64 * 1024 * 1024
"""What would be larger stays apart: there, it is not the number of files that costs."""
_MAGIC, _VERSION = b"SLWP", 1
_HEAD = struct.Struct(">4sHHQ")
_ENTRY = struct.Struct(">I8s")
_SUM_BYTES = 32


def range_start(seq: int) -> int:
    """The first seq of the range that a seq is in."""
    return seq - seq % RANGE_COMMITS


def is_settled(start_seq: int, head_seq: int, count: int = RANGE_COMMITS) -> bool:
    """Whether the head has left a range behind by a tenth of it: ends that part are mostly shorter
    than that, so a pack hardly ever has to be taken apart."""
    return head_seq >= start_seq + count - 1 + count // 10


def make_pack(
    start_seq: int, commits: Sequence[bytes], limit_bytes: int = PACK_LIMIT_BYTES
) -> bytes | None:
    """The bytes of a pack; None where a commit is larger than one may be, or all of them are."""
    head = _HEAD.pack(_MAGIC, _VERSION, len(commits), start_seq)
    end = len(head) + len(commits) * _ENTRY.size
    table = bytearray()
    for data in commits:
        if not 0 < len(data) <= COMMIT_LIMIT_BYTES:
            return None
        end += len(data)
        if end > limit_bytes:
            return None
        table += _ENTRY.pack(end, _check(data))
    body = b"".join((head, table, *commits, head))
    return body + hashlib.sha256(body).digest()


class Pack:
    """A pack that is read piece by piece, and believed in nothing but where its commits lie."""

    def __init__(self, read: Callable[[int, int], bytes], start_seq: int, count: int) -> None:
        """`read` gives the bytes from an offset on, up to so many."""
        self._read = read
        self._start_seq = start_seq
        self._count = count
        self._table = read(_HEAD.size, count * _ENTRY.size)

    @classmethod
    def of(cls, data: bytes, start_seq: int, count: int = RANGE_COMMITS) -> "Pack":
        """One that is in memory."""
        return cls(lambda at, size: data[at : at + size], start_seq, count)

    def commit(self, seq: int) -> bytes:
        """The bytes of a commit as they lie there. Where the table does not say it, that line of
        the table: a commit that is damaged is not one that is missing."""
        at = seq - self._start_seq
        assert 0 <= at < self._count
        begin, end = self._end(at - 1), self._end(at)
        first = _HEAD.size + len(self._table)
        if first <= begin < end <= begin + COMMIT_LIMIT_BYTES:
            data = self._read(begin, end - begin)
            if len(data) == end - begin:
                return data
        return self._entry(at) or _MAGIC

    def is_whole(self, seq: int) -> bool:
        """Whether the bytes of a commit are those that were packed."""
        return self._entry(seq - self._start_seq)[4:] == _check(self.commit(seq))

    def damaged(self) -> list[int]:
        """The seqs of the commits that are not as they were packed."""
        seqs = range(self._start_seq, self._start_seq + self._count)
        return [seq for seq in seqs if not self.is_whole(seq)]

    def commits(self) -> list[bytes]:
        """All of them, in order."""
        return [self.commit(self._start_seq + at) for at in range(self._count)]

    def _entry(self, at: int) -> bytes:
        return self._table[at * _ENTRY.size : (at + 1) * _ENTRY.size]

    def _end(self, at: int) -> int:
        if at < 0:
            return _HEAD.size + self._count * _ENTRY.size
        return int.from_bytes(self._entry(at)[:4], "big")


def is_pack(
    read: Callable[[int, int], bytes],
    size_bytes: int,
    start_seq: int,
    count: int = RANGE_COMMITS,
) -> bool:
    """Whether this is a pack of the range, by either of its heads: whole, or damaged."""
    head = _HEAD.pack(_MAGIC, _VERSION, count, start_seq)
    least_bytes = 2 * len(head) + count * (_ENTRY.size + 1) + _SUM_BYTES
    if not least_bytes <= size_bytes <= PACK_LIMIT_BYTES + len(head) + _SUM_BYTES:
        return False
    last = size_bytes - _SUM_BYTES - len(head)
    return head in (read(0, len(head)), read(last, len(head)))


def hang_together(commits: Sequence[bytes]) -> bool:
    """Whether each commit names the one before it. What has not the form of a commit (in a folder,
    a void one) names none, and may stand anywhere."""
    return all(
        previous_of(following) in (b"", commit_hash(data)) for data, following in pairwise(commits)
    )


def previous_of(data: bytes) -> bytes:
    """The hash of the commit before, as a commit names it; nothing for one without form."""
    try:
        return parse_commit(data).header.previous
    except MalformedCommitError:
        return b""


def _check(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:8]
