"""What a past moment held, put back before a pin holds it for all devices.

Others may have let go of it meanwhile, and collected it: a device may have been away for long. As
with every commit, the objects come first.
"""

from sealwax.library.holdings import Holdings
from sealwax.stores.base import Store, StoreError
from sealwax.stores.mirror import MirrorStore


class MomentGone(StoreError):
    """A past moment cannot be pinned for all devices: some of what it held is gone."""

    code = "moment-gone"
    hint = "Nothing that is here is lost. Sync the other devices: one may have the rest still."


def put_back_moment(store: Store, holdings: Holdings, seq: int) -> None:
    """Sends what a moment of the messages zone held, which the head holds no more and the shared
    place lacks. Raises MomentGone where some of it can be had nowhere, FarAway or FarFull."""
    names = holdings.dropped_since(seq)
    if isinstance(store, MirrorStore):
        lacking = names - store.far_objects(names)
        gone = len(lacking) - store.heal(lacking) if lacking else 0
    else:
        gone = len(names - store.has_objects(names))
    if gone:
        raise MomentGone("Some of what that moment held is gone.")
