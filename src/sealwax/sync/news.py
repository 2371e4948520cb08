"""What segments would say that is new here, counted: before it is taken over or accepted."""

from collections.abc import Mapping, Sequence

from sealwax.library.library import Library
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.model.state import State, empty, join_change, tells_more
from sealwax.sync.guard.plan import losses
from sealwax.sync.guard.tellings import Teller, tellings_in

CHANGES_TOGETHER = 2_000


class News:
    """Which records segments say something new about, and which they take away: into the trash, or
    for good."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kinds: dict[bytes, int] = {}
        self.lost: set[bytes] = set()

    def takes(self, changes: Sequence[Change]) -> bool:
        """Whether changes tell anything that is not known here; what they tell is counted."""
        is_news = False
        for start in range(0, len(changes), CHANGES_TOGETHER):
            is_news |= self._take(changes[start : start + CHANGES_TOGETHER])
        return is_news

    def _take(self, changes: Sequence[Change]) -> bool:
        here = self._library.states(list({change.record for change in changes}))
        self.lost.update(_lost(changes, here))
        news = [
            change
            for change in changes
            if tells_more(here.get(change.record) or empty(change.kind), change)
        ]
        self._kinds.update({change.record: int(change.kind) for change in news})
        return bool(news)

    def count(self, kind: Kind) -> int:
        return sum(1 for found in self._kinds.values() if found == int(kind))


def _lost(changes: Sequence[Change], here: Mapping[bytes, State]) -> set[bytes]:
    """The records that changes take away."""
    after = dict(here)
    for change in changes:
        if change.record in after:
            after[change.record] = join_change(after[change.record], change)
    told = tellings_in(Teller(b"", 0), changes)
    return {one.record for one in losses(here, after, told)}
