"""The brake on a pull: holding what other devices put into the trash without a person's word.

Before a pull is applied, its commits are looked through. Where they would put too much into the
trash, a snapshot of the present is made in this device's own zone, and what falls is remembered,
durably. The join goes on. Then the records are marked as held, for all devices to see, unless
somebody answered already.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.commit import Commit, CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import PinFacts, encode_facts
from sealwax.model.change import Change, entry
from sealwax.model.field import HELD
from sealwax.model.state import State
from sealwax.stores.base import Missing
from sealwax.sync.brake import falls_in, is_held, lives_in, newly_lost, without_answered
from sealwax.sync.journal import Journal
from sealwax.vault.commit_part import Part, open_part
from sealwax.vault.writing import CHANGES_LIMIT, Writing

BEFORE = "before deletions from another device"
"""The reason of the snapshot."""
REASON = "hold"


class _New(NamedTuple):
    """A commit that this device has never seen: the segments that it adds, and whether a person
    confirmed what it deletes."""

    segments: list[bytes]
    is_confirmed: bool


class Holding:
    """Watches what a device pulls."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._history = journal.history
        self._library = journal.history.library
        journal.history.before_pull = self.look

    def look(self) -> None:
        """Looks through what is about to be pulled, and remembers what is to be held. Where nothing
        is here, nothing can be lost."""
        if self._library.is_empty():
            return
        news = list(self._news())
        told = falls_in(self._changes(one for one in news if not one.is_confirmed))
        falls = list(dict.fromkeys(told))
        if not falls:
            return
        lost = newly_lost(falls, self._library.states(list({fall.record for fall in falls})))
        if not self._is_held(lost):
            return
        # A compaction may write again what a person had confirmed: only now is it worth asking.
        lost = without_answered(
            lost, lives_in(self._changes(one for one in news if one.is_confirmed))
        )
        if not self._is_held(lost):
            return
        part = Part(reason=BEFORE, counts=self._library.counts())
        public = encode_facts(PinFacts(0))
        self._journal.outbox.write(Writing((), part, CommitKind.PIN, public=public))
        holdings = self._library.holdings
        holdings.keep_falls({**holdings.falls(), **lost})

    def settle(self) -> int:
        """Marks as held what the last pull put into the trash; gives how many records."""
        falls = self._library.holdings.falls()
        if not falls:
            return 0
        states = self._library.states(list(falls))
        changes = [
            change
            for record, life in falls.items()
            if record in states and (change := self._hold(record, life, states[record]))
        ]
        for start in range(0, len(changes), CHANGES_LIMIT):
            batch = tuple(changes[start : start + CHANGES_LIMIT])
            self._journal.write(Writing(batch, Part(reason=REASON)))
        self._library.holdings.keep_falls({})
        return len(changes)

    def _hold(self, record: bytes, life: int, state: State) -> Change | None:
        """The mark, unless somebody answered. Its time is older than that of any answer."""
        if state.life != life or not state.has_content() or str(life) in state.keyed(HELD):
            return None
        mark = entry(HELD, True, str(life))
        return Change(state.kind, record, None, 0, self._journal.device, (mark,))

    def _is_held(self, lost: dict[bytes, int]) -> bool:
        conversations = self._library.read.conversations_of(list(lost))
        return is_held(lost, conversations, self._library.live_records())

    def _news(self) -> Iterator[_New]:
        """The commits to come that this device has never seen and did not write. One that it has
        seen comes again when the library is made anew."""
        seen = self._history.heads.get(MESSAGES_ZONE)
        for judged, _ in self._history.following():
            commit = judged.commit
            if commit is None or commit.header.author == self._history.device:
                continue
            if (seen is None or judged.head.seq > seen[0]) and (new := self._opened(commit)):
                yield new

    def _opened(self, commit: Commit) -> _New | None:
        try:
            part = open_part(self._history.keys, commit)
        except (SealBroken, SealUnknown):
            return None
        return _New([name for name, _ in commit.header.added[: part.segments]], part.confirmed)

    def _changes(self, news: Iterable[_New]) -> Iterator[Change]:
        """What cannot be read is left out: it changes nothing in the library either."""
        for name in (name for new in news for name in new.segments):
            try:
                yield from self._history.read_segment(name)
            except (Missing, SealBroken, SealUnknown):
                continue
