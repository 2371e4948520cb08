"""Proving that what others replaced is told elsewhere; putting back what is not.

A compaction says in the clear that its new segments hold the same changes as the old ones. That is
a claim of whoever wrote it, like a purge's and a reset's that nothing is lost. Whoever can still
read the old segments compares. What is missing is added to the history again: joining it twice does
no harm, so whoever is wrong, nothing is lost.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from sealwax.ledger.commit import CommitKind, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.library.doubts import Alarm, Unproved
from sealwax.model.change import Change
from sealwax.model.covering import states_of, untold
from sealwax.model.state import State, changes
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.guard.replaced import library_id
from sealwax.sync.journal import Journal
from sealwax.sync.opening import UNREADABLE
from sealwax.sync.rebuilding import joined
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import CHANGES_LIMIT, Writing

TOLD_LESS = "told less than it replaced"
"""What an alarm is about: the number of changes that were put back."""
REASON = "put-back"
RECORDS_TOGETHER = 2_000
SCRATCH = "scratch"


class Proving:
    """Proves, or mends, what one device's history replaced."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._history = journal.history
        self._library = journal.history.library

    @property
    def is_due(self) -> bool:
        """Whether anything is to be proved."""
        return bool(self._library.guarded.doubts.unproved())

    def prove(self, report: Callable[[str], None]) -> None:
        """Proves all that is to be proved; raises StoreError, FarAway or FarFull, with what is
        left for the next time."""
        doubts = self._library.guarded.doubts
        resets: list[Unproved] = []
        for one in doubts.unproved():
            if not self._is_of_this_history(one):
                self._settle([one], 0)
            elif one.kind == CommitKind.RESET:
                resets.append(one)
            else:
                report("Checking what was replaced")
                self._settle([one], self._put_back(self._untold_by_replacement(one)))
        if resets:
            report("Checking what was said anew")
            # What waits in the outbox stays off the library until the end.
            with self._journal.together():
                self._prove_resets(resets)

    # A compaction, and one without purged words.

    def _untold_by_replacement(self, one: Unproved) -> Iterator[Change]:
        """The changes of the old segments that the new ones do not tell."""
        data = self._library.holdings.seen_commit(MESSAGES_ZONE, one.seq)
        assert data is not None
        header = parse_commit(data).header
        told = states_of(self._told_by(name for name, *_ in header.segments))
        for name in self._dropped(one.seq, header.dropped):
            found = self._read(name)
            for page in _pages(found or ()):
                here = self._library.states(list({change.record for change in page}))
                yield from untold(page, told, here)

    def _told_by(self, names: Iterable[bytes]) -> Iterator[Change]:
        """What segments tell. One that was replaced itself since may be gone: then what replaced it
        tells the same, or that is proved in its turn."""
        left = list(names)
        known = set[bytes]()
        while left:
            name = left.pop()
            found = self._read(name)
            if found is None and name not in known:
                known.add(name)
                left += self._replacing(name)
            yield from found or ()

    def _replacing(self, name: bytes) -> Iterator[bytes]:
        """The segments that were added where a segment ended; none for one that lives."""
        holdings = self._library.holdings
        for one in holdings.known([name]).values():
            data = holdings.seen_commit(MESSAGES_ZONE, one.dropped_seq)
            if data is not None:
                yield from (added for added, *_ in parse_commit(data).header.segments)

    # A reset: this device's state against that of all that is live.

    def _prove_resets(self, resets: Sequence[Unproved]) -> None:
        self._library.strip_tail()
        put_back = 0
        for one in resets:
            if one.library != library_id(self._library):
                # This library was made anew since: what was in the old segments may not be in it.
                put_back += self._put_back(self._untold_here(one))
        # What only snapshots hold goes with them: the present has to be told by what lives.
        live = [name for name, *_ in self._library.holdings.live_segments()]
        scratch = Path(self._library.database.path.with_name(SCRATCH))
        with joined(self._history, scratch, live) as told:
            if told.digest() != self._library.digest():
                put_back += self._put_back(self._untold_by(told.states))
        self._settle(resets, put_back)

    def _untold_here(self, one: Unproved) -> Iterator[Change]:
        data = self._library.holdings.seen_commit(MESSAGES_ZONE, one.seq)
        assert data is not None
        for name in self._dropped(one.seq, parse_commit(data).header.dropped):
            for page in _pages(self._read(name) or ()):
                here = self._library.states(list({change.record for change in page}))
                yield from untold(page, here, here)

    def _untold_by(self, told: Callable[[Sequence[bytes]], dict[bytes, State]]) -> Iterator[Change]:
        """The changes that this device's states come to and others do not tell."""
        rows = iter(self._library.read.whole())
        while page := list(islice(rows, RECORDS_TOGETHER)):
            here = {row.uid: row.state for row in page}
            there = told(list(here))
            for record, state in here.items():
                if there.get(record) != state:
                    yield from untold(changes(record, state), there, here)

    # Common to all.

    def _put_back(self, missing: Iterator[Change]) -> int:
        """Adds changes to the shared history again, as they were; gives how many."""
        done = 0
        while batch := tuple(islice(missing, CHANGES_LIMIT)):
            self._journal.share(Writing(batch, Part(reason=REASON)))
            done += len(batch)
        return done

    def _settle(self, proved: Iterable[Unproved], put_back: int) -> None:
        guarded = self._library.guarded
        listed = list(proved)
        with guarded.transaction():
            if put_back:
                at_ms = guarded.seen.time(self._history.clock.now_ms())
                taker = listed[-1].taker
                guarded.doubts.alarm(Alarm(TOLD_LESS, taker, put_back, at_ms))
            guarded.doubts.settle(one.seq for one in listed)

    def _dropped(self, seq: int, names: Iterable[bytes]) -> list[bytes]:
        """The segments that a commit ended and that are near. What never was here is for those to
        prove who have it."""
        known = self._library.holdings.known(names)
        ended = [
            name
            for name, one in known.items()
            if one.dropped_seq == seq and one.change_digest is not None
        ]
        store = self._history.store
        near = store.near if isinstance(store, MirrorStore) else store
        present = near.has_objects(ended)
        return [name for name in ended if name in present]

    def _read(self, name: bytes) -> list[Change] | None:
        """A segment's changes; None where it cannot be read: then nothing can be said of it."""
        try:
            return self._history.read_segment(name)
        except UNREADABLE:
            return None

    def _is_of_this_history(self, one: Unproved) -> bool:
        data = self._library.holdings.seen_commit(MESSAGES_ZONE, one.seq)
        return data is not None and commit_hash(data) == one.hash


def _pages(found: Sequence[Change]) -> Iterator[Sequence[Change]]:
    for start in range(0, len(found), RECORDS_TOGETHER):
        yield found[start : start + RECORDS_TOGETHER]
