"""Adopting what another device kept for itself: its own zone, where its messages waited when it was
lost or put out.

What lives in that zone and says something new here goes into this device's outbox, and from there
into the shared history like anything else that waits. The zone itself stays as it is, with the
snapshots that the other device made in it. What is known already adds nothing, so adopting again,
here or on another device, is harmless.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.names import device_zone
from sealwax.ledger.objects import Objects
from sealwax.library.library import Library
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.model.state import empty, tells_more
from sealwax.stores.base import Missing
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.brake import falls_in, newly_lost
from sealwax.sync.outbox import Kept, Outbox
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import open_part

CHANGES_TOGETHER = 2_000


class Adoption(NamedTuple):
    """What a device kept for itself and nobody else has: messages and attachments that are new or
    changed here, live records that it put into the trash, sealed bytes, since when (ms since 1970;
    0 when there is nothing), and how many objects could not be read."""

    messages: int = 0
    attachments: int = 0
    deletions: int = 0
    size_bytes: int = 0
    since_ms: int = 0
    unreadable: int = 0

    @property
    def is_nothing(self) -> bool:
        return self.size_bytes == 0


class _Left(NamedTuple):
    """An object that lives in the other device's zone: which, and when its commit was made."""

    kept: Kept
    time_ms: int


class _News:
    """Which records segments say something new about, and which they put into the trash."""

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
        self.lost.update(newly_lost(falls_in(changes), here))
        news = [
            change
            for change in changes
            if tells_more(here.get(change.record) or empty(change.kind), change)
        ]
        self._kinds.update({change.record: int(change.kind) for change in news})
        return bool(news)

    def count(self, kind: Kind) -> int:
        return sum(1 for found in self._kinds.values() if found == int(kind))


class Adopting:
    """What one device may take over from the own zone of another. Pull before: what is shared is
    told by what is here."""

    def __init__(self, history: Replica, outbox: Outbox, mirror: MirrorStore | None) -> None:
        self._history = history
        self._outbox = outbox
        self._mirror = mirror

    def plan(self, device: bytes) -> Adoption:
        """What adopting would bring; raises StoreError."""
        return self._look(device)[0]

    def adopt(self, device: bytes, before: Callable[[], object]) -> Adoption:
        """Has what the device kept wait here; calls `before` first where there is something. Raises
        StoreError; cut off at any point, it goes on where it stopped."""
        found, objects = self._look(device)
        if found.is_nothing:
            return found
        before()
        if self._mirror is not None:
            self._mirror.fetch(one.name for one in objects)
        near = self._outbox.own.store.has_objects(one.name for one in objects)
        self._outbox.put_on()
        self._outbox.keep(one for one in objects if one.name in near)
        self._outbox.put_on()
        return found._replace(unreadable=found.unreadable + len(objects) - len(near))

    def _look(self, device: bytes) -> tuple[Adoption, list[Kept]]:
        left, unreadable = self._left(device_zone(device))
        if self._mirror is not None:
            self._mirror.fetch(one.kept.name for one in left if one.kept.is_segment)
        news = _News(self._history.library)
        objects: list[Kept] = []
        times: list[int] = []
        for one in left:
            try:
                if one.kept.is_segment and not news.takes(self._read(one.kept.name)):
                    continue
            except (Missing, SealBroken, SealUnknown):
                unreadable += 1
                continue
            objects.append(one.kept)
            times.append(one.time_ms)
        told = Adoption(
            news.count(Kind.MESSAGE),
            news.count(Kind.ATTACHMENT),
            len(news.lost),
            sum(one.size_bytes for one in objects),
            min(times, default=0),
            unreadable,
        )
        return told, objects

    def _read(self, name: bytes) -> list[Change]:
        # What is not near could not be fetched a moment ago.
        return self._outbox.own.read_segment(name)

    def _left(self, zone: str) -> tuple[list[_Left], int]:
        """What lives at the zone's newest commit that counts, and was never in the shared history
        or, of files, here; in the order in which it came. And how much is in commits that do not
        open."""
        history = self._history
        objects = Objects()
        left: dict[bytes, _Left] = {}
        unreadable = 0
        head = beginning(history.keys.account, zone)
        for data in self._commits(zone):
            judged = judge(head, data, history.log)
            head, commit = judged.head, judged.commit
            if commit is None:
                continue
            objects.apply(commit, history.clock.now_ms())
            try:
                part = open_part(history.keys, commit)
            except (SealBroken, SealUnknown):
                unreadable += len(commit.header.added)
                continue
            for name, size_bytes in commit.header.added:
                is_segment = objects.intervals[name].change_digest is not None
                kept = Kept(name, size_bytes, is_segment, is_segment and part.confirmed)
                left.setdefault(name, _Left(kept, commit.header.time_ms))
        return self._lacking(left, objects.live_at(head.seq)), unreadable

    def _lacking(self, left: Mapping[bytes, _Left], live: set[bytes]) -> list[_Left]:
        holdings = self._history.library.holdings
        shared = holdings.intervals(live).keys()
        waits = holdings.intervals(live, self._outbox.zone).keys()
        # Whether words are known is told by reading them; a file waits under its own name.
        known = {name for name in waits if name in left and not left[name].kept.is_segment}
        wanted = live - shared - known
        return [left[name] for name in left if name in wanted]

    def _commits(self, zone: str) -> list[bytes]:
        """The zone as the place that devices share has it."""
        if self._mirror is not None:
            return self._mirror.far_commits(zone, 0)
        return [data for _, data in self._outbox.own.store.read_commits(zone, 0)]
