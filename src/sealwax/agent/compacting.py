"""Compaction as one job: merge, let purged words leave, delete what nothing holds."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.device import Device
from sealwax.base.entropy import Entropy
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway, FarFull
from sealwax.stores.packing import PACKED_TOGETHER, pack_some
from sealwax.sync.checkpoint import is_checkpoint_due, write_checkpoint
from sealwax.sync.compaction.apply import drop_purged_words, merge_small, planned_merges
from sealwax.sync.compaction.collect import collect, collectable
from sealwax.sync.replica import Replica

PACKED_WEEKLY = 256
"""So many ranges of a thousand commits are packed by one compaction."""


class Compaction(NamedTuple):
    """What a compaction would do, or did: segments merged, segments written anew without purged
    words (known only afterwards), objects deleted and their bytes. `staying` more objects the place
    keeps for a time of its own, the last until `until_ms`."""

    merged: int
    rewritten: int
    deleted: int
    deleted_bytes: int
    staying: int = 0
    until_ms: int = 0


def plan_compaction(replica: Replica, now_ms: int) -> Compaction:
    """What `compact` would do."""
    going = collectable(replica, now_ms).counted
    merged = sum(len(merge) for merge in planned_merges(replica))
    return Compaction(merged, 0, *going)


def tidy(device: Device, entropy: Entropy) -> None:
    """What an import leaves to be done in the shared history: merge small objects, write a
    checkpoint. It can wait, where the shared place is away."""
    pack(device.history, PACKED_TOGETHER)
    if not device.journal.is_shared_now:
        return
    try:
        merge_small(device.history)
        if is_checkpoint_due(device.history):
            write_checkpoint(device.history, entropy)
    except (FarAway, FarFull):
        return
    finally:
        device.outbox.put_on()


def pack(replica: Replica, most: int) -> None:
    """Puts old commits together, in the vault and where the shared place is a folder. It changes
    nothing that anybody reads, so what hinders it now hinders nothing else."""
    with suppress(StoreError):
        pack_some(replica.store, most)


def compact(
    replica: Replica, scratch: Path, now_ms: int, report: Callable[[str], None]
) -> Compaction:
    """Does all of it; raises StoreError or RebuildDiffers, with everything kept."""
    report("Putting old commits together")
    pack(replica, PACKED_WEEKLY)
    report("Merging small objects")
    replica.pull()
    merged = merge_small(replica)
    report("Looking for purged words")
    rewritten = drop_purged_words(replica, now_ms)
    deleted = collect(replica, scratch, now_ms, report)
    return Compaction(merged.segments, rewritten.segments, *deleted)
