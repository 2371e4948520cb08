"""Looks at what a device is about to pull: what it would take away, and what of it is held.

Before a pull is applied, what other devices take away by it is remembered durably, by this device's
own clock. Where it is too much, a question is begun. The moment before is wanted as a snapshot with
each question, and wherever words would be gone. The pull goes on; `settle` does the rest.
"""

from typing import NamedTuple

from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.library.let_go import Wanted
from sealwax.library.losses import NO_MOMENT, NO_QUESTION, Losses, Taken
from sealwax.library.past import is_unchanged
from sealwax.sync.following import Ahead
from sealwax.sync.guard.arrivals import Arrivals
from sealwax.sync.guard.going import Going, snapshots_going
from sealwax.sync.guard.looking import Looking
from sealwax.sync.guard.pinned import Pinned, Staying
from sealwax.sync.guard.pinning import PastPins
from sealwax.sync.guard.plan import BEFORE, DAY_MS, EARLY_MS, How, Loss, is_answered
from sealwax.sync.guard.replaced import note_replaced
from sealwax.sync.guard.tellings import Telling
from sealwax.sync.guard.weighing import Losing, Weighing
from sealwax.sync.journal import Journal
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing


class _Records(NamedTuple):
    """What records lose, what they lost within a day before, whether that is asked about, and what
    was accepted elsewhere meanwhile."""

    losing: list[Losing]
    before: list[Taken]
    is_too_much: bool
    accepted: list[bytes]

    @property
    def has_words_gone(self) -> bool:
        return any(one.loss.how != How.DELETED for one in self.losing)


class _Asking:
    """The questions of one look: one for each device that took something away."""

    def __init__(self, losses: Losses, moment: int, at_ms: int) -> None:
        self._losses = losses
        self._moment = moment
        self._at_ms = at_ms
        self._numbers: dict[bytes, int] = {}

    def number(self, taker: bytes, is_confirmed: bool = False) -> int:
        if taker not in self._numbers:
            self._numbers[taker] = self._losses.ask(taker, is_confirmed, self._moment, self._at_ms)
        return self._numbers[taker]


