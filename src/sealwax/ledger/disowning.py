"""Which commits of the shared history a merge disowns: those that a removed device wrote into it.

A place that comes back from an old disk has forgotten a removal. A device that was removed may then
write once more, at a position of the account's log at which it was trusted, and its commits count:
each is judged by the chain before it, and nothing after can change that. So whoever merges such a
history with the one that was lost may disown its tail. Of that tail the commits have no effect
whose authors the log does not trust at the merge's own position.

A device that has not heard of the removal may replace what such a commit added by segments of its
own: a compaction does so by itself. So a compaction, purge or reset that drops a segment of a
disowned commit is disowned with it, whoever wrote it. It said nothing new: what it replaced lives
on.

A merge that is disowned itself disowns nothing. So what a thief disowned with a stolen device comes
back, once that device is removed and its merge disowned in turn.

Implements "Objects and pins" of docs/format.md: its part about merging histories.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from sealwax.ledger.account import AccountLog
from sealwax.ledger.commit import SAID_ALREADY, Commit, CommitKind, Count, Hash


class MergeFacts(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The public facts of a merge: the seq and hash of the head that was lost, and the first seq of
    the tail that it judges at its own position (None: it disowns nothing)."""

    lost_seq: Count
    lost_hash: Hash
    disowned_from: Count | None


class _Said(NamedTuple):
    """What matters of a counting commit: who wrote it, from where on it disowns at which position,
    if it does, the names that it adds, and what it replaces, if it may."""

    seq: int
    author: bytes
    position: int
    disowned_from: int | None
    segments: tuple[bytes, ...]
    chunks: tuple[bytes, ...]
    replaced: tuple[bytes, ...]


class _Reach(NamedTuple):
    """From which seq on a merge disowns what an author wrote, and the merge's own seq."""

    start_seq: int
    merge_seq: int


_decode = msgspec.msgpack.Decoder(MergeFacts).decode


class Disowning:
    """Collects the counting commits of the zone `messages`, in their order."""

    def __init__(self, log: AccountLog) -> None:
        self._log = log
        self._said: list[_Said] = []
        self._authors: dict[bytes, bytes] = {}

    def add(self, commit: Commit) -> bool:
        """Takes in a counting commit; gives whether it is a merge that disowns. (It may be disowned
        itself.)"""
        said = self._of(commit)
        self._said.append(said)
        return said.disowned_from is not None

    def begin_with(self, commits: Iterable[Commit]) -> None:
        """Takes in counting commits that come before all that were added."""
        self._said[:0] = [self._of(commit) for commit in commits]

    def merges(self) -> dict[int, int]:
        """The seqs of the commits that are disowned; of each, the seq of the first merge that
        disowns it."""
        found: dict[int, int] = {}
        # The newest reach of an author is the last one, and begins latest: one that begins later
        # and ends later than another is of no use.
        reaches: dict[bytes, list[_Reach]] = {author: [] for author in self._authors}
        for said in reversed(self._said):
            of_author = reaches[said.author]
            while of_author and of_author[-1].start_seq > said.seq:
                of_author.pop()
            if of_author:
                found[said.seq] = of_author[-1].merge_seq
            elif said.disowned_from is not None:
                self._reach(reaches, said, said.disowned_from)
        return self._with_what_replaced(found) if found else found

    def _with_what_replaced(self, found: dict[int, int]) -> dict[int, int]:
        """Adds the commits that replace what disowned ones added, while that lasted."""
        # A name that a commit that counts has added is that one's, whoever lists it after that.
        counting: set[bytes] = set()
        merges: dict[bytes, int] = {}
        for said in self._said:
            if said.seq not in found:
                reached = [merges[name] for name in said.replaced if name in merges]
                until = min((seq for seq in reached if seq > said.seq), default=None)
                if until is not None:
                    found[said.seq] = until
            if said.seq not in found:
                for name in (*said.segments, *said.chunks):
                    counting.add(name)
                    merges.pop(name, None)
            else:
                for name in said.segments:
                    if name not in counting:
                        merges.setdefault(name, found[said.seq])
        return found

    def _of(self, commit: Commit) -> _Said:
        header = commit.header
        author = self._authors.setdefault(header.author, header.author)
        return _Said(
            header.seq,
            author,
            header.position,
            disowned_from(commit),
            tuple(name for name, *_ in header.segments),
            tuple(name for name, _ in header.chunks),
            tuple(header.dropped) if header.kind in SAID_ALREADY else (),
        )

    def _reach(self, reaches: dict[bytes, list[_Reach]], merge: _Said, start_seq: int) -> None:
        state = self._log.at(merge.position)
        assert state is not None
        for author, of_author in reaches.items():
            if author in state.devices:
                continue
            while of_author and of_author[-1].start_seq >= start_seq:
                of_author.pop()
            of_author.append(_Reach(start_seq, merge.seq))


def disowned_from(commit: Commit) -> int | None:
    """From which seq on a counting commit disowns; None for one that does not. Public facts of the
    wrong form disown nothing, and nor does what lies beyond the commit itself."""
    header = commit.header
    if header.kind != CommitKind.MERGE:
        return None
    try:
        start_seq = _decode(header.public).disowned_from
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return start_seq if start_seq is not None and start_seq < header.seq else None
