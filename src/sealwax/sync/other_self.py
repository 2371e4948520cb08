"""What the place has of this device and this home did not write.

A home that was put back from an image of its disk has forgotten what it wrote since; two copies of
one home that are at work at once write with the same keys, and neither knows of the other. What
waits in a home stands in its device's own zone, which nobody else writes: so there it is noticed.
Where this home is only behind, it fetches what it said. Where both have gone on, it goes on in a
fresh zone. What stands in other zones of the same device is taken over like what a lost device kept
for itself, so nothing is lost of either.
"""

from contextlib import suppress

import msgspec

from sealwax.base.clock import Clock
from sealwax.base.settings import Settings
from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.ledger.names import (
    ACCOUNT_ZONE,
    GENERATION_LIMIT,
    MESSAGES_ZONE,
    commit_hash,
    device_zone,
    zone_device,
    zone_generation,
)
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import ZoneTrouble
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.zone_copy import ZoneStanding
from sealwax.sync.adopting import Adopting
from sealwax.sync.fresh_zone import begin_fresh_zone, bring_library_over
from sealwax.sync.generation import keep_generation
from sealwax.sync.journal import Journal
from sealwax.sync.others import Others

PUT_BACK = (
    "This home had been put back from an earlier copy of it: what it had said since then was"
    " fetched."
)
WENT_ON = (
    "This home had been put back from an earlier copy of it, or another copy of it is at work: both"
    " had gone on. This one goes on in a zone of its own; nothing is lost of either."
)
OTHER_COPY = "other_copy_ms"
"""The setting that says when something was last found that another copy of this home wrote."""
FOUND_IN_A_ROW = 2
"""A home that is killed may find one commit of its own that it does not know, never more."""
TOLD_FOR_MS = 7 * 24 * 60 * 60 * 1000
_TAKEN = "taken over of "
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, bytes]).decode


class ZonesFull(StoreError):
    """The device has begun as many zones of its own as there may be."""

    code = "own-zones-full"
    hint = "Link this home anew: `sealwax device link` on another device, then `init --join` here."


