"""Making the library anew where a merge disowns what it had applied.

What a removed device wrote may have been taken in here before another device, which knew of the
removal, went on without it. Then the library is made again from what counts. The moment before is
kept as a snapshot in this device's own zone, so nothing that was shown here is lost, and a person
is told.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from sealwax.base.errors import SealwaxError
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.holdings import Holdings
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.journal import Journal
from sealwax.sync.made_anew import fetch_all, make_anew
from sealwax.sync.others import Others
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing

BEFORE = "before it was taken back"
"""The reason of the snapshot."""
TOLD_FOR_MS = 7 * 24 * 60 * 60 * 1000
_TAKEN_BACK = "taken back"


class _Note(NamedTuple):
    """What is told, and when it happened."""

    sentence: str
    time_ms: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Note).decode


class TakingBack:
    """Watches what a device pulls for merges that disown what it has."""

    def __init__(
        self,
        journal: Journal,
        mirror: MirrorStore | None,
        others: Others,
        need_all_elsewhere: Callable[[], None],
    ) -> None:
        """`need_all_elsewhere` raises SealwaxError where the library is the last to have
        something."""
        self._journal = journal
        self._history = journal.history
        self._library = journal.history.library
        self._mirror = mirror
        self._others = others
        self._need_all_elsewhere = need_all_elsewhere
        journal.history.make_anew = self.make_anew

    def make_anew(self) -> None:
        """Raises FarAway where that cannot be done: then nothing was done."""
        try:
            self._need_all_elsewhere()
        except SealwaxError as error:
            raise FarAway(StoreError(error.sentence, error.hint)) from error
        outbox, messages = self._journal.outbox, self._library.counts().messages
        fetch_all(self._history, self._mirror)
        self._keep_moment()
        make_anew(self._history, outbox, self._others.zones(), self._mirror)
        self._tell(messages - self._library.counts().messages)

    def _keep_moment(self) -> None:
        """A snapshot of what is shown now, without what waits: that stays anyway."""
        outbox, head = self._journal.outbox, self._history.head()
        outbox.put_on()
        part = Part(
            reason=BEFORE,
            counts=self._library.counts(),
            heads={MESSAGES_ZONE: (head.seq, head.hash)},
            alone=True,
        )
        outbox.own.write(Writing((), part, CommitKind.PIN))

    def _tell(self, fewer: int) -> None:
        less = f", with {fewer:,} messages," if fewer > 0 else ""
        told = (
            f"What a removed device had written{less} was taken back: another device went on"
            f" without it. The snapshot “{BEFORE}” shows what was here."
        )
        note = _Note(told, self._history.clock.now_ms())
        self._library.holdings.keep_note(_TAKEN_BACK, _encode(note))


def taken_back(holdings: Holdings, now_ms: int) -> str:
    """What was taken back lately, in one sentence; nothing for nothing."""
    noted = holdings.noted(_TAKEN_BACK)
    if not noted:
        return ""
    note = _decode(noted)
    return note.sentence if now_ms - note.time_ms < TOLD_FOR_MS else ""
