"""Deleting objects that nothing holds: after a time of grace, and after a rebuild without them.

An object may go when neither the head nor a pin holds it, and when this has been so for 30 days.
And only after this device has built a library in scratch from the remaining objects alone, and that
one says the same as its own: of the present and of every pinned moment.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.ledger.commit import CommitKind, MalformedCommitError, parse_commit
from sealwax.ledger.objects import effects
from sealwax.library.holdings import PinRow
from sealwax.library.library import Library
from sealwax.stores.staying import Staying, staying
from sealwax.sync.others import pinned_bases
from sealwax.sync.replica import Replica
from sealwax.trust.heads import RememberedHeads

GRACE_MS = 30 * 24 * 60 * 60 * 1000
LIBRARY_KEY_BYTES = 32


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
    before_seq, let_go = _quiet_since(replica, now_ms - GRACE_MS)
    held = {*let_go, *pinned_bases(replica)}
    unheld = replica.library.holdings.unheld_objects(before_seq, sorted(held))
    present = replica.store.has_objects(unheld)
    stay = staying(replica.store, present)
    going = present - stay.names
    return Collectable({name: unheld[name] for name in unheld if name in going}, stay)


def collect(
    replica: Replica,
    scratch: Path,
    now_ms: int,
    entropy: Entropy,
    report: Callable[[str], None],
) -> Collected:
    """Deletes what may go; raises RebuildDiffers or StoreError before anything is deleted."""
    replica.pull()
    found = collectable(replica, now_ms)
    if not found.sizes:
        return found.counted
    report("Building a library from the remaining objects")
    replica.library.strip_tail()
    _prove(replica, scratch, entropy)
    report("Deleting")
    replica.store.delete_objects(found.sizes)
    return found.counted


def _quiet_since(replica: Replica, time_ms: int) -> tuple[int, list[int]]:
    """The first seq after a time, and the moments whose pins were let go of from then on."""
    before_seq = replica.head().seq + 1
    let_go: list[int] = []
    for seq, data in replica.library.holdings.commits_backwards(replica.zone):
        commit = parse_commit(data)
        if commit.header.time_ms < time_ms:
            break
        before_seq = seq
        if commit.header.kind == CommitKind.UNPIN:
            let_go += _held_by(replica, effects(commit).unpinned)
    return before_seq, let_go


def _held_by(replica: Replica, pins: Iterable[int]) -> Iterator[int]:
    """The seqs that pins hold or held, by the seqs of their commits."""
    for seq in pins:
        data = replica.library.holdings.seen_commit(replica.zone, seq)
        try:
            pinned_seq = effects(parse_commit(data)).pinned_seq if data is not None else None
        except MalformedCommitError:
            continue
        if pinned_seq is not None:
            yield pinned_seq


def _prove(replica: Replica, scratch: Path, entropy: Entropy) -> None:
    """Rebuilds from what the head and the pins hold, which is all that a new device would read."""
    folder = scratch / "rebuilt"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    key, roots = entropy.bytes(LIBRARY_KEY_BYTES), replica.keys.roots
    rebuilt = Library(folder / "library.db", key, roots, is_durable=False)
    try:
        twin = replica.twin(rebuilt, RememberedHeads(folder))
        twin.pull()
        _compare(replica, twin)
    finally:
        rebuilt.close()
        shutil.rmtree(folder, ignore_errors=True)


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
