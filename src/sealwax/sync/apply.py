"""Syncing: pull, push what waits, pull again, compare; then say what is true.

Nothing here decides what is kept: the outbox holds everything until the messages zone does. A sync
that is cut off at any point loses nothing and goes on the next time.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.base.settings import Settings
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway, FarFull, Parted, ZoneTrouble
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.agreement import Agreement, OnlyHere
from sealwax.sync.fetching import fetch_kept
from sealwax.sync.fresh_zone import bring_library_over
from sealwax.sync.guard.guard import Guard
from sealwax.sync.guard.pinned import Staying, stays_always
from sealwax.sync.journal import Journal
from sealwax.sync.keeping import ALL_FILES
from sealwax.sync.near_history import NearHistory
from sealwax.sync.other_self import OtherSelf
from sealwax.sync.others import Others
from sealwax.sync.outgoing import Outgoing
from sealwax.sync.own_zone import OwnZone
from sealwax.sync.presence import Presence, lost_sentence
from sealwax.sync.progress import Report, SyncProgress, unheard
from sealwax.sync.proving import Proof, Proving
from sealwax.sync.repair import AccountParted, Answer, mend_account, put_together
from sealwax.sync.replica import Replica
from sealwax.sync.resolving import Resolving
from sealwax.sync.taking_back import TakingBack
from sealwax.sync.trouble import ZoneTroubles, note_doubt, note_trouble, note_unfetched, told_of
from sealwax.sync.waiting import Waiting
from sealwax.trust.account import NotTrusted, need_open
from sealwax.trust.key_troubles import KeysUnusable

VERIFIED = "sync verified"
WORTH_TELLING = 8
"""Fewer segments are there before anybody could read how far it is."""
LOADING = "Loading history"


class SyncOutcome(NamedTuple):
    """What a sync did. `waiting` is what is not shared yet, `why` says why in one sentence; with
    nothing waiting, all objects there by its own word, and digests that agree, everything on this
    device is there (`is_verified`); `doubt` says why that is not so although nothing waits.
    `held` counts the records whose deletion by another device began to wait for an answer since the
    sync before, or since the home was opened. `lost` counts the objects that the shared place lost
    and this device cannot give."""

    pulled: int
    sent_bytes: int
    fetched: int
    waiting: Waiting
    why: str
    is_verified: bool
    verified_ms: int
    repaired: str
    held: int
    lost: int = 0
    doubt: str = ""


class Sync:
    """Keeps one device in step with the place that all devices of the account share."""

    def __init__(
        self,
        journal: Journal,
        mirror: MirrorStore | None,
        settings: Settings,
        clock: Clock,
        stays: Staying = stays_always,
    ) -> None:
        """`stays` is the calendar of snapshots."""
        self._journal = journal
        self._mirror = mirror
        self._clock = clock
        self._history: Replica = journal.history
        self._outbox = journal.outbox
        self._library = journal.history.library
        self._own_zone = OwnZone(journal.history, journal.outbox, mirror)
        self._outgoing = Outgoing(journal, self._own_zone, mirror, clock)
        self.others = Others(journal.history, journal.outbox, mirror)
        self._other_self = OtherSelf(journal, mirror, self.others, settings, clock)
        self.resolving = Resolving(journal, mirror)
        self._guard = Guard(journal, stays)
        self._agreement = Agreement(journal.history, journal.outbox, self.others, mirror)
        self._near_history = NearHistory(journal, mirror, self._agreement)
        self._presence = Presence(journal.history.store, self._library.holdings, mirror)
        TakingBack(journal, mirror, self.others, self._agreement.need_all_elsewhere)
        self._held = 0

    def open(self, is_waiting: bool = True) -> None:
        """Brings the library in step with what is near, and says where it could not. What a new
        device has never fetched is asked for, unless nobody `is_waiting` for it."""
        if is_waiting and self._history.head().seq < 0:
            # Without it, this library is made without the snapshots of others.
            with suppress(StoreError):
                self.others.fetch_held()
        bring_library_over(self._outbox.own)
        why = self._outbox.catch_up(self._history, self.others.zones())
        if is_waiting and self._is_new():
            try:
                self.pull()
            except StoreError as error:
                why = error.sentence
        self._note_unfetched(why)

    def _is_new(self) -> bool:
        """Whether this device came to an account that has others, and has nothing of them yet."""
        has_others = self._mirror is not None and self._history.log.head > 0
        return has_others and self._history.store.head_seq(MESSAGES_ZONE) < 0

    def _note_unfetched(self, why: str) -> None:
        near_seq = self._history.store.head_seq(MESSAGES_ZONE)
        is_whole = self._history.head().seq >= near_seq and not self._is_new()
        note_unfetched(self._library.holdings, "" if is_whole else why)

    def now(
        self, report: Report, files_bytes: int | None = ALL_FILES, is_thorough: bool = True
    ) -> SyncOutcome:
        """Pull, push, pull, compare. Trouble with the shared place is told in the outcome. Of the
        files of others the newest come here, up to so many bytes. `is_thorough` asks for every
        object that the history holds, not only for those that are new."""
        self._journal.try_again()
        if self._mirror is not None:
            self._mirror.try_again()
        pulled, sent, fetched, lost = 0, 0, 0, self.lost_there()
        repaired, why, code, doubt = "", "", "", ""
        troubles, is_in_step = ZoneTroubles(), False
        try:
            report(SyncProgress("Checking", 0, 0, 0, 0))
            if self._outbox.is_behind():
                # What waits is on this device, and nothing else is true before it is shown.
                self._outbox.catch_up(self._history, self.others.zones())
            with troubles.kept():
                repaired = self._refresh()
                pulled = self._pull(report)
                self.settle_held()
                is_in_step = True
            with troubles.kept():
                repaired = " ".join(filter(None, (repaired, self._other_self.meet())))
            if is_in_step:
                with troubles.kept():
                    self._prove(report)
                    sent = self._outgoing.send(report)
            with troubles.kept():
                # While the shared history cannot be had, what waits is kept there all the same.
                self._send_own_zone(is_whole=not is_in_step)
            if is_in_step:
                with troubles.kept():
                    self._refresh()
                    pulled += self._pull(report)
                    self.settle_held()
            with troubles.kept():
                self.others.fetch()
            self.others.take_in()
            fetched = fetch_kept(self._mirror, self._library.holdings, files_bytes, report)
            lost = self._presence.ask(self._clock.now_ms(), is_thorough)
            troubles.raise_first()
            # What others write under keys that do not open here cannot be compared.
            need_open(self._history.log, self._history.keys)
        except (AccountParted, FarAway, FarFull, KeysUnusable, OnlyHere) as error:
            why, code = told_of(error)
            self._need_trust(code)
        finally:
            self._outbox.put_on()
        waiting = self.waiting()
        if self._journal.is_full and not why:
            why, code = "The account's storage is full.", FarFull.code
        if not why and waiting.is_nothing:
            try:
                doubt = lost_sentence(lost, self._mirror is not None) or self._agreement.settle()
            except (FarAway, FarFull, OnlyHere) as error:
                why, code = told_of(error)
        is_verified = not why and not doubt and waiting.is_nothing
        now_ms = self._clock.now_ms()
        note_trouble(self._library.holdings, code, why, now_ms)
        note_doubt(self._library.holdings, doubt, now_ms)
        self._note_unfetched(why)
        if is_verified:
            self._library.holdings.remember_ms(VERIFIED, now_ms)
        held, self._held = self._held, 0
        return SyncOutcome(
            pulled, sent, fetched, waiting, why, is_verified, now_ms, repaired, held, lost, doubt
        )  # fmt: skip

    def _prove(self, report: Report) -> None:
        """Looks after what other devices replaced; what the shared place lacks just after a look at
        it is gone."""
        with self._mirror.current() if self._mirror is not None else nullcontext():
            self._guard.prove(lambda phase: report(SyncProgress(phase, 0, 0, 0, 0)))

    def _need_trust(self, code: str) -> None:
        """Where the shared place refuses this device, the account's log says since when: it was
        fetched then. Raises NotTrusted."""
        if code == NotTrusted.code:
            self._history.pull()

    def pull(self) -> int:
        """Only what others wrote; raises FarAway, or Parted."""
        if self._mirror is not None:
            self._mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
        pulled = self._pull()
        self._outbox.put_on()
        self.settle_held()
        self._note_unfetched("")
        return pulled

    def resolve(
        self, answer: Answer, report: Report, files_bytes: int | None = ALL_FILES
    ) -> SyncOutcome:
        """Goes on as a person says where a removed device wrote, then syncs. Raises
        NothingToResolve, StoreError."""
        said = self.resolving.act(answer)
        done = self.now(report, files_bytes)
        return done._replace(repaired=" ".join(filter(None, (said, done.repaired))))

    def settle_held(self) -> int:
        """Marks what the brake holds of what was pulled; gives how many records. Where nothing can
        be written, they are marked later."""
        try:
            held = self._guard.settle()
        except KeysUnusable:
            return 0
        self._held += held
        return held

    def waiting(self) -> Waiting:
        """What is on this device and not at the shared place."""
        waiting, snapshots = self._outbox.waiting(), self._own_zone.unsent()
        times = [pin.made_ms for pin in snapshots]
        if waiting.since_ms is not None:
            times.append(waiting.since_ms)
        return waiting._replace(snapshots=len(snapshots), since_ms=min(times, default=None))

    def verified_ms(self) -> int:
        """When everything on this device was last known to be shared; 0 for never."""
        return self._library.holdings.remembered_ms(VERIFIED)

    def back_up(self, is_asked: bool = True) -> Proof:
        """Copies the outbox as it is to the shared place, where only devices can read it, and reads
        back what this device wrote: whether another one could bring it back. Raises AccountParted,
        FarAway, FarFull."""
        if self._mirror is not None:
            mend_account(self._mirror, self._journal)
            if self._other_self.meet():
                # The shared history may have been pulled for it.
                self.settle_held()
            self._own_zone.send(is_whole=True)
        own = self._outbox.own
        zones = [self._history, *([own] if own.head().seq >= 0 else [])]
        return Proving(self._mirror, self._clock, self._history.entropy).prove(zones, is_asked)

    def lost_there(self) -> int:
        """How many objects the shared place lacked when that was last asked, and still lacks."""
        return self._presence.lost()

    def agrees(self) -> bool:
        """Whether the newest digest in the history is that of this library."""
        return not self._agreement.doubt()

    def _refresh(self) -> str:
        """Fetches new commits; mends a shared history that lost some. Says what was mended."""
        if self._mirror is None:
            return ""
        mended = self._near_history.mend()
        before_seq = self._mirror.near.head_seq(MESSAGES_ZONE)
        try:
            self._mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
        except Parted:
            mended = put_together(self._mirror, self._journal)
            self._mirror.heal(self._library.holdings.live_objects())
        else:
            self._other_self.look_at_shared(before_seq)
        return mended

    def mend_history(self) -> str:
        """Puts right what does not count in this device's own vault and stands otherwise at the
        shared place; says what was done. Raises FarAway, FarFull or OnlyHere."""
        return self._near_history.mend()

    def show_others(self) -> None:
        """Makes the library anew with all snapshots of other devices that can be shown. Raises
        OnlyHere or FarAway."""
        if self._mirror is not None:
            self._mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
        self.others.fetch()
        self._agreement.need_all_elsewhere()
        self.others.show()

    def _pull(self, report: Report = unheard) -> int:
        """Applies what is near already while the rest is on its way."""
        before = self._history.head().seq
        if before < 0:
            # A library shows what others have for themselves when it is made from its beginning.
            # What is wrong with one of them is told later.
            with suppress(ZoneTrouble):
                self.others.fetch()
            if self.others.zones():
                self.others.show()
                return self._history.head().seq - before
        if self._mirror is None:
            self._history.pull()
        else:
            with self._mirror.current():
                segments = self._history.segments_ahead()
                with self._mirror.arriving(segments), self._told(segments, report):
                    self._history.pull()
        return self._history.head().seq - before

    @contextmanager
    def _told(self, segments: dict[bytes, int], report: Report) -> Iterator[None]:
        """Tells how far a long pull is, by what can be read of it."""
        if len(segments) < WORTH_TELLING:
            yield
            return
        done, total = 0, len(segments)
        done_bytes, total_bytes = 0, sum(segments.values())
        report(SyncProgress(LOADING, done, total, done_bytes, total_bytes))

        def applied(names: list[bytes]) -> None:
            nonlocal done, done_bytes
            done += len(names)
            done_bytes += sum(segments.get(name, 0) for name in names)
            report(SyncProgress(LOADING, min(done, total), total, done_bytes, total_bytes))

        self._history.after_applying = applied
        try:
            yield
        finally:
            self._history.after_applying = None

    def _send_own_zone(self, is_whole: bool) -> None:
        """What it holds of snapshots is safe only there. Where there is no room, they wait."""
        try:
            self._own_zone.send(is_whole)
        except FarFull:
            self._journal.is_full = True