class OtherSelf:
    """Keeps a home apart from other copies of it."""

    def __init__(
        self,
        journal: Journal,
        mirror: MirrorStore | None,
        others: Others,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._history = journal.history
        self._outbox = journal.outbox
        self._own = journal.outbox.own
        self._mirror = mirror
        self._others = others
        self._settings = settings
        self._clock = clock
        self._adopting = Adopting(journal.history, journal.outbox, mirror, others)

    def meet(self) -> str:
        """Brings this home's own zone in step with the place before more is written there; says
        what was done. Raises FarAway or FarFull."""
        mirror, said = self._mirror, ""
        if mirror is None:
            return said
        standing = mirror.zone_standing(self._own.zone)
        if standing.is_behind:
            said = self._fetch(mirror, standing)
        elif standing.is_apart:
            said = self._go_on_apart(mirror, standing)
        for zone in self._other_zones(mirror):
            self._take_over(mirror, zone)
        return said

    def look_at_shared(self, before_seq: int) -> None:
        """Looks at what came of the shared history beyond a seq: whether this device wrote it, and
        this home did not."""
        known = self._history.heads.get(MESSAGES_ZONE)
        start_seq = max(before_seq, -1 if known is None else known[0]) + 1
        if self._count_own(MESSAGES_ZONE, start_seq) >= FOUND_IN_A_ROW:
            self._note()

    def _fetch(self, mirror: MirrorStore, standing: ZoneStanding) -> str:
        """Takes in what this device said and this home has forgotten."""
        zone = self._own.zone
        mirror.refresh([ACCOUNT_ZONE, zone])
        self._history.pull_account()
        self._pull_shared(mirror)
        mirror.fetch(self._own.held_in_store())
        self._others.take_in_zone(zone)
        self._outbox.put_on()
        self._remember()
        # Others only close a zone.
        if not self._count_own(zone, standing.near_seq + 1):
            return ""
        self._note()
        return PUT_BACK

    def _pull_shared(self, mirror: MirrorStore) -> None:
        """Takes in the shared history first: what the own zone let go of, for it was sent, is only
        there. What is wrong with that history is told by a sync, and stops no backup."""
        with suppress(ZoneTrouble):
            mirror.refresh([MESSAGES_ZONE])
            with mirror.current():
                self._history.pull()

    def _go_on_apart(self, mirror: MirrorStore, standing: ZoneStanding) -> str:
        """Goes on in a fresh zone; what the place has in the old one is taken over after that."""
        own, old = self._own, self._own.zone
        mirror.refresh([ACCOUNT_ZONE])
        self._history.pull_account()
        taken = {zone_generation(zone) for zone in self._own_zones(mirror)}
        generation = max(taken) + 1
        if generation > GENERATION_LIMIT:
            raise ZoneTrouble(ZonesFull("This device has begun too many zones of its own."))
        fresh = device_zone(own.device, generation)
        begin_fresh_zone(own, mirror.near, fresh)
        keep_generation(self._settings, generation)
        own.zone = own.library.own_zone = fresh
        bring_library_over(own)
        self._remember()
        self._leave(mirror, old)
        mirror.refresh([ACCOUNT_ZONE, old])
        if not self._count_own(old, standing.common_seq + 1):
            return ""
        self._note()
        return WENT_ON

    def _leave(self, mirror: MirrorStore, zone: str) -> None:
        """Puts this home's history of an earlier zone aside: the zone that is written now has all
        of it."""
        self._own.heads.forget(zone)
        mirror.near.set_aside_zone(zone)

    def _take_over(self, mirror: MirrorStore, zone: str) -> None:
        """Takes over what lives in another zone of this device, if that has grown."""
        standing = mirror.zone_standing(zone)
        if standing.is_apart:
            # Going on in a fresh zone was cut off here.
            self._leave(mirror, zone)
        if standing.is_apart or standing.is_behind:
            mirror.refresh([ACCOUNT_ZONE, zone])
        # Where the place lost the end of it, what is near is all there is.
        head_seq = mirror.near.head_seq(zone)
        if head_seq < 0:
            return
        holdings = self._history.library.holdings
        taken = _encode((head_seq, commit_hash(mirror.near.get_commit(zone, head_seq))))
        noted = holdings.noted(_TAKEN + zone)
        if noted == taken:
            return
        is_later = zone_generation(zone) > zone_generation(self._own.zone)
        known_seq = _decode(noted)[0] if noted else -1
        if (noted or is_later) and self._count_own(zone, known_seq + 1):
            self._note()
        self._adopting.take_over([zone])
        holdings.keep_note(_TAKEN + zone, taken)

    def _other_zones(self, mirror: MirrorStore) -> list[str]:
        return [zone for zone in self._own_zones(mirror) if zone != self._own.zone]

    def _own_zones(self, mirror: MirrorStore) -> list[str]:
        """The zones of this device that the place has."""
        zones = [zone for zone in mirror.far_zones() if zone_device(zone) == self._own.device]
        return sorted(zones, key=zone_generation)

    def _count_own(self, zone: str, start_seq: int) -> int:
        """How many commits of a zone near say that this device wrote them, from a seq on."""
        count = 0
        for _, data in self._own.store.read_commits(zone, start_seq):
            try:
                count += parse_commit(data).header.author == self._own.device
            except MalformedCommitError:
                continue
        return count

    def _remember(self) -> None:
        head = self._own.head()
        self._own.heads.remember(head.zone, head.seq, head.hash)

    def _note(self) -> None:
        self._settings.set(OTHER_COPY, self._clock.now_ms())


def is_other_copy(settings: Settings, now_ms: int) -> bool:
    """Whether something was found lately that this device wrote and this home did not."""
    found_ms = settings.get(OTHER_COPY, 0)
    return bool(found_ms) and now_ms - found_ms < TOLD_FOR_MS
