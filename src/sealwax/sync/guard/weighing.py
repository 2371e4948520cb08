"""What a pull takes away from a library: each record that is lost, and whether it is too much."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from sealwax.library.library import Library
from sealwax.library.losses import NO_QUESTION, Taken
from sealwax.library.past import states_before
from sealwax.library.resting import Resting
from sealwax.model.change import Change, entry
from sealwax.model.field import LIFE, PURGED
from sealwax.model.state import State, join_change
from sealwax.sync.guard.arrivals import Arrivals
from sealwax.sync.guard.hiding import HIDING, is_changed_too_much, is_lost_still
from sealwax.sync.guard.plan import How, Loss, is_answered, is_too_much, losses
from sealwax.sync.guard.tellings import Telling

RECORDS_TOGETHER = 4_000


class Losing(NamedTuple):
    """A loss with what a person is told of it: the kind of the record, and a key of its
    conversation; `is_live` where it is in the present, `is_shared` where the shared history had it
    before, so that other devices could see what they deleted."""

    loss: Loss
    kind: int
    conversation: str
    is_live: bool
    is_shared: bool


class Weighing:
    """Weighs what comes against one library, as it is before it is applied."""

    def __init__(self, library: Library, arrivals: Arrivals, head_seq: int, early_ms: int) -> None:
        """`early_ms` is the time since which something must have lain in the trash to be purged
        from it."""
        self._library = library
        self._news = arrivals
        self._head_seq = head_seq
        self._early_ms = early_ms

    def losing(self, tellings: Iterable[Telling]) -> list[Losing]:
        """What is lost, but for what another device says too."""
        told = _by_record(tellings)
        retold = self._news.words_of(purging) if (purging := self._purging(told)) else {}
        resting = Resting(self._library, self._early_ms)
        found: list[Losing] = []
        for page in pages(told):
            here = self._library.states(page)
            after = {one: _joined(here[one], told[one], retold.get(one, ())) for one in here}
            lost = losses(here, after, (one for record in page for one in told[record]))
            lost = self._without_rested(lost, here, resting)
            lost = self._beside_hidden(lost, after)
            found += self._unanswered(lost, here, told)
        return found

    def hiding(self, found: Iterable[Loss], tellings: Iterable[Telling]) -> list[Losing]:
        """What is hidden, but for what another device says was meant."""
        told = _by_record(tellings)
        by_record = {one.record: one for one in found}
        losing: list[Losing] = []
        for page in pages(by_record):
            here = self._library.states(page)
            losing += self._unanswered([by_record[one] for one in page], here, told)
        return losing

    def _unanswered(
        self, lost: list[Loss], here: Mapping[bytes, State], told: Mapping[bytes, list[Telling]]
    ) -> Iterator[Losing]:
        for one in self._described(lost, here):
            tellings = told.get(one.loss.record, [])
            if not (one.is_shared and is_answered(one.loss, tellings)):
                yield one

    def still_lost(self, rows: Iterable[Taken]) -> list[Taken]:
        """Those of what was taken before that are not back."""
        listed = list(rows)
        back: set[bytes] = set()
        # Whether what was hidden is shown again can be told when the question is settled.
        for page in pages({row.record: row for row in listed}):
            back.update(
                record
                for record, state in self._library.states(page).items()
                if state.is_live and state.has_content()
            )
        return [row for row in listed if row.how in HIDING or row.record not in back]

    def is_too_much(self, losing: Iterable[Losing], before: Iterable[Taken]) -> bool:
        """Whether what is lost, together with what was lost before, is asked about."""
        conversations: dict[bytes, str] = {}
        lost, changed = set[bytes](), set[bytes]()
        live = self._library.live_records()
        for row in before:
            (changed if row.how == How.CHANGED else lost).add(row.record)
            conversations[row.record] = row.conversation
        for one in losing:
            live -= one.is_live and one.loss.how not in HIDING
            (changed if one.loss.how == How.CHANGED else lost).add(one.loss.record)
            conversations[one.loss.record] = one.conversation
        known = {record: conversations[record] for record in lost if conversations[record]}
        all_records = live + len(lost)
        return is_too_much(lost, known, all_records) or is_changed_too_much(changed, all_records)

    def _purging(self, told: Mapping[bytes, list[Telling]]) -> set[bytes]:
        """The records of which words would be purged that are here."""
        found: set[bytes] = set()
        wanted = {
            record: through
            for record, tellings in told.items()
            if (through := max(one.purged for one in tellings)) >= 0
        }
        for page in pages(wanted):
            for record, state in self._library.states(page).items():
                if wanted[record] > state.purged and state.has_content():
                    found.add(record)
        return found

    def _without_rested(
        self, lost: list[Loss], here: Mapping[bytes, State], resting: Resting
    ) -> list[Loss]:
        """Without what lay in the trash for long enough, or was accepted to be there."""
        known = self._library.guarded.losses.of([one.record for one in lost])
        accepted = {record for record, row in known.items() if row.is_accepted}
        return [
            one
            for one in lost
            if one.how != How.EMPTIED
            or not (one.record in accepted or resting.in_trash(one.record, here[one.record]))
        ]

    def _beside_hidden(self, lost: list[Loss], after: Mapping[bytes, State]) -> list[Loss]:
        """Without words that were told in the place of others, where they go and the others are
        shown again: somebody else has undone it. What is asked about as hidden, and is taken away
        besides, is still hidden: undoing that brings all of it back."""
        known = self._library.guarded.losses.of([one.record for one in lost])
        hidden = {
            record: row
            for record, row in known.items()
            if row.how in HIDING and not row.is_accepted
        }
        if not hidden:
            return lost
        undone = {
            row.record
            for row, then in states_before(self._library, hidden.values())
            if not is_lost_still(How(row.how), then, after[row.record])
        }
        asked = {record: row for record, row in hidden.items() if row.question != NO_QUESTION}
        return [
            one._replace(how=How(asked[one.record].how)) if one.record in asked else one
            for one in lost
            if one.record not in undone
        ]

    def _described(self, lost: list[Loss], here: Mapping[bytes, State]) -> Iterator[Losing]:
        records = [one.record for one in lost]
        chats = self._library.read.conversations_of(records) if records else {}
        alone = self._library.read.unknown_at(records, self._head_seq) if records else frozenset()
        for one in lost:
            state = here[one.record]
            chat = chats.get(one.record, "")
            yield Losing(one, state.kind, chat, state.is_live, one.record not in alone)


def _joined(state: State, tellings: list[Telling], words: Iterable[Change]) -> State:
    """A state with all that is told of it."""
    life = max(one.life for one in tellings)
    purged = max(one.purged for one in tellings)
    told = [entry(LIFE, life)] if life >= 0 else []
    told += [entry(PURGED, purged)] if purged >= 0 else []
    for change in (Change(state.kind, b"", None, 0, b"", tuple(told)), *words):
        state = join_change(state, change)
    return state


def _by_record(tellings: Iterable[Telling]) -> dict[bytes, list[Telling]]:
    told: dict[bytes, list[Telling]] = {}
    for telling in tellings:
        told.setdefault(telling.record, []).append(telling)
    return told


def pages(records: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Some thousand records at a time."""
    left = iter(records)
    while page := list(islice(left, RECORDS_TOGETHER)):
        yield page
