"""Applying what a pull brings: commits in stretches, each in a transaction of the library."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, islice
from typing import NamedTuple, Protocol

from sealwax.base.clock import Clock
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.library import Library
from sealwax.library.prepared import Prepared
from sealwax.stores.base import Store
from sealwax.sync.following import STRETCH_COMMITS, Ahead, Following
from sealwax.sync.opening import Opened, new_opener
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import HoldsNothing

PULLED = "pull"
"""For whom the moments are kept that pins show which are being pulled."""
WAITED_FOR_SEGMENTS = 32
"""So many segments of one commit may be in memory at once; an ordinary one has fewer."""


class Pulled(NamedTuple):
    """What a pull brought: commits that count, void ones, and segments that could not be read."""

    commits: int
    void: int
    damaged: int


class Puller(Protocol):
    """Whose library the commits are applied to: one zone of a device, in step with a store."""

    store: Store
    library: Library
    keys: AccountKeys
    clock: Clock
    after_applying: Callable[[list[bytes]], object] | None

    @property
    def is_own(self) -> bool: ...

    def moment_of(self, seq: int, is_change: bool) -> float: ...

    def remember(self) -> None: ...


class Applying:
    """One pull: of what lies ahead, those segments are read that are `needed`, and these moments
    are kept, beside those that pins hold, for pins that are to be made."""

    def __init__(self, puller: Puller, ahead: Ahead, needed: set[bytes], moments: set[int]) -> None:
        self._puller = puller
        self._library = puller.library
        self._ahead = ahead
        self._needed = needed
        self._moments = moments

    def run(self, until_seq: int | None = None) -> Pulled:
        """Applies it, up to a seq if one is given; raises StoreError."""
        total = Pulled(0, 0, 0)
        self._keep_moments()
        commits = self._ahead.commits()
        if until_seq is not None:
            commits = islice(commits, max(0, until_seq - self._ahead.start.seq))
        for stretch in iter(lambda: list(islice(commits, STRETCH_COMMITS)), []):
            total = self._apply_stretch(stretch, total)
            self._puller.remember()
        return total

    def _keep_moments(self) -> None:
        """What pins to come hold is kept while it is passed by: a pin may hold a commit that lies
        far before its own, and this device may want to make one itself."""
        if not self._puller.is_own and self._ahead.head != self._ahead.start:
            with self._library.transaction():
                wanted = {one.seq for one in self._library.guarded.let_go.wanted()}
                passed = {seq for seq in wanted if seq <= self._ahead.start.seq}
                moments = self._ahead.pinned_seqs() | passed | self._moments
                self._library.keep_moments(PULLED, moments)

    def _apply_stretch(self, stretch: list[Following], total: Pulled) -> Pulled:
        puller, ahead = self._puller, self._ahead
        if not puller.is_own:
            self._library.strip_tail()
        names = [name for one in stretch for name in one.segments if name in self._needed]
        left = ahead.not_ready(names)
        with (
            closing(new_opener(puller.store, puller.keys, MESSAGES_ZONE, len(left))) as opener,
            closing(opener.open(left)) as opened,
        ):
            segments = ahead.in_order(names, opened)
            for following in stretch:
                total = self._apply(following, segments, total)
        return total

    def _apply(self, following: Following, opened: Iterator[Opened], total: Pulled) -> Pulled:
        """Applies a commit; its segments are taken from those that are being opened."""
        judged, holdings, puller = following.judged, self._library.holdings, self._puller
        names = [name for name in following.segments if name in self._needed]
        damaged = nothing = 0
        # Those that may still be on their way are waited for before the transaction: where they do
        # not come, what was applied before stays.
        came = list(islice(opened, min(len(names), WAITED_FOR_SEGMENTS)))
        segments = chain(came, opened)
        with self._library.transaction():
            moment = puller.moment_of(judged.head.seq, bool(names))
            for name in names:
                segment = next(segments)
                if isinstance(segment, Prepared):
                    self._library.apply_prepared(segment, moment)
                elif isinstance(segment, HoldsNothing):
                    nothing += 1
                else:
                    holdings.note_damage(name, judged.head.seq, str(segment))
                    damaged += 1
            if following.unreadable and judged.commit is not None and following.merge_seq is None:
                for name, _ in judged.commit.header.added:
                    holdings.note_damage(name, judged.head.seq, following.unreadable)
            self._library.apply_commit(
                judged, following.part, following.data, puller.clock.now_ms(), following.merge_seq
            )
            self._library.folding.note_faults(judged, nothing, following.is_part_closed)
        if names and puller.after_applying is not None:
            puller.after_applying(names)
        if judged.commit is None:
            return total._replace(void=total.void + 1)
        return Pulled(total.commits + 1, total.void, total.damaged + damaged)
