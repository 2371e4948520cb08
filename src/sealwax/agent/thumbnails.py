"""Small pictures of photos: made a batch at a time where photos are, read where they are shown."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sealwax.agent.device import Device
from sealwax.base.clock import Clock
from sealwax.base.companion import CompanionLost
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.library.parts import ReadPart, part_reader
from sealwax.library.view import AttachmentView
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway, FarFull
from sealwax.thumbnail.apply import Look, Made, Maker
from sealwax.thumbnail.plan import FILE_LIMIT_BYTES, Verdict
from sealwax.vault.objects import SMALL_BYTES

BATCH_PICTURES = 200
BATCH_SECONDS = 20.0
"""So long a batch takes at most: what else the agent has to do waits for it."""
AWAY_MS = 5 * 60 * 1000
FULL_MS = 60 * 60 * 1000
"""So long they wait where the shared place was away, or full."""
LOOK_EVERY_MS = 60 * 60 * 1000
"""All attachments are looked at this often even where none seems to have come."""


class ThumbnailProgress(NamedTuple):
    """How many small pictures were made, or could not be, of how many looked at together."""

    done: int
    total: int


class ThumbnailsMade(NamedTuple):
    """What came of it: small pictures made, pictures of which none could be; photos that lack the
    plugin for HEIC here; why it ended early, or nothing."""

    made: int = 0
    failed: int = 0
    lacking_plugin: int = 0
    why: str = ""

    @property
    def is_nothing(self) -> bool:
        return not self.made and not self.failed

    def __add__(self, later: object) -> "ThumbnailsMade":
        """Two batches, one after the other."""
        assert isinstance(later, ThumbnailsMade)
        return later._replace(made=self.made + later.made, failed=self.failed + later.failed)


class _Signs(NamedTuple):
    """What tells cheaply that there may be photos without a small picture."""

    attachments: int
    file_bytes: int
    has_tail: bool


Report = Callable[[ThumbnailProgress], None]


class Thumbnails:
    """A part of the agent; see `agent.api`."""

    def __init__(self, device: Device, read_part: ReadPart, clock: Clock) -> None:
        """`read_part` fetches what is not on this device."""
        history = device.history
        self._library = history.library
        self._journal = device.journal
        self._clock = clock
        self._near = device.near
        self._decoder = device.decoder
        self._fetch_part = read_part
        self._near_part = part_reader(device.near, history.keys, history.zone)
        self._maker = Maker(
            self._library, device.journal, device.near, self._near_part, device.decoder
        )
        self._looked_at: _Signs | None = None
        self._is_due = False
        self._again_ms = 0

    # Making them.

    def is_due(self) -> bool:
        """Whether there are some to be made by this device; quick while nothing changes."""
        if not self._journal.is_shared_now or self._journal.is_full:
            return False
        signs, now_ms = self._signs(), self._clock.now_ms()
        if (
            signs != self._looked_at
            or not self._again_ms - LOOK_EVERY_MS <= now_ms < self._again_ms
        ):
            self._looked_at, self._again_ms = signs, now_ms + LOOK_EVERY_MS
            try:
                look = self._maker.look(now_ms, 1)
                self._is_due = bool(look.wanted)
                if look.again_ms:
                    self._again_ms = min(self._again_ms, look.again_ms)
            except (CompanionLost, StoreError, OSError):
                # The job says what is wrong, and waits longer each time.
                self._is_due = True
            if not self._is_due:
                self._decoder.close()
        return self._is_due

    def _signs(self) -> _Signs:
        """What is otherwise when there are other photos, or photos are shared that were not."""
        counts = self._library.counts()
        return _Signs(counts.attachments, counts.file_bytes, self._library.tail.is_there())

    def make_batch(
        self, report: Report = lambda _: None, is_awaited: Callable[[], bool] = lambda: False
    ) -> ThumbnailsMade:
        """Makes some; ends early where something else `is_awaited`. Raises CompanionLost."""
        look = self._look()
        until = self._clock.monotonic() + BATCH_SECONDS

        def is_enough(done: int) -> bool:
            report(ThumbnailProgress(done, len(look.wanted)))
            return is_awaited() or self._clock.monotonic() >= until

        made, why, wait_ms = Made(), "", 0
        try:
            made = self._maker.make(look.wanted, is_enough)
        except FarAway as error:
            why, wait_ms = error.sentence, AWAY_MS
        except FarFull as error:
            why, wait_ms = error.sentence, FULL_MS
        self._settle(wait_ms)
        return ThumbnailsMade(made.made, made.failed, look.verdicts[Verdict.LACKS_PLUGIN], why)

    def make_some(self, report: Report = lambda _: None) -> ThumbnailsMade:
        """The same for whoever asks again until there is nothing left to be made."""
        return self.make_batch(report)

    def _look(self) -> Look:
        return self._maker.look(self._clock.now_ms(), BATCH_PICTURES)

    def _settle(self, wait_ms: int) -> None:
        """When to look again: at once, unless there was no place for them."""
        self._looked_at = None
        if wait_ms:
            self._looked_at, self._is_due = self._signs(), False
            self._again_ms = self._clock.now_ms() + wait_ms

    # Showing them.

    def kept(self, found: AttachmentView) -> bytes | None:
        """The small picture of an attachment; None where none is kept, or it cannot be had."""
        if found.thumbnail is None:
            return None
        name, size_bytes = found.thumbnail
        if not 0 < size_bytes <= SMALL_BYTES:
            return None
        one = found._replace(chunks=((name, size_bytes),))
        try:
            return self._fetch_part(one, 0, size_bytes)
        except (StoreError, SealBroken, SealUnknown):
            return None

    def elsewhere(self, found: Iterable[AttachmentView]) -> set[int]:
        """The records of those that cannot be shown small before they are fetched whole."""
        without = [one for one in found if one.thumbnail is None and _is_large(one)]
        here = self._near.has_objects(name for one in without for name, _ in one.chunks)
        return {one.record for one in without if any(name not in here for name, _ in one.chunks)}

    def photo_here(self, found: AttachmentView) -> bytes | None:
        """The photo itself, to make a small picture of; None where that is not on this device. What
        is no larger than a small picture is fetched."""
        size_bytes = found.size_bytes or 0
        if not 0 < size_bytes <= FILE_LIMIT_BYTES:
            return None
        if not _is_large(found):
            return self._fetch_part(found, 0, size_bytes)
        names = {name for name, _ in found.chunks}
        if not self._near.has_objects(names) >= names:
            return None
        return self._near_part(found, 0, size_bytes)


def _is_large(found: AttachmentView) -> bool:
    """Whether it is none of the small pieces that every device has."""
    return (found.size_bytes or 0) > SMALL_BYTES
