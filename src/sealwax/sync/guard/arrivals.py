"""What other devices say in the commits that a device is about to pull, read once or twice."""

from collections.abc import Callable, Iterator, Set
from typing import NamedTuple, TypeAlias

from sealwax.base.clock import Clock
from sealwax.ledger.commit import SAID_ALREADY, Commit
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import effects, let_go_ms
from sealwax.library.folding import made_ms
from sealwax.library.holdings import PinRow
from sealwax.model.change import Change
from sealwax.stores.far_trouble import FarAway
from sealwax.sync.following import Ahead, Following
from sealwax.sync.guard.pinned import Pinned, makers_of
from sealwax.sync.guard.tellings import Teller, Telling, tellings_in
from sealwax.sync.opening import UNREADABLE
from sealwax.vault.commit_part import Counts

Look: TypeAlias = Callable[[Teller, list[Change]], None]


class LetGo(NamedTuple):
    """The seq of a pin, which device lets go of it, and until when a lock must have run out for
    that."""

    seq: int
    device: bytes
    until_ms: int


class Arrivals:
    """The commits ahead that others wrote, and that this device has never seen: one that it has
    seen comes again when its library is made anew."""

    def __init__(self, ahead: Ahead, device: bytes, seen_seq: int) -> None:
        self._ahead = ahead
        self._device = device
        self._seen_seq = seen_seq
        self._needed = ahead.needed()

    def tellings(self, is_all: bool, look: Look | None = None) -> list[Telling]:
        """What they tell of records: in what applying them reads, or in all that can be read. What
        was compacted since may still say who said something first. `look` is shown the changes of
        each segment that applying reads, once."""
        found: list[Telling] = []
        for following, commit in self._commits():
            header = commit.header
            teller = Teller(
                header.author, header.seq, following.part.confirmed, header.kind in SAID_ALREADY
            )
            for name in following.segments:
                if is_all or name in self._needed:
                    changes = self._changes(name)
                    found.extend(tellings_in(teller, changes))
                    if look is not None and name in self._needed:
                        look(teller, changes)
        return found

    def words_of(self, records: Set[bytes]) -> dict[bytes, list[Change]]:
        """The changes of content that applying them brings to some records."""
        found: dict[bytes, list[Change]] = {}
        for following, _ in self._commits():
            for name in following.segments:
                if name in self._needed:
                    for change in self._changes(name):
                        if change.record in records and change.life is not None:
                            found.setdefault(change.record, []).append(change)
        return found

    def drops(self) -> list[int]:
        """The seqs of those that may end segments, and say that nothing is lost by it."""
        return [
            commit.header.seq
            for _, commit in self._commits()
            if commit.header.kind in SAID_ALREADY and commit.header.dropped
        ]

    def pins(self, clock: Clock) -> tuple[list[Pinned], list[LetGo]]:
        """The snapshots that come; and which pins are let go of, there or not, by whom, in their
        order."""
        coming: list[Pinned] = []
        going: list[LetGo] = []
        for following, commit in self._commits():
            effect, part = effects(commit), following.part
            until_ms = let_go_ms(commit, clock.now_ms())
            if following.merge_seq is None:
                # A disowned commit lets go of nothing.
                going += [LetGo(seq, commit.header.author, until_ms) for seq in effect.unpinned]
            if effect.pinned_seq is not None:
                pin = PinRow(
                    MESSAGES_ZONE, effect.seq, effect.pinned_seq, float(effect.pinned_seq),
                    effect.lock_until_ms, part.expires_ms, made_ms(commit, part), part.name,
                    part.reason, part.counts or Counts(),
                )  # fmt: skip
                coming.append(Pinned(pin, *makers_of(commit, part), 0))
        return coming, going

    def _commits(self) -> Iterator[tuple[Following, Commit]]:
        for following in self._ahead.commits():
            commit = following.judged.commit
            if commit is None or commit.header.author == self._device:
                continue
            if following.judged.head.seq > self._seen_seq:
                yield following, commit

    def _changes(self, name: bytes) -> list[Change]:
        try:
            return self._ahead.read_segment(name)
        except UNREADABLE:
            # It changes nothing in the library either.
            return []
        except FarAway:
            # What applying the commits needs has to come; of the rest, less is known then.
            if name in self._needed:
                raise
            return []
