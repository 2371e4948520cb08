"""Pinning moments that are past: before something was taken away, and of snapshots that went.

The place for such a pin is the shared history, where it holds what it needs against everybody. As
long as that cannot be written, or some of what it needs is nowhere any more, it stands in this
device's own zone.
"""

from collections.abc import Iterable

from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE, NO_HASH, commit_hash
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.library.let_go import Wanted
from sealwax.stores.far_trouble import FarAway, FarFull
from sealwax.sync.guard.pinned import MADE_BY
from sealwax.sync.held_moment import MomentGone
from sealwax.sync.journal import Journal
from sealwax.vault.commit_part import MADE_MS, Part
from sealwax.vault.writing import NoLongerWanted, Pinning, Writing

SHARED = "shared"
"""The reason of a commit that lets go of a pin of the own zone which the shared history has now."""


class PastPins:
    """Pins what the guard's file says is wanted."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._history = journal.history
        self._library = journal.history.library

    def pin(self) -> None:
        """Pins what can be pinned now; the rest waits in the own zone."""
        for wanted in self._library.guarded.let_go.wanted():
            if not self._is_of_this_history(wanted):
                self._pin_alone(wanted)
            elif not self._is_shared(wanted) and not self._share(wanted):
                self._pin_alone(wanted)
                continue
            else:
                self._let_go_of_own(wanted)
            with self._library.guarded.transaction():
                self._library.guarded.let_go.want_no_more([wanted])

    def want_no_more(self, moments: Iterable[Wanted]) -> None:
        """These need not be pinned by this device any more: others have answered."""
        listed = list(moments)
        for wanted in listed:
            self._let_go_of_own(wanted)
        with self._library.guarded.transaction():
            self._library.guarded.let_go.want_no_more(listed)

    def _share(self, wanted: Wanted) -> bool:
        writing = Writing(
            (),
            _part(wanted),
            CommitKind.PIN,
            pinning=Pinning(pinned_seq=wanted.seq),
            is_wanted=lambda: not self._is_shared(wanted),
        )
        try:
            self._journal.share(writing)
        except NoLongerWanted:
            # Another device was quicker.
            return True
        except (FarAway, FarFull, MomentGone):
            return False
        return True

    def _pin_alone(self, wanted: Wanted) -> None:
        """A pin in the own zone that shows that moment of the shared history, and no more."""
        if self._own_pins(wanted):
            return
        heads = {MESSAGES_ZONE: (wanted.seq, wanted.hash)}
        part = _part(wanted, heads)
        self._journal.outbox.own.write(Writing((), part, CommitKind.PIN))

    def _let_go_of_own(self, wanted: Wanted) -> None:
        seqs = self._own_pins(wanted)
        if seqs:
            public = encode_facts(UnpinFacts(seqs))
            writing = Writing((), Part(reason=SHARED), CommitKind.UNPIN, public=public)
            self._journal.outbox.own.write(writing)

    def _own_pins(self, wanted: Wanted) -> list[int]:
        return [
            pin.commit_seq
            for pin in self._library.holdings.all_pins()
            if pin.zone == self._journal.outbox.zone
            and (pin.moment, pin.name, pin.reason) == (wanted.seq, wanted.name, wanted.reason)
        ]

    def _is_shared(self, wanted: Wanted) -> bool:
        """Whether the shared history has such a pin. The one before something was taken away is
        the same whichever device makes it."""
        return any(
            (pin.pinned_seq, pin.name, pin.reason) == (wanted.seq, wanted.name, wanted.reason)
            and wanted.made_ms in (0, pin.made_ms)
            for pin in self._library.holdings.all_pins()
            if pin.zone == MESSAGES_ZONE
        )

    def _is_of_this_history(self, wanted: Wanted) -> bool:
        """Whether the shared history has that commit: not where it has parted since."""
        data = self._library.holdings.seen_commit(MESSAGES_ZONE, wanted.seq)
        return data is not None and wanted.hash in (NO_HASH, commit_hash(data))


def _part(wanted: Wanted, heads: dict[str, tuple[int, bytes]] | None = None) -> Part:
    source: dict[str, object] = {MADE_MS: wanted.made_ms} if wanted.made_ms else {}
    if wanted.maker:
        source[MADE_BY] = wanted.maker
    return Part(
        reason=wanted.reason,
        name=wanted.name,
        expires_ms=wanted.expires_ms,
        counts=wanted.counts,
        source=source,
        heads=heads or {},
        alone=heads is not None,
    )
