"""After a pull: what is held is marked, the moments before are pinned, what is back is forgotten.

What is to be done stands in the guard's file, so a device that stops in between goes on the next
time.
"""

from collections.abc import Iterable, Iterator

import msgspec

from sealwax.library.holdings import Holdings
from sealwax.library.losses import Taken
from sealwax.library.own_time import NOT_KNOWN
from sealwax.library.past import states_at
from sealwax.library.project import NOWHERE, TRASH
from sealwax.library.resting import note_resting
from sealwax.model.change import Change, entry
from sealwax.model.field import HELD
from sealwax.model.record import Kind
from sealwax.model.state import State
from sealwax.sync.guard.hiding import is_lost_still
from sealwax.sync.guard.pinning import PastPins
from sealwax.sync.guard.plan import BEFORE, DAY_MS, EARLY_MS, How
from sealwax.sync.guard.replaced import note_replaced
from sealwax.sync.journal import Journal
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import CHANGES_LIMIT, Writing

REASON = "hold"
ACCEPTED_MS = 90 * DAY_MS
"""So long it is remembered that something was meant: the trash was emptied everywhere by then."""
ALARM_MS = 30 * DAY_MS
_RESTING = "what rests was looked at"


class Settling:
    """Does what is left to be done after a pull."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._history = journal.history
        self._library = journal.history.library
        self._past_pins = PastPins(journal)
        self._looked_at = -2

    def settle(self) -> int:
        """Gives how many records and snapshots began to wait for an answer."""
        guarded = self._library.guarded
        numbers = guarded.losses.unsettled()
        rows = [row for number in numbers for row in guarded.losses.waiting(number)]
        snapshots = sum(len(guarded.let_go.waiting(number)) for number in numbers)
        self._mark(rows)
        self._past_pins.pin()
        note_replaced(self._history)
        if numbers:
            with guarded.transaction():
                guarded.losses.settle(numbers)
        if self._library.head_seq() != self._looked_at:
            self._forget_what_is_over()
            self._looked_at = self._library.head_seq()
        return len(rows) + snapshots

    def _mark(self, rows: Iterable[Taken]) -> None:
        """Marks deletions as held, for all devices to see: none of them empties its trash of it."""
        lives = {row.record: row.life for row in rows if row.how == How.DELETED}
        states = self._library.states(list(lives)) if lives else {}
        marks = [
            mark
            for record, state in states.items()
            if (mark := self._mark_of(record, lives[record], state)) is not None
        ]
        for start in range(0, len(marks), CHANGES_LIMIT):
            batch = tuple(marks[start : start + CHANGES_LIMIT])
            self._journal.write(Writing(batch, Part(reason=REASON)))

    def _mark_of(self, record: bytes, life: int, state: State) -> Change | None:
        """None where there is one. Its time is older than that of any answer."""
        if state.life != life or not state.has_content() or str(life) in state.keyed(HELD):
            return None
        mark = entry(HELD, True, str(life))
        return Change(state.kind, record, None, 0, self._journal.device, (mark,))

    def _forget_what_is_over(self) -> None:
        guarded, now_ms = self._library.guarded, self._history.clock.now_ms()
        back = list(self._back(guarded.losses.waiting()))
        with guarded.transaction():
            at_ms = guarded.seen.time(now_ms)
            guarded.losses.forget(back)
            if at_ms != NOT_KNOWN:
                guarded.losses.forget_before(at_ms - EARLY_MS, at_ms - ACCEPTED_MS)
                guarded.let_go.forget_before(at_ms - DAY_MS)
                guarded.doubts.forget_alarms_before(at_ms - ALARM_MS)
        if _resting(self._library.holdings) != (mark := self._resting_mark()):
            note_resting(self._library, now_ms)
            self._library.holdings.keep_note(_RESTING, mark)

    def _back(self, rows: list[Taken]) -> Iterator[bytes]:
        """The records that are where they were: in the present, those of which words were gone with
        all the words that they had, those that were hidden shown as they were."""
        states = self._library.states([row.record for row in rows]) if rows else {}
        there = [row for row in rows if row.record in states and states[row.record].has_content()]
        for row in there:
            if row.how == How.DELETED and states[row.record].is_live:
                yield row.record
        lost = [row for row in there if row.how != How.DELETED]
        for row, then in self._before(lost):
            if not is_lost_still(How(row.how), then, states[row.record]):
                yield row.record

    def _before(self, rows: list[Taken]) -> Iterator[tuple[Taken, State]]:
        """What the records were at the moment before: the one that is named, or, of what was said
        later than that, the next that was pinned as one. Nothing where that is not shown yet."""
        if not rows:
            return
        pins = self._library.holdings.all_pins()
        shown = {pin.moment for pin in pins if pin.is_shown}
        named = {float(row.moment) for row in rows}
        later: list[Taken] = []
        for moment in sorted(named | {pin.moment for pin in pins if pin.reason == BEFORE}):
            asked = [*later, *(row for row in rows if row.moment == moment)]
            later = []
            if moment not in shown:
                continue
            connection = self._library.database.connection
            then = states_at(connection, [row.record for row in asked], moment)
            for row in asked:
                if row.record in then and then[row.record].has_content():
                    yield row, then[row.record]
                else:
                    later.append(row)

    def _resting_mark(self) -> bytes:
        """What changes when something begins, or ceases, to lie in the trash or to be purged."""
        tally = self._library.applier.tally()
        counts = [tally.of(kind, place) for kind in Kind for place in (TRASH, NOWHERE)]
        return msgspec.msgpack.encode(counts)


def _resting(holdings: Holdings) -> bytes:
    return holdings.noted(_RESTING)
