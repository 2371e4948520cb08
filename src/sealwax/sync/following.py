"""What a store holds of a zone beyond a library, as of one moment.

A pull asks about the same commits again and again: which segments it will read, whether the brake
holds something, which objects are needed, what is to be applied. So each commit is judged once, and
the first `STRETCH_COMMITS` are kept opened; of a longer row only the verdicts are kept, and the
commits are read again, stretch by stretch, so that memory stays bounded. What the brake has read of
a few segments is kept ready for the library.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.ledger.chain import BEYOND_LOG, Head, Judged
from sealwax.ledger.commit import Commit, parse_commit
from sealwax.ledger.disowning import Disowning
from sealwax.ledger.dropping import touched
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.ledger.objects import Interval, Objects
from sealwax.library.prepared import Prepared, prepare
from sealwax.model.change import Change
from sealwax.stores.base import Missing, Store
from sealwax.sync.opening import Opened, fetch_segment
from sealwax.trust.heads import RememberedHeads
from sealwax.vault.commit_part import Part, part_as_it_counts
from sealwax.vault.group import changes_of
from sealwax.vault.keys import AccountKeys, KeyMissing
from sealwax.vault.objects import HoldsNothing, sound_groups

STRETCH_COMMITS = 256
"""Commits are applied in stretches of this many."""
READY_SEGMENTS = 16
"""Of so many segments what was read is kept for the library."""


class Following(NamedTuple):
    """A commit that follows the library's head: its opened part, why that could not be opened here,
    where it could not, whether its author sealed none that opens, and the seq of the merge that
    disowns it, where one does."""

    judged: Judged
    data: bytes
    part: Part
    unreadable: str = ""
    is_part_closed: bool = False
    merge_seq: int | None = None

    @property
    def segments(self) -> list[bytes]:
        """The segments that it adds to the state, needed or not."""
        return [name for name, _ in self.sized_segments]

    @property
    def sized_segments(self) -> list[tuple[bytes, int]]:
        """The same, with the size of each."""
        if self.judged.commit is None or self.merge_seq is not None:
            return []
        return [(name, size_bytes) for name, size_bytes, _ in self.judged.commit.header.segments]


class _Verdict(NamedTuple):
    """What was found about a commit: the head that it makes, and why it does not count."""

    head: Head
    void_reason: str | None


class Ahead:
    """The commits that follow a head. `judge` judges one, with the account's log as far as it is
    needed; `known` tells what the library, which stands at that head, knows of names of objects;
    `counted` gives the commits up to that head that count. `disowning` is there for the zone in
    which merges disown commits."""

    def __init__(
        self,
        store: Store,
        keys: AccountKeys,
        heads: RememberedHeads,
        judge: Callable[[Head, bytes], Judged],
        known: Callable[[set[bytes]], Mapping[bytes, Interval]],
        counted: Callable[[], Iterable[Commit]],
        disowning: Disowning | None,
        clock: Clock,
        start: Head,
    ) -> None:
        self.start = start
        self.disowned: dict[int, int] | None = None
        """The seqs of all commits of the zone that are disowned, with those of their merges; None
        where no commit here disowns any."""
        self._store = store
        self._keys = keys
        self._heads = heads
        self._judge = judge
        self._known = known
        self._counted = counted
        self._disowning = disowning
        self._clock = clock
        self._verdicts: list[_Verdict] = []
        self._opened: list[Following] = []
        self._objects = Objects()
        self._ready: dict[bytes, Prepared] = {}

    @property
    def head(self) -> Head:
        """The newest commit of the store that was judged."""
        return self._verdicts[-1].head if self._verdicts else self.start

    def goes_on_from(self, head: Head) -> bool:
        """Whether all of this is still true for a library that stands at a head: the store has the
        same commits, and none of them waits for a later part of the account's log."""
        if head != self.start or any(told.void_reason == BEYOND_LOG for told in self._verdicts):
            return False
        try:
            return self.head == self.start or self._hash_at(self.head.seq) == self.head.hash
        except Missing:
            return False

    def look(self) -> None:
        """Judges what the store holds by now and was not judged yet; raises RolledBack or
        StoreError."""
        head, is_disowning = self.head, False
        for _, data in self._store.read_commits(head.zone, head.seq + 1):
            judged = self._judge(head, data)
            head = judged.head
            self._heads.check(head)
            self._verdicts.append(_Verdict(head, judged.void_reason))
            if judged.commit is not None:
                self._fold(judged.commit)
                if self._disowning is not None:
                    is_disowning |= self._disowning.add(judged.commit)
            if len(self._opened) < STRETCH_COMMITS:
                self._opened.append(self._following(judged, data))
        if is_disowning:
            self._disown()

    def _disown(self) -> None:
        """Folds all anew, without what a merge disowns: only now is known that it does."""
        assert self._disowning is not None
        if self.disowned is None:
            self._disowning.begin_with(self._counted())
        self.disowned = self._disowning.merges()
        self._objects = Objects(self.disowned)
        for following in self.commits():
            if following.judged.commit is not None:
                self._fold(following.judged.commit)

    def _fold(self, commit: Commit) -> None:
        if self.start.seq >= 0:
            # What may be dropped depends on what was added before all of this.
            self._objects.know(self._known(touched(commit.header)))
        self._objects.apply(commit, self._clock.now_ms())

    def pinned_seqs(self) -> set[int]:
        """The seqs that pins among these commits hold which nobody lets go of here."""
        return {pin.pinned_seq for pin in self._objects.pins.values()}

    def commits(self) -> Iterator[Following]:
        """The commits that were judged, opened. Others that were appended since are for the next
        pull."""
        for opened in self._opened:
            yield self._owned(opened)
        left = self._verdicts[len(self._opened) :]
        if not left:
            return
        stored = self._store.read_commits(self.start.zone, left[0].head.seq)
        for verdict, (_, data) in zip(left, stored, strict=False):
            if commit_hash(data) != verdict.head.hash:
                return
            yield self._owned(self._following(_judged(verdict, data), data))

    def needed(self, until_seq: int | None = None) -> set[bytes]:
        """Those segments of these commits that the head or a pin holds, or the seq up to which they
        are read; others may be gone. What a disowned commit added is not read, even where a pin
        holds it: it belongs to no state."""
        held = self._objects.held(self.head.seq)
        if until_seq is not None:
            held |= self._objects.live_at(until_seq)
        intervals = self._objects.intervals
        return {
            name for name in held & intervals.keys() if intervals[name].change_digest is not None
        }

    def segments(self) -> dict[bytes, int]:
        """The segments that applying them reads, in that order, and their sizes."""
        needed = self.needed()
        return {
            name: size_bytes
            for one in self.commits()
            for name, size_bytes in one.sized_segments
            if name in needed
        }

    def read_segment(self, name: bytes) -> list[Change]:
        """The changes of a segment, none of one that holds nothing; raises StoreError or
        SealBroken."""
        try:
            key, data = fetch_segment(self._store, self._keys, MESSAGES_ZONE, name)
            groups = sound_groups(key, self._keys.roots, data)
        except HoldsNothing:
            return []
        if len(self._ready) < READY_SEGMENTS:
            self._ready[name] = prepare(self._keys.roots, groups)
        return changes_of(groups)

    def not_ready(self, names: Iterable[bytes]) -> list[bytes]:
        """Those of these segments that are still to be opened."""
        return [name for name in names if name not in self._ready]

    def in_order(self, names: Iterable[bytes], opened: Iterator[Opened]) -> Iterator[Opened]:
        """The segments of these names: those that are ready, and the others as they are opened."""
        for name in names:
            ready = self._ready.get(name)
            yield next(opened) if ready is None else ready

    def _following(self, judged: Judged, data: bytes) -> Following:
        """Opens a commit's part. One that does not open must not stop all others: it counts as an
        empty one, and its author is named. Without the key, nobody can say so."""
        if judged.commit is None:
            return Following(judged, data, Part())
        try:
            part, is_open = part_as_it_counts(self._keys, judged.commit)
        except KeyMissing as error:
            return Following(judged, data, Part(), str(error))
        return Following(judged, data, part, is_part_closed=not is_open)

    def _owned(self, following: Following) -> Following:
        merge_seq = (self.disowned or {}).get(following.judged.head.seq)
        return following._replace(merge_seq=merge_seq) if merge_seq is not None else following

    def _hash_at(self, seq: int) -> bytes:
        return commit_hash(self._store.get_commit(self.start.zone, seq))


def _judged(verdict: _Verdict, data: bytes) -> Judged:
    """A commit that was judged before, from the same bytes."""
    commit = parse_commit(data) if verdict.void_reason is None else None
    return Judged(verdict.head, commit, verdict.void_reason)
