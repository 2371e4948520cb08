"""Commits that came from a place, looked at before they are kept: whether they hang together.

A place may be broken, or lie. So a commit is judged by the chain before it and by the account's log
before it comes near, and a row of commits is kept only in parts that somebody vouches for: a commit
that counts names by its signature all that stand before it, and the end of the row has to be the
very head that the place told of.

A place that judges commits itself, as a server does, never holds one that does not count. A folder
may: anybody who can write there can append junk. Such a commit keeps its place in the chain.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from sealwax.ledger.account import AccountLog, VoidEntryError
from sealwax.ledger.chain import BEYOND_LOG, Head, judge
from sealwax.ledger.format_step import NewerFormatError
from sealwax.stores.pack import RANGE_COMMITS

PART_COMMITS = RANGE_COMMITS
PART_BYTES = 16 * 1024 * 1024
"""So many commits, or bytes of them, are kept together: where it goes well, those of a range, which
a store can keep in one piece."""


class ToldHead(NamedTuple):
    """The head of a zone as a place tells it; (-1, nothing) for a zone that is not there."""

    seq: int = -1
    hash: bytes = b""


class UnfitError(ValueError):
    """A row of commits does not hang together, from `seq` on; the text says why."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(why)
        self.seq = seq


class Chain(Protocol):
    """A chain that takes one commit after the other."""

    @property
    def head(self) -> ToldHead:
        """Where it stands."""
        ...

    def take(self, data: bytes) -> str | None:
        """Goes on by one commit; why that does not count, or None. Raises VoidEntryError for what
        is no account's beginning."""
        ...


class ZoneChain:
    """The chain of a zone other than the account's. `log` gives the account's log; `learn` has the
    rest of it fetched, and is asked once."""

    def __init__(
        self, head: Head, log: Callable[[], AccountLog], learn: Callable[[], object]
    ) -> None:
        self._head = head
        self._log = log
        self._learn: Callable[[], object] | None = learn

    @property
    def head(self) -> ToldHead:
        return ToldHead(self._head.seq, self._head.hash)

    def take(self, data: bytes) -> str | None:
        judged = judge(self._head, data, self._log())
        if judged.void_reason == BEYOND_LOG and self._learn is not None:
            learn, self._learn = self._learn, None
            learn()
            judged = judge(self._head, data, self._log())
        self._head = judged.head
        return judged.void_reason


class LogChain:
    """The account's log, from where a known one ends; that one stays as it is."""

    def __init__(self, log: AccountLog) -> None:
        self._log = log.copy()

    @property
    def head(self) -> ToldHead:
        return ToldHead(self._log.head, self._log.head_hash)

    def take(self, data: bytes) -> str | None:
        return self._log.extend(data)


def vetted(
    chain: Chain, commits: Iterable[bytes], told: ToldHead, is_judging: bool
) -> Iterator[list[bytes]]:
    """The commits that follow a chain up to the head that was told, in parts to be kept one after
    the other. Raises UnfitError before the part that does not hang together, NewerFormatError
    before a step that this version cannot read.

    `is_judging` says that the place holds no commit that does not count.
    """
    part: list[bytes] = []
    vouched = size_bytes = 0
    for data in commits:
        if chain.head.seq >= told.seq:
            break
        try:
            is_counting = _take(chain, data, is_judging)
        except NewerFormatError:
            # What stands before such a step is vouched for by it, and is kept.
            if part:
                yield part
            raise
        part.append(data)
        size_bytes += len(data)
        vouched = len(part) if is_counting else vouched
        is_full = (chain.head.seq + 1) % PART_COMMITS == 0 or len(part) >= PART_COMMITS
        if vouched and (is_full or size_bytes >= PART_BYTES):
            yield part[:vouched]
            part = part[vouched:]
            vouched, size_bytes = 0, sum(map(len, part))
    if chain.head != told:
        raise UnfitError(chain.head.seq, "it does not end in the head that was told")
    if part:
        yield part


def counting(chain: Chain, commits: Iterable[bytes], most: int) -> list[bytes]:
    """The first of the commits, up to so many, that follow the chain and count, for where no head
    was told."""
    found: list[bytes] = []
    for data in commits:
        try:
            _take(chain, data, is_judging=True)
        except (UnfitError, NewerFormatError):
            break
        found.append(data)
        if len(found) >= most:
            break
    return found


def _take(chain: Chain, data: bytes, is_judging: bool) -> bool:
    """Goes on by one commit; whether it counts. Raises UnfitError."""
    seq = chain.head.seq + 1
    if not data:
        raise UnfitError(seq, "a commit is empty")
    try:
        reason = chain.take(data)
    except VoidEntryError as error:
        raise UnfitError(seq, str(error)) from error
    if reason is not None and is_judging:
        raise UnfitError(seq, reason)
    return reason is None