class Watch:
    """Watches what one device pulls."""

    def __init__(self, journal: Journal, stays: Staying) -> None:
        self._journal = journal
        self._history = journal.history
        self._library = journal.history.library
        self._stays = stays
        self._past_pins = PastPins(journal)

    def look(self, ahead: Ahead) -> None:
        """Looks through what is about to be pulled. Where nothing is here, nothing can be lost."""
        if self._library.is_empty() or ahead.head == ahead.start:
            return
        now_ms = self._history.clock.now_ms()
        note_replaced(self._history)
        seen = self._history.heads.get(MESSAGES_ZONE)
        arrivals = Arrivals(ahead, self._history.device, -1 if seen is None else seen[0])
        records = self._records(arrivals, ahead, now_ms)
        is_losing = bool(records.losing)
        snapshots = snapshots_going(self._history, arrivals, self._stays, now_ms, is_losing)
        if any((*records, *snapshots[:3])):
            self._keep(records, snapshots, arrivals, ahead, now_ms)

    def _records(self, arrivals: Arrivals, ahead: Ahead, now_ms: int) -> _Records:
        guarded = self._library.guarded
        weighing = Weighing(self._library, arrivals, ahead.start.seq, now_ms - EARLY_MS)
        is_all = guarded.is_asking
        looking = Looking(self._library)
        tellings = arrivals.tellings(is_all, looking.look)
        hidden = looking.found()
        losing = _all_losing(weighing, tellings, hidden)
        before = weighing.still_lost(guarded.losses.lately(now_ms - DAY_MS))
        if not is_all and losing and weighing.is_too_much(losing, before):
            # Who said it first, and who confirmed it, may stand in what was compacted since.
            tellings = arrivals.tellings(is_all=True)
            losing = _all_losing(weighing, tellings, hidden)
        accepted = self._accepted(tellings)
        before = [row for row in before if row.record not in set(accepted)]
        is_too_much = bool(losing) and weighing.is_too_much(losing, before)
        return _Records(losing, before if is_too_much else [], is_too_much, accepted)

    def _accepted(self, tellings: list[Telling]) -> list[bytes]:
        """What was taken before, and another device than the taker says now that it was meant."""
        told = {one.record for one in tellings if one.teller.is_confirmed}
        rows = self._library.guarded.losses.of(list(told)) if told else {}
        return [
            row.record
            for row in rows.values()
            if row.is_shared and not row.is_accepted and is_answered(_loss(row), tellings)
        ]

    def _keep(
        self,
        records: _Records,
        snapshots: Going,
        arrivals: Arrivals,
        ahead: Ahead,
        now_ms: int,
    ) -> None:
        """Remembers it, durably, before anything is applied."""
        guarded, moment = self._library.guarded, NO_MOMENT
        wanted: list[Wanted] = [one.wanted for one in snapshots.held]
        if records.is_too_much or records.has_words_gone:
            moments = self._moments(ahead)
            there = self._moment_that_is_there(records, arrivals, ahead, snapshots.left)
            if len(moments) <= 1 and there != NO_MOMENT:
                moment = there
            elif moments:
                moment = moments[0]
                wanted += map(self._before, moments)
        if any(not one.is_shared for one in records.losing):
            # What waits here is in no moment of the shared history.
            part = Part(reason=BEFORE, counts=self._library.counts())
            self._journal.outbox.write(Writing((), part, CommitKind.PIN))
        self._past_pins.want_no_more(snapshots.accepted)
        with guarded.transaction():
            at_ms = guarded.seen.time(now_ms)
            asking = _Asking(guarded.losses, moment, at_ms)
            guarded.losses.accept(records.accepted, at_ms)
            guarded.losses.keep(_rows(records, asking, moment, at_ms))
            guarded.let_go.forget(snapshots.accepted)
            guarded.let_go.keep(
                [
                    *(
                        lost._replace(question=asking.number(lost.taker), seen_ms=at_ms)
                        for lost in snapshots.held
                    ),
                    *(lost._replace(seen_ms=at_ms) for lost in snapshots.few),
                ]
            )
            guarded.let_go.want(wanted)

    def _moments(self, ahead: Ahead) -> list[int]:
        """The seqs to be pinned, oldest first: the one that this device has, whole, before it takes
        in anything (of a later one, up to the first loss, parts may have been compacted and
        collected by now). And those before anything was replaced that is not proved yet: what was
        left out then is in no later moment."""
        head = ahead.start.seq
        doubtful = [one.seq for one in self._library.guarded.doubts.unproved()]
        before = {seq - 1 for seq in doubtful if 0 < seq <= head}
        return sorted({*before, head}) if head >= 0 else []

    def _moment_that_is_there(
        self, records: _Records, arrivals: Arrivals, ahead: Ahead, left: tuple[Pinned, ...]
    ) -> int:
        """The seq that a snapshot holds at which all that is lost is still there; NO_MOMENT where
        there is none. What holds nothing but what others put in the place of the rest is none."""
        until_seq = min([_first(records), *arrivals.drops()]) - 1
        for one in left:
            if ahead.start.seq <= one.pin.pinned_seq <= until_seq:
                return one.pin.pinned_seq
        shown = [one.pin for one in left if one.pin.is_shown and one.pin.pinned_seq <= until_seq]
        newest = max(shown, key=lambda pin: pin.pinned_seq, default=None)
        if newest is None:
            return NO_MOMENT
        lost = [one.loss.record for one in records.losing]
        is_as_then = is_unchanged(self._library.database.connection, lost, newest.pinned_seq)
        return newest.pinned_seq if is_as_then else NO_MOMENT

    def _before(self, seq: int) -> Wanted:
        data = self._history.store.get_commit(MESSAGES_ZONE, seq)
        return Wanted(seq, commit_hash(data), BEFORE, counts=self._library.counts())


def _all_losing(weighing: Weighing, tellings: list[Telling], hidden: list[Loss]) -> list[Losing]:
    """What is taken away, and what is hidden of the rest."""
    losing = weighing.losing(tellings)
    gone = {one.loss.record for one in losing}
    return losing + weighing.hiding((one for one in hidden if one.record not in gone), tellings)


def _first(records: _Records) -> int:
    return min(one.loss.seq for one in records.losing)


def _rows(records: _Records, asking: _Asking, moment: int, at_ms: int) -> list[Taken]:
    """What is remembered of each record."""
    rows = []
    for one in records.losing:
        loss = one.loss
        question = NO_QUESTION
        if records.is_too_much:
            question = asking.number(loss.taker, loss.is_confirmed)
        is_kept = records.is_too_much or loss.how != How.DELETED
        rows.append(
            Taken(
                loss.record,
                int(loss.how),
                loss.life,
                loss.taker,
                moment if is_kept else NO_MOMENT,
                question,
                loss.is_repeated,
                one.is_shared,
                one.kind,
                one.conversation,
                seen_ms=at_ms,
            )
        )
    known = {row.record for row in rows}
    rows += [
        row._replace(question=asking.number(row.taker))
        for row in records.before
        if row.record not in known
    ]
    return rows


def _loss(row: Taken) -> Loss:
    return Loss(row.record, How(row.how), row.life, row.taker, 0, False, row.is_repeated)
