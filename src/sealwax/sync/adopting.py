"""Adopting what another device kept for itself: its own zone, where its messages waited when it was
lost or put out.

What lives in that zone and says something new here goes into this device's outbox, and from there
into the shared history like anything else that waits. The zone itself stays as it is, with the
snapshots that the other device made in it. What is known already adds nothing, so adopting again,
here or on another device, is harmless.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from sealwax.ledger.names import zone_device
from sealwax.ledger.objects import Objects
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.stores.far_trouble import Parted
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.news import News
from sealwax.sync.opening import UNREADABLE
from sealwax.sync.others import Others
from sealwax.sync.outbox import Kept, Outbox
from sealwax.sync.replica import Replica


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


class Adopting:
    """What one device may take over from the own zone of another. Pull before: what is shared is
    told by what is here."""

    def __init__(
        self, history: Replica, outbox: Outbox, mirror: MirrorStore | None, others: Others
    ) -> None:
        self._history = history
        self._outbox = outbox
        self._mirror = mirror
        self._others = others

    def plan(self, device: bytes) -> Adoption:
        """What adopting would bring; raises StoreError."""
        return self._look(self._zones(device))[0]

    def adopt(self, device: bytes, before: Callable[[], object]) -> Adoption:
        """Has what the device kept wait here; calls `before` first where there is something. Raises
        StoreError; cut off at any point, it goes on where it stopped."""
        return self.take_over(self._zones(device), before)

    def take_over(
        self, zones: Iterable[str], before: Callable[[], object] = lambda: None
    ) -> Adoption:
        """The same for some devices' zones, as they are near."""
        found, objects = self._look(zones)
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

    def _zones(self, device: bytes) -> list[str]:
        """The own zones of a device, near, as the place that devices share has them."""
        if self._mirror is not None:
            for zone in self._mirror.far_zones():
                if zone_device(zone) == device:
                    # What was seen of a zone stays, where the place has another one.
                    with suppress(Parted):
                        self._others.fetch_zone(zone)
        near = self._outbox.own.store.list_zones()
        return [zone for zone in near if zone_device(zone) == device]

    def _look(self, zones: Iterable[str]) -> tuple[Adoption, list[Kept]]:
        left, unreadable = self._left(zones), 0
        if self._mirror is not None:
            self._mirror.fetch(one.kept.name for one in left if one.kept.is_segment)
        news = News(self._history.library)
        objects: list[Kept] = []
        times: list[int] = []
        for one in left:
            try:
                if one.kept.is_segment and not news.takes(self._read(one.kept.name)):
                    continue
            except UNREADABLE:
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

    def _left(self, zones: Iterable[str]) -> list[_Left]:
        """What lives at the newest commit that counts of each zone, and was never in the shared
        history or, of files, here; in the order in which it came."""
        left: dict[bytes, _Left] = {}
        for zone in zones:
            left = {**self._left_in(zone), **left}
        return self._lacking(left)

    def _left_in(self, zone: str) -> dict[bytes, _Left]:
        history, objects = self._history, Objects()
        left: dict[bytes, _Left] = {}
        head_seq = -1
        for judged, *_ in self._others.readable(zone):
            head_seq, commit = judged.head.seq, judged.commit
            if commit is None:
                continue
            objects.apply(commit, history.clock.now_ms())
            for name, size_bytes in commit.header.added:
                is_segment = objects.intervals[name].change_digest is not None
                kept = Kept(name, size_bytes, is_segment)
                left.setdefault(name, _Left(kept, commit.header.time_ms))
        live = objects.live_at(head_seq)
        return {name: one for name, one in left.items() if name in live}

    def _lacking(self, left: Mapping[bytes, _Left]) -> list[_Left]:
        holdings = self._history.library.holdings
        shared = holdings.intervals(left)
        waits = holdings.intervals(left, self._outbox.zone)
        # Whether words are known is told by reading them; a file waits under its own name.
        return [
            one
            for name, one in left.items()
            if name not in shared and (one.kept.is_segment or name not in waits)
        ]
