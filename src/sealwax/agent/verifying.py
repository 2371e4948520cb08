"""Checking everything that a home and the place that devices share keep, and mending it."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sealwax.agent.device import Device
from sealwax.agent.noting import HOME, Note
from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.snapshot.verify import Damage, Step, There, Verified, Verifier
from sealwax.stores.base import StoreError
from sealwax.sync.belied import Belied
from sealwax.sync.near_history import replace_damaged
from sealwax.sync.reading_back import Reading, chosen, read_back

LOST_KIND = "object at the sync store"
LOOKED_AT = 64
"""So many sealed objects, from the first to the newest, are looked for when a home tells how it
stands."""
_MENDS = {
    True: "This device has it: `sealwax sync now` sends it again.",
    False: "Another device may have it, and sends it at its next sync.",
}


class Elsewhere(NamedTuple):
    """Objects that are not on this device: those that the shared place has, and those of which it
    could not be asked."""

    present: frozenset[bytes] = frozenset()
    unasked: frozenset[bytes] = frozenset()


class Verifying:
    """The checks of an open home. `is_on` says whether sync is on."""

    def __init__(
        self, device: Device, clock: Clock, entropy: Entropy, is_on: Callable[[], bool]
    ) -> None:
        self._device = device
        self._clock = clock
        self._entropy = entropy
        self._is_on = is_on
        self._holdings = device.history.library.holdings

    def verify(
        self,
        report: Callable[[Step], None],
        is_deep: bool,
        reading: Reading,
        notes: Iterable[Note],
    ) -> Verified:
        """Checks every object, commit and key packet, and the library against them; `is_deep` adds
        up all changes and records too, see `snapshot.verify`. The shared place is asked for all
        that it should have, and so much of it is read back. `notes` are what is known to be
        wrong."""
        device, history = self._device, self._device.history
        present, unasked = self._elsewhere()
        now_ms, own_zone = self._clock.now_ms(), device.outbox.zone
        verifier = Verifier(
            device.near, history.log, history.keys, history.library, report, now_ms, own_zone,
            is_deep, present | unasked,
        )  # fmt: skip
        try:
            history.library.strip_tail()
            found = verifier.run()
        finally:
            device.outbox.put_on()
        wrong = [note for note in notes if note.kind != HOME]
        noted = tuple(Damage(note.kind, note.name, note.what) for note in wrong)
        there, lost = self._look_there(report, is_deep, reading, found.objects)
        damage = (*noted, *found.damage, *lost)
        return found._replace(damage=damage, unasked=len(unasked), there=there)

    def mend(self, found: Verified) -> None:
        """Puts back what a verification named and this device, or the shared place, has whole;
        raises StoreError."""
        device, mirror = self._device, self._device.mirror
        if any(one.kind == "commit" for one in found.damage):
            zones = (ACCOUNT_ZONE, MESSAGES_ZONE, device.outbox.zone)
            replace_damaged(device.near, self._holdings, zones)
        if mirror is None or not self._is_on():
            return
        device.sync.mend_history()
        damaged = [bytes.fromhex(one.name) for one in found.damage if one.kind == "object"]
        mirror.mend_near(damaged)
        mirror.put_back_lost()
        mirror.heal(self._sizes())

    def is_lacking(self) -> bool:
        """Whether sealed words are missing in the vault of this device, by a look at some."""
        segments = self._holdings.live_segments()
        names = {name for name, _, _ in segments[:: max(1, len(segments) // LOOKED_AT)]}
        return self._device.near.has_objects(names) != names

    def _elsewhere(self) -> Elsewhere:
        """What this device does not keep, or did not fetch yet, and the shared place has."""
        mirror, history = self._device.mirror, self._device.history
        if mirror is None:
            return Elsewhere()
        listed = self._holdings.listed()
        files = {name for name, *_, digest in listed if digest is None}
        unfetched = history.held_in_store() - {name for name, _, _, _, _ in listed}
        wanted = files | unfetched
        lacking = wanted - mirror.near.has_objects(wanted)
        try:
            return Elsewhere(frozenset(mirror.far_objects(lacking)) if lacking else frozenset())
        except StoreError:
            # Whether it has them can be told when it answers; nothing here is damaged.
            return Elsewhere(unasked=frozenset(lacking))

    def _look_there(
        self, report: Callable[[Step], None], is_deep: bool, reading: Reading, objects: int
    ) -> tuple[There, list[Damage]]:
        """What the shared place says that it has, and what of it was read back. `objects` is how
        many were read in the vault, which is the shared place where there is no server."""
        mirror, sizes = self._device.mirror, self._sizes()
        if mirror is None:
            read = objects if reading.share else 0
            return There(self._device.near.describe(), False, objects, read=read), []
        there = There(mirror.describe(), True, len(sizes))
        if not (self._is_on() or reading.share):
            return there, []
        try:
            lost = set(mirror.lost_far(list(sizes), is_deep))
            there = there._replace(is_asked=True)
            if reading.share:
                names = chosen(sizes, reading, self._entropy)
                back = read_back(
                    mirror, names, lambda done: report(Step("Reading back", done, len(names)))
                )
                Belied(self._holdings).note(back.lost, self._clock.now_ms())
                lost = (lost - set(names)) | set(back.lost)
                there = there._replace(
                    read=back.objects, read_bytes=back.size_bytes, sent_again=back.healed
                )
        except StoreError as error:
            return there._replace(trouble=error.sentence), []
        return there, self._lost(sorted(lost))

    def _lost(self, names: list[bytes]) -> list[Damage]:
        near = self._device.near.has_objects(names)
        return [
            Damage(LOST_KIND, name.hex(), "it is missing or damaged there", _MENDS[name in near])
            for name in names
        ]

    def _sizes(self) -> dict[bytes, int]:
        """The objects that the shared history and its snapshots hold, with their bytes."""
        return {name: size_bytes for name, _, _, size_bytes, _ in self._holdings.listed()}
