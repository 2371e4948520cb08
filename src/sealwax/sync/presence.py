"""Whether the place that devices share has every object that the history holds, by its own word.

All of them are asked for when a person wants to know, and once a day; at other times those that
are new. Reading them back is for `verify`; what that did not bring back is read again at each sync.
"""

from sealwax.library.holdings import Holdings
from sealwax.stores.base import Store
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.belied import Belied

LOST_THERE = "lost at the sync store"
"""How many objects the shared place lacked at the last sync, and this device could not give."""
_UNTIL = "presence was asked until"
_ALL_AT = "presence of all was asked"
DAY_MS = 24 * 60 * 60 * 1000


class Presence:
    """The objects of the history at the place that devices share, or in the vault's folder."""

    def __init__(self, store: Store, holdings: Holdings, mirror: MirrorStore | None) -> None:
        self._store = store
        self._holdings = holdings
        self._mirror = mirror
        self._belied = Belied(holdings)

    def lost(self) -> int:
        """How many objects it lacked when that was last asked, and still lacks."""
        return self._holdings.remembered_ms(LOST_THERE)

    def ask(self, now_ms: int, is_thorough: bool) -> int:
        """Asks for the objects that the head and the snapshots hold, and sends those that this
        device has whole; gives how many are still missing. Raises FarAway or FarFull."""
        holdings = self._holdings
        asked_ms = holdings.remembered_ms(_ALL_AT)
        is_all = is_thorough or self.lost() > 0 or not 0 <= now_ms - asked_ms < DAY_MS
        since_seq = 0 if is_all else holdings.remembered_ms(_UNTIL)
        listed = holdings.listed()
        names = [name for name, added_seq, _, _, _ in listed if added_seq >= since_seq]
        lost = self._still_missing(names) if names else 0
        if self._mirror is not None:
            lost = max(lost, self._mirror.put_back_lost())
            lost = max(lost, self._belied.settle(self._mirror, (name for name, *_ in listed)))
        holdings.remember_ms(LOST_THERE, lost)
        if not lost:
            newest = max((added_seq for _, added_seq, _, _, _ in listed), default=0)
            holdings.remember_ms(_UNTIL, newest)
        if is_all:
            holdings.remember_ms(_ALL_AT, max(0, now_ms))
        return lost

    def _still_missing(self, names: list[bytes]) -> int:
        if self._mirror is None:
            return len(set(names) - self._store.has_objects(names))
        missing = self._mirror.lost_far(names, is_read=False)
        return len(missing) - self._mirror.heal(missing) if missing else 0


def lost_sentence(count: int, is_shared: bool = True) -> str:
    """What the shared place lost and this device cannot give, or what is missing in the vault;
    empty for nothing."""
    if not count:
        return ""
    objects = f"{count:,} sealed object{'s' if count > 1 else ''}"
    if not is_shared:
        is_are = "are" if count > 1 else "is"
        return f"{objects} {is_are} missing in the vault. `sealwax verify` names what that costs."
    return (
        f"The sync store lost {objects} that this device does not have either. Sync the other"
        " devices: one that has them puts them back."
    )
