"""Syncing: pull, push what waits, pull again, compare; then say what is true.

Nothing here decides what is kept: the outbox holds everything until the messages zone does. A sync
that is cut off at any point loses nothing and goes on the next time.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.library.holdings import PinRow
from sealwax.model.change import Change
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway, FarFull, Parted, is_unsound
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.agreement import Agreement, OnlyHere
from sealwax.sync.fetching import fetch_kept
from sealwax.sync.holding import Holding
from sealwax.sync.journal import Journal
from sealwax.sync.keeping import ALL_FILES
from sealwax.sync.near_history import NearHistory
from sealwax.sync.opening import sealed_already
from sealwax.sync.others import Others
from sealwax.sync.outbox import Item
from sealwax.sync.own_zone import OwnZone
from sealwax.sync.plan import Sending, plan_sending
from sealwax.sync.presence import Presence, lost_sentence
from sealwax.sync.progress import Report, SyncProgress
from sealwax.sync.renaming import named_pieces, names_any
from sealwax.sync.repair import put_together
from sealwax.sync.replica import Replica
from sealwax.sync.trouble import note_doubt, note_trouble, note_unfetched, told_of
from sealwax.sync.waiting import Waiting
from sealwax.trust.account import NotTrusted, need_open
from sealwax.trust.key_troubles import KeysUnusable
from sealwax.vault.commit_part import Part
from sealwax.vault.objects import epoch_of
from sealwax.vault.writing import CHANGES_LIMIT, Writing

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


def _unheard(_: SyncProgress) -> None:
    """Nobody listens."""


class Sync:
    """Keeps one device in step with the place that all devices of the account share."""

    def __init__(self, journal: Journal, mirror: MirrorStore | None, clock: Clock) -> None:
        self._journal = journal
        self._mirror = mirror
        self._clock = clock
        self._history: Replica = journal.history
        self._outbox = journal.outbox
        self._library = journal.history.library
        self._own_zone = OwnZone(journal.history, journal.outbox, mirror)
        self.others = Others(journal.history, journal.outbox, mirror)
        self._holding = Holding(journal)
        self._agreement = Agreement(journal.history, journal.outbox, self.others, mirror)
        self._near_history = NearHistory(journal, mirror, self._agreement)
        self._presence = Presence(journal.history.store, self._library.holdings, mirror)
        self._held = 0

    def open(self, is_waiting: bool = True) -> None:
        """Brings the library in step with what is near, and says where it could not. What a new
        device has never fetched is asked for, unless nobody `is_waiting` for it."""
        if is_waiting and self._history.head().seq < 0:
            # Without it, this library is made without the snapshots of others.
            with suppress(StoreError):
                self.others.fetch_held()
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
        try:
            report(SyncProgress("Checking", 0, 0, 0, 0))
            repaired = self._refresh()
            pulled = self._pull(report)
            self.settle_held()
            sent = self._send(report)
            self._send_own_zone()
            repaired = self._refresh() or repaired
            pulled += self._pull(report)
            self.settle_held()
            wrong = self._take_in_others()
            fetched = fetch_kept(self._mirror, self._library.holdings, files_bytes, report)
            lost = self._presence.ask(self._clock.now_ms(), is_thorough)
            # What others write under keys that do not open here cannot be compared.
            need_open(self._history.log, self._history.keys)
            if wrong is not None:
                raise wrong
        except (FarAway, FarFull, KeysUnusable, OnlyHere) as error:
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

    def settle_held(self) -> int:
        """Marks what the brake holds of what was pulled; gives how many records. Where nothing can
        be written, they are marked later."""
        try:
            held = self._holding.settle()
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

    def back_up_own_zone(self) -> None:
        """Copies the outbox as it is to the shared place, where only devices can read it: the
        backup of a device that does not sync. Raises FarAway, FarFull."""
        if self._mirror is None:
            return
        self._mirror.refresh([ACCOUNT_ZONE])
        self._history.pull()
        self._own_zone.send(is_whole=True)

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
        try:
            self._mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
        except Parted:
            mended = put_together(self._mirror, self._journal)
            self._mirror.heal(self._library.holdings.live_objects())
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

    def _take_in_others(self) -> FarAway | None:
        """Gives what is wrong with one of their histories: all else goes on."""
        wrong = None
        try:
            self.others.fetch()
        except FarAway as error:
            if not is_unsound(error):
                raise
            wrong = error
        self.others.take_in()
        return wrong

    def _pull(self, report: Report = _unheard) -> int:
        """Applies what is near already while the rest is on its way."""
        before = self._history.head().seq
        if before < 0:
            # A library shows what others have for themselves when it is made from its beginning.
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

    def _send(self, report: Report) -> int:
        """Writes what waits into the shared history, and in its place each snapshot that the
        history passes by; gives the bytes that went."""
        items, pins = self._outbox.items(), self._own_zone.pins()
        total = sum(size for item in items for _, size in (*item.segments, *item.chunks))
        sent = 0
        for sending in plan_sending(items, [pin.commit_seq for pin in pins]):
            pins = self._share_pins(pins, sending.items[0].seq)
            report(SyncProgress("Uploading", 0, 0, sent, total))
            try:
                self._send_one(sending)
            except FarFull:
                self._journal.is_full = True
                for item in sending.items:
                    self._send_words(item)
            sent += sending.size_bytes
        self._share_pins(pins, None)
        return sent

    def _share_pins(self, pins: list[PinRow], before_seq: int | None) -> list[PinRow]:
        """Shares the snapshots of the own zone before a seq where that can be; gives the others."""
        due = [pin for pin in pins if before_seq is None or pin.commit_seq < before_seq]
        for pin in due:
            self._own_zone.share(pin, self._clock.now_ms())
        return pins[len(due) :]

    def _send_own_zone(self) -> None:
        """What it holds of snapshots is safe only there. Where there is no room, they wait."""
        try:
            self._own_zone.send()
        except FarFull:
            self._journal.is_full = True

    def _send_one(self, sending: Sending) -> None:
        known = self._library.holdings.known(name for name, _ in sending.segments)
        arrived = [name for name, one in known.items() if one.change_digest is not None]
        names = [name for name, _ in (*sending.segments, *sending.chunks)]
        if sending.segments and len(arrived) == len(sending.segments):
            # They arrived the last time, before this device could note it.
            self._outbox.drop(names)
            return
        keys = self._history.keys
        segments = [name for name, _ in sending.segments]
        sealed, changes = sealed_already(self._outbox.own.store, keys, MESSAGES_ZONE, segments)
        chunks = self._chunks(sending, changes)
        if self._mirror is not None:
            self._mirror.upload(name for name, _ in chunks)
        part = Part(reason="sync", confirmed=sending.is_confirmed)
        writing = Writing(tuple(changes), part, chunks=chunks)
        epoch = self._history.log.newest.epoch
        # Under an older epoch a device that was removed since could open it: it is sealed anew.
        is_current = all(epoch_of(segment.data) == epoch for segment in sealed.segments)
        self._history.write(writing, sealed if is_current else None)
        self._outbox.drop(names)

    def _chunks(self, sending: Sending, changes: list[Change]) -> tuple[tuple[bytes, int], ...]:
        """The pieces of files that go along: those that wait, and those that the changes name and a
        history that parted has lost."""
        named = named_pieces(changes) - {name for name, _ in sending.chunks}
        known = self._library.holdings.intervals(named) if named else {}
        store = self._outbox.own.store
        lost = store.has_objects(name for name in named if name not in known)
        sizes = tuple((name, len(store.get_object(name))) for name in sorted(lost))
        return (*sending.chunks, *sizes)

    def _send_words(self, item: Item) -> None:
        """Where there is no room for files: words go; files stay, with what tells of them."""
        chunks = {name for name, _ in item.chunks}
        if not chunks:
            self._send_one(Sending((item,)))
            return
        changes = list(self._outbox.changes(item))
        words = [change for change in changes if not names_any(change, chunks)]
        files = [change for change in changes if names_any(change, chunks)]
        for start in range(0, len(words), CHANGES_LIMIT):
            batch = tuple(words[start : start + CHANGES_LIMIT])
            part = Part(reason="sync", confirmed=item.is_confirmed)
            self._history.write(Writing(batch, part))
        if words:
            part = Part(reason="waits", confirmed=item.is_confirmed)
            self._outbox.write(Writing(tuple(files), part, chunks=item.chunks))
            self._outbox.drop(name for name, _ in item.segments)
