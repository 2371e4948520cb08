"""Finds what other devices hide in the changes that a device is about to pull, segment by segment.

Only what is here already can be hidden, so the messages of a first import cost one look each
whether they are known.
"""

from collections.abc import Iterable, Sequence

from sealwax.library.library import Library
from sealwax.library.naming import ids_of
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.model.state import State, join_changes
from sealwax.sync.guard.hiding import hidden, may_hide, moved_to
from sealwax.sync.guard.plan import How, Loss
from sealwax.sync.guard.tellings import Teller
from sealwax.sync.guard.weighing import pages


class Looking:
    """Looks at changes before they are applied; `found` has one loss for each message."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._found: dict[bytes, Loss] = {}
        self._moved: dict[str, list[Loss]] = {}
        self._told: set[bytes] = set()

    def look(self, teller: Teller, changes: Sequence[Change]) -> None:
        """Takes in the changes of a segment, in the order of the history."""
        told: dict[bytes, list[Change]] = {}
        for change in changes:
            if change.kind == Kind.CONVERSATION and change.life is not None:
                self._told.add(change.record)
            elif may_hide(change):
                told.setdefault(change.record, []).append(change)
        for page in pages(told):
            for record, before in self._library.states(page).items():
                self._weigh(teller, record, before, told[record])

    def found(self) -> list[Loss]:
        """What is hidden or gets other words; that a message was moved counts where nobody shows
        the conversation."""
        names = list(self._moved)
        uids = ids_of(self._library.roots, Kind.CONVERSATION, names)
        here = self._library.states([uid for uid in uids if uid not in self._told])
        lost = dict(self._found)
        for name, uid in zip(names, uids, strict=True):
            is_there = uid in self._told or (uid in here and here[uid].has_content())
            if not is_there:
                lost.update((one.record, one) for one in self._moved[name])
        return list(lost.values())

    def _weigh(self, teller: Teller, record: bytes, before: State, told: Iterable[Change]) -> None:
        after = join_changes(before, told)
        if after == before:
            return
        how = hidden(before, after)
        if how is not None and (record not in self._found or how == How.HIDDEN):
            self._found[record] = _loss(record, how, after, teller)
        for name in moved_to(before, after):
            loss = _loss(record, How.HIDDEN, after, teller)
            self._moved.setdefault(name, []).append(loss)


def _loss(record: bytes, how: How, after: State, teller: Teller) -> Loss:
    return Loss(
        record, how, after.life, teller.device, teller.seq, teller.is_confirmed, teller.is_repeated
    )
