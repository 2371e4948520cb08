"""Snapshots that other devices made in zones of their own, while they were apart from the rest.

The shared place has a sealed copy of such zones, and any device of the account can open them. A
library that is made from its beginning shows their snapshots like all others. One that has gone on
shows those whose very state it still has; of the rest it knows how many there are.
"""

from contextlib import suppress

from sealwax.ledger.account import AccountLog
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.ledger.objects import Objects
from sealwax.stores.far_trouble import Parted, ZoneTrouble
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.closing import is_closed
from sealwax.sync.known_zones import known_zones
from sealwax.sync.made_anew import make_anew
from sealwax.sync.outbox import Outbox
from sealwax.sync.replay import Told, shown_by_pins, take_in, told_commits
from sealwax.sync.replica import Replica
from sealwax.vault.digest import digest_bytes


class Others:
    """The zones of the other devices of an account, as one device sees them."""

    def __init__(self, history: Replica, outbox: Outbox, mirror: MirrorStore | None) -> None:
        self._history = history
        self._own = outbox.own
        self._mirror = mirror
        self._library = history.library

    def fetch(self) -> None:
        """Brings near what the shared place has of them, as far as snapshots hold it. What is wrong
        with one zone keeps no other from coming; that is raised at the end. Raises FarAway."""
        if self._mirror is None:
            return
        zones = self._known(self._mirror.far_zones())
        wrong: ZoneTrouble | None = None
        try:
            self._mirror.refresh(zones)
        except ZoneTrouble:
            for zone in zones:
                try:
                    # Where one of them came back from an old disk, its own device puts it right.
                    with suppress(Parted):
                        self.fetch_zone(zone)
                except ZoneTrouble as error:
                    wrong = wrong or error
        self.fetch_held()
        if wrong is not None:
            raise wrong

    def fetch_zone(self, zone: str) -> None:
        """Brings near what the shared place has of one. What was seen of a zone stays: where the
        place has lost its end, that is put back, for its own device may be gone. Raises FarAway;
        Parted where the place has something else."""
        assert self._mirror is not None
        try:
            self._mirror.refresh([zone])
        except Parted as error:
            if not error.parting.is_behind:
                raise
            objects = Objects()
            for judged, *_ in told_commits(self._own, zone):
                if judged.commit is not None:
                    objects.apply(judged.commit, self._history.clock.now_ms())
            self._mirror.put_back(error.parting, objects.held(error.parting.near_seq))

    def fetch_held(self) -> None:
        """Brings near what snapshots hold in the zones that are near. Raises FarAway."""
        if self._mirror is None:
            return
        for zone in self._behind():
            held = self._shown(told_commits(self._own, zone)).values()
            self._mirror.fetch({name for names in held for name in names})

    def zones(self) -> list[str]:
        """Those that are near."""
        return self._known(self._own.store.list_zones())

    def take_in(self) -> None:
        """Takes in what is new in them."""
        for zone in self._behind():
            self.take_in_zone(zone)

    def take_in_zone(self, zone: str) -> None:
        """Takes in what is new in one; what waited on the library is off it after that."""
        self._library.strip_tail()
        commits = self.readable(zone)
        seen = self._head_seq(zone)
        news = [told for told in commits if told.judged.head.seq > seen]
        shown = self._shown(commits)
        pins = [told for told in news if told.judged.head.seq in shown]
        moments = {
            (zone, told.judged.head.seq): moment
            for told in pins
            if (moment := self._moment(told)) is not None
        }
        with self._library.transaction():
            take_in(self._library, zone, news, moments, self._history.clock.now_ms())
        head = self._library.holdings.head(zone)
        if head is not None:
            self._library.guarded.seen.note_head(head, self._history.clock.now_ms())

    def readable(self, zone: str) -> list[Told]:
        """The commits of one; none while it is open to a device that was put out: whoever notices
        closes it, and what was written since does not count then."""
        commits = told_commits(self._own, zone)
        is_read = is_closed(self._history.log, (one.judged for one in commits))
        return commits if is_read else []

    def unshown(self) -> int:
        """How many snapshots are there that this library does not show."""
        pins = self._library.holdings.all_pins()
        known = {(pin.zone, pin.commit_seq) for pin in pins if pin.is_shown}
        return sum(not pin.is_shown and pin.zone == MESSAGES_ZONE for pin in pins) + sum(
            (zone, seq) not in known
            for zone in self.zones()
            for seq in self._shown(self.readable(zone))
        )

    def show(self) -> None:
        """Makes the library anew from what is near and at the shared place, so that it shows all
        of them that can be shown. Raises FarAway, and then what was shown is shown still."""
        make_anew(self._history, Outbox(self._own), self.zones(), self._mirror)

    def _moment(self, told: Told) -> float | None:
        """The moment of the library that is what a snapshot shows, if there is one."""
        part, library = told.part, self._library
        if part.digest is None or part.alone:
            return None
        if digest_bytes(library.digest()) == part.digest:
            return library.head_moment()
        seq, _ = part.heads.get(MESSAGES_ZONE, (-1, b""))
        if not 0 <= seq <= library.head_seq():
            return None
        is_kept = digest_bytes(library.applier.digest_at(seq)) == part.digest
        return float(seq) if is_kept else None

    def _behind(self) -> list[str]:
        """The zones of which something is near that the library has not taken in."""
        store = self._own.store
        return [zone for zone in self.zones() if store.head_seq(zone) > self._head_seq(zone)]

    def _head_seq(self, zone: str) -> int:
        head = self._library.holdings.head(zone)
        return -1 if head is None else head.seq

    def _shown(self, commits: list[Told]) -> dict[int, list[bytes]]:
        return shown_by_pins(commits, self._history.clock.now_ms())

    def _known(self, zones: list[str]) -> list[str]:
        return [zone for zone in known_zones(self._history.log, zones) if zone != self._own.zone]


def refresh_all(mirror: MirrorStore, log: AccountLog) -> None:
    """Fetches the commits of all that a new device shows; raises FarAway or FarFull."""
    mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE, *known_zones(log, mirror.far_zones())])
