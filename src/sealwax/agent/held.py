"""What waits for a person's answer: what other devices took away, and what an import deleted.

An answer given here counts here, and on every other device but the one that took it away: then two
devices have said so.
"""

from collections.abc import Iterable, Iterator

from sealwax.agent.device import Device
from sealwax.agent.questions import Alarm, Asked
from sealwax.agent.returning import Returning
from sealwax.base.clock import Clock
from sealwax.base.errors import SealwaxError
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.library.let_go import Wanted
from sealwax.library.losses import NO_MOMENT, NO_QUESTION, Question, Taken
from sealwax.library.query import Row
from sealwax.model.change import Change, entry
from sealwax.model.field import HELD, LIFE
from sealwax.model.record import Kind
from sealwax.snapshot.pins import PINS_LIMIT
from sealwax.storage.plan import Target, plan_accept, plan_undelete
from sealwax.sync.guard.plan import BEFORE, EARLY_MS, How
from sealwax.trust.roster import roster
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing, write_in_batches

MARKED = 0
"""The number of the question about records that are marked as held: by an import, or by another
device."""


class NoSuchQuestion(SealwaxError):
    """No question with this number waits for an answer."""

    code = "no-such-question"
    hint = "`sealwax held list` shows what waits for an answer."


class Held:
    """The questions of an open home."""

    def __init__(self, device: Device, clock: Clock) -> None:
        self._device = device
        self._library = device.history.library
        self._guarded = device.history.library.guarded
        self._journal = device.journal
        self._clock = clock

    def questions(self) -> list[Asked]:
        """What waits for an answer, oldest first."""
        found = [self._asked(question) for question in self._guarded.losses.questions()]
        marked = self._marked()
        return [*([_about_marked(marked)] if marked else []), *found]

    def waiting(self) -> int:
        """How many records and snapshots wait for an answer here."""
        guarded = self._guarded
        marked = len(self._marked())
        return marked + guarded.losses.count_waiting() + len(guarded.let_go.waiting())

    def alarms(self) -> list[Alarm]:
        """What this device found others doing, and mended, in the last month."""
        return [
            Alarm(one.what, self._name(one.device), one.number, one.seen_ms)
            for one in self._guarded.doubts.alarms()
        ]

    def records(self) -> set[bytes]:
        """The records that anybody is asked about, as far as is known here: nothing of them is
        emptied before the answer."""
        found = {row.record for row in self._guarded.losses.waiting()}
        marked = self._library.read.held_rows()
        return found | {row.uid for row in self._unanswered(marked)}

    def asked_elsewhere(self) -> int:
        """How many records that this device deleted another one asks about."""
        return sum(self._is_own(row) for row in self._unanswered(self._library.read.held_rows()))

    def answer(self, is_accepted: bool, number: int | None = None) -> int:
        """Answers one question, or all: what was taken away was meant, or everything comes back.
        Gives how many records and snapshots it was about. Raises NoSuchQuestion, and FarAway or
        FarFull where letting go of snapshots cannot be told to the others now."""
        asked = [one.number for one in self.questions()]
        if number is not None and number not in asked:
            raise NoSuchQuestion(f"Question {number} does not wait for an answer.")
        numbers = asked if number is None else [number]
        about = [one for one in self._guarded.losses.questions() if one.number in numbers]
        marked = self._marked() if MARKED in numbers else []
        done = self._accept(about, marked) if is_accepted else self._undo(about, marked)
        self._device.sync.settle_held()
        return done

    def take_back(self) -> int:
        """Brings back all that other devices took away in the last 15 days, what was too little to
        ask about too; gives how many records."""
        since_ms = self._clock.now_ms() - EARLY_MS
        rows = self._guarded.losses.lately(since_ms)
        back = write_in_batches(self._journal, self._returning().changes(rows), "undo-held")
        self._device.sync.settle_held()
        return back

    # Asking.

    def _asked(self, question: Question) -> Asked:
        rows = self._guarded.losses.waiting(question.number)
        messages = [row for row in rows if row.kind == Kind.MESSAGE]
        deleted = sum(row.how == How.DELETED for row in messages)
        hidden = sum(row.how == How.HIDDEN for row in messages)
        changed = sum(row.how == How.CHANGED for row in messages)
        snapshots = self._guarded.let_go.waiting(question.number)
        return Asked(
            question.number,
            self._name(question.taker),
            question.is_confirmed,
            question.seen_ms or self._clock.now_ms(),
            deleted,
            len(messages) - deleted - hidden - changed,
            len({row.conversation for row in messages}),
            len(rows) - len(messages),
            tuple(lost.wanted.name for lost in snapshots),
            hidden,
            changed,
        )

    def _name(self, device: bytes) -> str:
        history = self._device.history
        known = roster(history.log, history.keys, history.device, {})
        return next((one.name for one in known if one.id == device), device.hex()[:8])

    def _marked(self) -> list[Row]:
        """The records that are marked as held and stand under no question of the guard."""
        rows = [row for row in self._library.read.held_rows() if not self._is_own(row)]
        asked = {row.record for row in self._guarded.losses.waiting()} if rows else set()
        return [row for row in self._unanswered(rows) if row.uid not in asked]

    def _unanswered(self, rows: Iterable[Row]) -> list[Row]:
        """Those of marked records of which it was not answered here that they were meant."""
        listed = list(rows)
        known = self._guarded.losses.of([row.uid for row in listed]) if listed else {}
        answered = {(one.record, one.life) for one in known.values() if one.is_accepted}
        return [row for row in listed if (row.uid, row.state.life) not in answered]

    def _is_own(self, row: Row) -> bool:
        """Whether this device deleted a record, and another one asks about it."""
        life = row.state.stamp(LIFE)
        mark = row.state.stamp(HELD, str(row.state.life))
        own = self._device.history.device
        return life is not None and life.device == own and mark is not None and mark.device != own

    # Answering.

    def _accept(self, questions: list[Question], marked: list[Row]) -> int:
        rows, shots = self._rows(questions), self._snapshots(questions)
        purges = [one for one in questions if any(row.how != How.DELETED for row in rows[one])]
        self._let_go([*shots, *(Wanted(one.moment, b"", BEFORE) for one in purges)])
        listed = [row for group in rows.values() for row in group]
        changes = [
            *plan_accept(_targets(marked), self._clock.now_ms(), self._journal.device),
            *self._accepting(listed),
        ]
        write_in_batches(self._journal, changes, "accept-held")
        with self._guarded.transaction():
            at_ms = self._guarded.seen.time(self._clock.now_ms())
            self._guarded.losses.keep(map(_taken, marked))
            records = [*(row.record for row in listed), *(row.uid for row in marked)]
            self._guarded.losses.accept(records, at_ms)
            self._guarded.let_go.forget(shots)
        return len(marked) + len(listed) + len(shots)

    def _undo(self, questions: list[Question], marked: list[Row]) -> int:
        rows, shots = self._rows(questions), self._snapshots(questions)
        listed = [row for group in rows.values() for row in group]
        back = list(plan_undelete(_targets(marked), self._clock.now_ms(), self._journal.device))
        back += self._returning().changes(listed)
        done = write_in_batches(self._journal, back, "undo-held")
        with self._guarded.transaction():
            self._guarded.let_go.forget(shots)
            # What was purged since, or is in no snapshot here, does not come back by asking again.
            self._guarded.losses.forget(row.record for row in listed)
        return done + len(shots)

    def _returning(self) -> Returning:
        return Returning(self._library, self._clock.now_ms(), self._journal.device)

    def _rows(self, questions: list[Question]) -> dict[Question, list[Taken]]:
        return {one: self._guarded.losses.waiting(one.number) for one in questions}

    def _snapshots(self, questions: list[Question]) -> list[Wanted]:
        return [
            lost.wanted for one in questions for lost in self._guarded.let_go.waiting(one.number)
        ]

    def _accepting(self, rows: list[Taken]) -> Iterator[Change]:
        """What tells all other devices that it was meant."""
        states = self._library.states([row.record for row in rows]) if rows else {}
        for row in rows:
            state = states.get(row.record)
            if state is not None:
                keys = {key for key, is_held in state.keyed(HELD).items() if is_held}
                told = [entry(HELD, False, key) for key in sorted({*keys, str(row.life)})]
                now_ms, device = self._clock.now_ms(), self._journal.device
                yield Change(state.kind, row.record, None, now_ms, device, tuple(told))

    def _let_go(self, wanted: Iterable[Wanted]) -> None:
        """Lets go of the snapshots that were made again, in the shared history and in this device's
        own zone."""
        going = list(wanted)
        with self._guarded.transaction():
            self._guarded.let_go.want_no_more(going)
        pins = [
            pin
            for pin in self._library.holdings.all_pins()
            for one in going
            if (pin.moment, pin.name, pin.reason) == (one.seq, one.name, one.reason)
            and one.made_ms in (0, pin.made_ms)
        ]
        # Those that went name the snapshots to devices that never saw them made again.
        gone = {one.pin_seq for one in going if one.pin_seq >= 0}
        for zone in (MESSAGES_ZONE, self._device.outbox.zone):
            here = {pin.commit_seq for pin in pins if pin.zone == zone}
            seqs = sorted(here | (gone if zone == MESSAGES_ZONE else set()))
            for start in range(0, len(seqs), PINS_LIMIT):
                public = encode_facts(UnpinFacts(seqs[start : start + PINS_LIMIT]))
                is_own = zone != MESSAGES_ZONE
                writing = Writing(
                    (), Part(reason="drop"), CommitKind.UNPIN, public=public, is_own=is_own
                )
                self._journal.write(writing)


def _targets(rows: Iterable[Row]) -> Iterator[Target]:
    return (Target(row.uid, row.state) for row in rows)


def _taken(row: Row) -> Taken:
    """A marked record, as it is remembered here that its deletion was meant: a mark that nobody can
    take off, because it tells a time that never comes, is answered by that."""
    life, kind = row.state.life, row.kind
    return Taken(row.uid, How.DELETED, life, b"", NO_MOMENT, NO_QUESTION, True, True, kind, "")


def _about_marked(rows: list[Row]) -> Asked:
    messages = [row for row in rows if row.kind == Kind.MESSAGE]
    chats = len({row.conversation for row in messages})
    return Asked(MARKED, "", False, 0, len(messages), 0, chats, len(rows) - len(messages))
