"""Deleting objects that nothing holds: after a time of grace, and after a rebuild without them.

An object may go when neither the head nor a pin holds it, and when this device has seen that for 30
days, by its own clock; see `grace`. And only after this device has built a library in scratch from
the remaining objects alone, and that one says the same as its own: of the present and of every
pinned moment.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sealwax.base.errors import SealwaxError
from sealwax.library.holdings import PinRow
from sealwax.stores.staying import Staying, staying
from sealwax.sync.compaction.grace import grace
from sealwax.sync.known_zones import pinned_bases
from sealwax.sync.rebuilding import rebuilt
from sealwax.sync.replica import Replica

GRACE_MS = 30 * 24 * 60 * 60 * 1000


class RebuildDiffers(SealwaxError):
    """A library made from the remaining objects does not say what this one says."""

    code = "rebuild-differs"
    hint = "Nothing was deleted. Run `sealwax verify`: it names what is damaged."


class Collected(NamedTuple):
    """Objects that were, or can be, deleted, and their bytes. `staying` more might go, but the
    store keeps them for a time of its own, the last until `until_ms`."""

    objects: int = 0
    size_bytes: int = 0
    staying: int = 0
    until_ms: int = 0


class Collectable(NamedTuple):
    """Names and sizes of the objects that may go, and those that the store would keep."""

    sizes: dict[bytes, int]
    staying: Staying

    @property
    def counted(self) -> Collected:
        return Collected(
            len(self.sizes),
            sum(self.sizes.values()),
            len(self.staying.names),
            self.staying.until_ms,
        )


def collectable(replica: Replica, now_ms: int) -> Collectable:
    """The objects in the store that may go."""
    before_seq, moments = grace(replica, now_ms - GRACE_MS)
    holdings = replica.library.holdings
    unheld = holdings.unheld_objects(before_seq, sorted(moments | pinned_bases(replica)))
    doubtful = {one.seq for one in replica.library.guarded.doubts.unproved()}
    if doubtful:
        # What another device dropped and this one has not proved to be told elsewhere.
        known = holdings.intervals(unheld)
        unheld = {name: size for name, size in unheld.items() if known[name] not in doubtful}
    present = replica.store.has_objects(unheld)
    stay = staying(replica.store, present)
    going = present - stay.names
    return Collectable({name: unheld[name] for name in unheld if name in going}, stay)


def collect(
    replica: Replica,
    scratch: Path,
    now_ms: int,
    report: Callable[[str], None],
) -> Collected:
    """Deletes what may go; raises RebuildDiffers or StoreError before anything is deleted."""
    replica.pull()
    found = collectable(replica, now_ms)
    if not found.sizes:
        return found.counted
    report("Building a library from the remaining objects")
    replica.library.strip_tail()
    _prove(replica, scratch)
    report("Deleting")
    replica.store.delete_objects(found.sizes)
    return found.counted


def _prove(replica: Replica, scratch: Path) -> None:
    """Rebuilds from what the head and the pins hold."""
    with rebuilt(replica, scratch) as twin:
        _compare(replica, twin)


def _compare(replica: Replica, twin: Replica) -> None:
    own, rebuilt = replica.library, twin.library
    pins = [pin for pin in own.holdings.all_pins() if pin.zone == replica.zone]
    is_same = (
        twin.head() == replica.head()
        and rebuilt.digest() == own.digest()
        and rebuilt.counts() == own.counts()
        and _same(rebuilt.holdings.all_pins()) == _same(pins)
        and not rebuilt.holdings.damage()
    )
    moments = {pin.moment for pin in pins if pin.is_shown}
    if not is_same or any(
        rebuilt.applier.digest_at(seq) != own.applier.digest_at(seq) for seq in sorted(moments)
    ):
        raise RebuildDiffers("A library made from the remaining objects differs from this one.")


def _same(pins: list[PinRow]) -> list[PinRow]:
    """Pins as they are compared: what is made anew may show more of them."""
    return [pin._replace(is_shown=True) for pin in pins]
