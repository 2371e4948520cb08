"""The brake on a pull: holding what other devices put into the trash without a person's word.

Before a pull is applied, its commits are looked through. Where they would put too much into the
trash, together with what fell within a day before, a snapshot of the present is made in this
device's own zone, and what falls is remembered, durably. The join goes on. Then the records are
marked as held, for all devices to see, unless somebody answered already.
"""

from collections.abc import Iterable, Iterator

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.model.change import Change, entry
from sealwax.model.field import HELD
from sealwax.model.state import State
from sealwax.stores.base import Missing
from sealwax.sync.brake import (
    Fall,
    falls_in,
    is_held,
    lives_in,
    newly_lost,
    still_fallen,
    without_answered,
)
from sealwax.sync.fallen import Fallen, window_start
from sealwax.sync.following import Ahead, Following
from sealwax.sync.journal import Journal
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import CHANGES_LIMIT, Writing

BEFORE = "before deletions from another device"
"""The reason of the snapshot."""
REASON = "hold"


class Holding:
    """Watches what a device pulls."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._history = journal.history
        self._library = journal.history.library
        self._fallen = Fallen(journal.history)
        journal.history.before_pull = self.look

    def look(self, ahead: Ahead) -> None:
        """Looks through what is about to be pulled, and remembers what is to be held. Where nothing
        is here, nothing can be lost."""
        if self._library.is_empty():
            return
        told = falls_in(_changes(ahead, self._news(ahead, is_confirmed=False)))
        falls = list(dict.fromkeys(told))
        if not falls:
            return
        coming = newly_lost(falls, self._states(falls))
        if not coming:
            return
        since_ms = window_start(self._times(ahead))
        before = self._fallen.since(since_ms)
        lost = {**still_fallen(before.falls, self._states(before.falls)), **coming}
        if not self._is_held(lost, coming):
            return
        # A compaction may write again what a person had confirmed: only now is it worth asking.
        said = lives_in(_changes(ahead, self._news(ahead, is_confirmed=True)))
        lost = without_answered(lost, [*said, *before.confirmed])
        coming = {record: life for record, life in coming.items() if record in lost}
        if not coming or not self._is_held(lost, coming):
            return
        self._pin_once(since_ms)
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

    def _pin_once(self, since_ms: int) -> None:
        """A snapshot of the present; one that was made for the same flood has more."""
        zone, pins = self._journal.outbox.zone, self._library.holdings.pins()
        if self._library.read.held() and any(
            pin.zone == zone and pin.reason == BEFORE and pin.made_ms >= since_ms for pin in pins
        ):
            return
        part = Part(reason=BEFORE, counts=self._library.counts())
        self._journal.outbox.write(Writing((), part, CommitKind.PIN))

    def _states(self, falls: Iterable[Fall]) -> dict[bytes, State]:
        return self._library.states(list({fall.record for fall in falls}))

    def _is_held(self, lost: dict[bytes, int], coming: dict[bytes, int]) -> bool:
        """Whether what fell and what comes is too much of what there was before both."""
        conversations = self._library.read.conversations_of(list(lost))
        all_records = self._library.live_records() + len(lost) - len(coming)
        return is_held(lost, conversations, all_records)

    def _times(self, ahead: Ahead) -> Iterator[int]:
        for one in self._news(ahead, is_confirmed=False):
            if one.judged.commit is not None:
                yield one.judged.commit.header.time_ms

    def _news(self, ahead: Ahead, is_confirmed: bool) -> Iterator[Following]:
        """The commits to come that this device has never seen and did not write, those that a
        person confirmed or the others. One that it has seen comes again when the library is made
        anew."""
        seen = self._history.heads.get(MESSAGES_ZONE)
        for following in ahead.commits():
            commit = following.judged.commit
            if commit is None or commit.header.author == self._history.device:
                continue
            is_new = seen is None or following.judged.head.seq > seen[0]
            if is_new and following.part.confirmed == is_confirmed:
                yield following


def _changes(ahead: Ahead, news: Iterable[Following]) -> Iterator[Change]:
    """What cannot be read is left out: it changes nothing in the library either."""
    for name in (name for new in news for name in new.segments):
        try:
            yield from ahead.read_segment(name)
        except (Missing, SealBroken, SealUnknown):
            continue
