"""Making a library anew from what is near and at the shared place.

All that it reads is fetched before the library is cleared: where the line breaks in between, what
was shown goes on being shown, and what waits on this device above all.
"""

from collections.abc import Sequence
from contextlib import nullcontext

from sealwax.stores.mirror import MirrorStore
from sealwax.sync.known_zones import pinned_bases
from sealwax.sync.outbox import Outbox
from sealwax.sync.replica import Replica


def fetch_all(history: Replica, mirror: MirrorStore | None) -> None:
    """Brings near what a library reads that begins: what the head and the snapshots hold, what
    snapshots in devices' own zones stand on, and what this device is still to pin. Raises FarAway.
    """
    if mirror is not None:
        seqs = pinned_bases(history) | {one.seq for one in history.library.guarded.let_go.wanted()}
        mirror.fetch(sorted(history.segments_from_the_beginning(seqs)))


def make_anew(
    history: Replica,
    outbox: Outbox,
    others: Sequence[str],
    mirror: MirrorStore | None,
    known_seq: int | None = None,
) -> None:
    """Makes the library anew, with what snapshots in zones of `others` show. What comes beyond
    `known_seq` is looked at as if it came now. Raises FarAway, with nothing done."""
    fetch_all(history, mirror)
    history.library.clear()
    with mirror.current() if mirror is not None else nullcontext():
        outbox.catch_up(history, others, known_seq)
