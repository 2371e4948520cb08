"""What brings back what other devices took away: out of the trash, or from the moment before."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sealwax.library.library import Library
from sealwax.library.losses import Taken
from sealwax.library.past import states_at, states_before
from sealwax.model.change import Change
from sealwax.model.state import State
from sealwax.snapshot.plan import bring_back, say_instead
from sealwax.storage.plan import Target, plan_undelete
from sealwax.sync.guard.hiding import HIDING, is_lost_still
from sealwax.sync.guard.plan import BEFORE, How

RECORDS_TOGETHER = 2_000


class Returning:
    """Brings records of one library back, at a time and in the name of a device."""

    def __init__(self, library: Library, now_ms: int, device: bytes) -> None:
        self._library = library
        self._connection = library.database.connection
        self._now_ms = now_ms
        self._device = device

    def changes(self, rows: Sequence[Taken]) -> Iterator[Change]:
        """The changes that bring these back, some thousand records at a time."""
        wanted = {row.moment for row in rows}
        pins = self._library.holdings.pins()
        shown = {pin.moment for pin in pins if pin.reason == BEFORE or pin.moment in wanted}
        for start in range(0, len(rows), RECORDS_TOGETHER):
            page = rows[start : start + RECORDS_TOGETHER]
            states = self._library.states([row.record for row in page])
            known = [row for row in page if row.record in states]
            yield from self._out_of_the_trash(known, states)
            yield from self._from_before(known, states, shown)

    def _out_of_the_trash(
        self, rows: Iterable[Taken], states: Mapping[bytes, State]
    ) -> Iterator[Change]:
        deleted = (row.record for row in rows if row.how == How.DELETED)
        targets = (Target(record, states[record]) for record in deleted)
        yield from plan_undelete(targets, self._now_ms, self._device)

    def _from_before(
        self, rows: Iterable[Taken], states: Mapping[bytes, State], shown: Collection[float]
    ) -> Iterator[Change]:
        """Each from the newest moment that has what it lost; what was hidden, from the one before
        that, for later ones have it as it was hidden."""
        gone = {row.record: row for row in rows if row.how != How.DELETED}
        were_live = self._were_live(gone.values())
        now_ms, device = self._now_ms, self._device
        for moment in sorted(shown, reverse=True):
            for record, then in states_at(self._connection, sorted(gone), moment).items():
                now, row = states[record], gone[record]
                how = How(row.how)
                is_later = how in HIDING and moment != row.moment and row.moment in shown
                if is_later or not is_lost_still(how, then, now):
                    continue
                del gone[record]
                if how in HIDING:
                    yield from say_instead(record, then, now, now_ms, device)
                else:
                    is_live = then.is_live or record in were_live
                    yield from bring_back(record, [then, now], now, now_ms, device, is_live)

    def _were_live(self, rows: Iterable[Taken]) -> set[bytes]:
        """The records that were in the present before anything was done to them: a later moment,
        which has their words too, may show them in the trash already."""
        before = states_before(self._library, rows)
        return {row.record for row, then in before if then.is_live and then.has_content()}
