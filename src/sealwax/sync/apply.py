"""Syncing: pull, push what waits, pull again, compare; then say what is true.

Nothing here decides what is kept: the outbox holds everything until the messages zone does. A sync
that is cut off at any point loses nothing and goes on the next time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.base.errors import SealwaxError
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.commit import parse_commit
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, object_name
from sealwax.library.holdings import PinRow
from sealwax.model.change import Change
from sealwax.stores.base import Missing, StoreError
from sealwax.stores.far_trouble import FarAway, FarFull, Parted
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.holding import Holding
from sealwax.sync.journal import Journal
from sealwax.sync.keeping import ALL_FILES, Held, plan_keeping
from sealwax.sync.opening import sealed_already
from sealwax.sync.others import Others
from sealwax.sync.outbox import Item
from sealwax.sync.own_zone import OwnZone
from sealwax.sync.plan import Sending, plan_sending
from sealwax.sync.renaming import named_pieces, names_any
from sealwax.sync.repair import put_together
from sealwax.sync.replica import Replica
from sealwax.sync.trouble import note_trouble, note_unfetched
from sealwax.sync.waiting import Waiting
from sealwax.trust.account import NotTrusted, need_open
from sealwax.trust.key_troubles import KeysUnusable
from sealwax.vault.commit_part import Part, open_part
from sealwax.vault.digest import digest_bytes
from sealwax.vault.objects import epoch_of
from sealwax.vault.writing import CHANGES_LIMIT, Writing

VERIFIED = "sync verified"
REBUILT = "library made anew at"
"""A mark of the head, and of what could be read again, when a sync last made the library anew."""
MARK_BYTES = 7
FETCHED_TOGETHER = 64
WORTH_TELLING = 8
"""Fewer segments are there before anybody could read how far it is."""
LOADING = "Loading history"
LOST_THERE = "lost at the sync store"
"""How many objects the shared place lacked at the last sync, and this device could not give."""


class OnlyHere(SealwaxError):
    """The library has what no sealed object has any more: it must not be made anew."""

    code = "only-here"
    hint = "`sealwax sync reset` on this device writes it anew, for all."


class SyncProgress(NamedTuple):
    """How far a sync is: the phase, items done and in all, bytes done and in all."""

    phase: str
    done: int
    total: int
    done_bytes: int
    total_bytes: int


class SyncOutcome(NamedTuple):
    """What a sync did. `waiting` is what is not shared yet, `why` says why in one sentence; with
    nothing waiting and digests that agree, everything on this device is there (`is_verified`).
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


Report = Callable[[SyncProgress], None]


def _unheard(_: SyncProgress) -> None:
    """Nobody listens."""


def lost_sentence(count: int) -> str:
    """What the shared place lost and this device cannot give; empty for nothing."""
    if not count:
        return ""
    return (
        f"The sync store lost {count:,} sealed object{'s' if count > 1 else ''} that this device"
        " does not have either. Sync the other devices: one that has them puts them back."
    )


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

    def now(self, report: Report, files_bytes: int | None = ALL_FILES) -> SyncOutcome:
        """Pull, push, pull, compare. Trouble with the shared place is told in the outcome. Of the
        files of others the newest come here, up to so many bytes."""
        self._journal.try_again()
        pulled, sent, fetched, lost = 0, 0, 0, self.lost_there()
        repaired, why, code = "", "", ""
        try:
            report(SyncProgress("Checking", 0, 0, 0, 0))
            repaired = self._refresh()
            pulled = self._pull(report)
            self.settle_held()
            sent = self._send(report)
            self._send_own_zone()
            self._refresh()
            pulled += self._pull(report)
            self.settle_held()
            self._take_in_others()
            fetched = self._fetch_files(report, files_bytes)
            lost = self._put_back_lost()
            # What others write under keys that do not open here cannot be compared.
            need_open(self._history.log, self._history.keys)
        except FarAway as error:
            self._need_trust(error)
            why, code = error.sentence, error.cause.code
        except (FarFull, KeysUnusable) as error:
            why, code = error.sentence, error.code
        finally:
            self._outbox.put_on()
        waiting = self.waiting()
        if self._journal.is_full and not why:
            why, code = "The account's storage is full.", FarFull.code
        is_verified = False
        if not why and not lost and waiting.is_nothing:
            try:
                is_verified = self._agrees_at_last()
            except FarAway as error:
                why, code = error.sentence, error.cause.code
            except OnlyHere as error:
                why, code = f"{error.sentence} {error.hint}", error.code
        now_ms = self._clock.now_ms()
        note_trouble(self._library.holdings, code, why, now_ms)
        self._note_unfetched(why)
        if is_verified:
            self._library.holdings.remember_ms(VERIFIED, now_ms)
        held, self._held = self._held, 0
        return SyncOutcome(
            pulled, sent, fetched, waiting, why, is_verified, now_ms, repaired, held, lost
        )  # fmt: skip

    def _need_trust(self, error: FarAway) -> None:
        """Where the shared place refuses this device, the account's log says since when: it was
        fetched then. Raises NotTrusted."""
        if error.cause.code == NotTrusted.code:
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
        return self._library.holdings.remembered_ms(LOST_THERE)

    def agrees(self) -> bool:
        """Whether the newest digest in the history is that of this library."""
        head = self._history.head()
        data = self._library.holdings.seen_commit(MESSAGES_ZONE, head.seq)
        if data is None or self._library.tail.is_there():
            return head.seq < 0
        part = open_part(self._history.keys, parse_commit(data))
        return part.digest is None or part.digest == digest_bytes(self._library.digest())

    def _agrees_at_last(self) -> bool:
        """Whether the digests agree. Where they do not, or what could not be read can be read now,
        the library is made anew; once for each head and what can be read again at it, for it costs
        as much as the whole history.
        Raises OnlyHere where the library has what nothing else has any more."""
        holdings, head_seq = self._library.holdings, self._history.head().seq
        mendable = sorted(name for name, _, _ in holdings.damage() if self._is_readable(name))
        state = b"".join((head_seq.to_bytes(8, "big", signed=True), *mendable))
        mark = int.from_bytes(object_name(state)[:MARK_BYTES], "big")
        is_right = self.agrees()
        if (is_right and not mendable) or holdings.remembered_ms(REBUILT) == mark:
            return is_right
        self._need_all_elsewhere()
        self._library.clear()
        holdings.remember_ms(REBUILT, mark)
        if self._mirror is None:
            self._outbox.catch_up(self._history, self.others.zones())
            return self.agrees()
        with self._mirror.current():
            self._mirror.fetch(self._history.segments_ahead())
            self._outbox.catch_up(self._history, self.others.zones())
        return self.agrees()

    def _can_be_made_anew(self) -> bool:
        """Whether everything that the library took in can be read once more: else the library would
        be the last to have it."""
        holdings = self._library.holdings
        damaged = {name for name, _, _ in holdings.damage()}
        held = [*holdings.listed(), *holdings.listed(self._outbox.zone)]
        segments = {name for name, *_, digest in held if digest is not None}
        return all(self._is_readable(name) for name in segments - damaged)

    def _is_readable(self, name: bytes) -> bool:
        """Whether a segment opens; what the shared place lacks just after a look at it is gone."""
        try:
            with self._mirror.current() if self._mirror is not None else nullcontext():
                self._history.read_segment(name)
        except (Missing, SealBroken, SealUnknown):
            return False
        return True

    def _refresh(self) -> str:
        """Fetches new commits; mends a shared history that lost some. Says what was mended."""
        if self._mirror is None:
            return ""
        try:
            self._mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
        except Parted:
            mended = put_together(self._mirror, self._journal)
            self._mirror.heal(self._library.holdings.live_objects())
            return mended
        return ""

    def show_others(self) -> None:
        """Makes the library anew with all snapshots of other devices that can be shown. Raises
        OnlyHere or FarAway."""
        if self._mirror is not None:
            self._mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
        self.others.fetch()
        self._need_all_elsewhere()
        self.others.show()

    def _need_all_elsewhere(self) -> None:
        if not self._can_be_made_anew():
            raise OnlyHere("Objects cannot be read any more; what was in them is only here.")

    def _take_in_others(self) -> None:
        self.others.fetch()
        self.others.take_in()

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

    def _put_back_lost(self) -> int:
        """Sends again what the shared place lost and this device has; gives how many it still
        lacks."""
        if self._mirror is None:
            return 0
        lost = self._mirror.put_back_lost()
        if lost != self.lost_there():
            self._library.holdings.remember_ms(LOST_THERE, lost)
        return lost

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

    def _fetch_files(self, report: Report, files_bytes: int | None) -> int:
        """Brings near what others stored: all words, and files up to so many bytes."""
        if self._mirror is None:
            return 0
        held = self._library.holdings.listed()
        live = plan_keeping(
            (Held(name, seq, size, digest is not None) for name, seq, _, size, digest in held),
            files_bytes,
        )
        near = self._mirror.near.has_objects(live)
        lacking = [name for name in live if name not in near]
        total = sum(live[name] for name in lacking)
        done, done_bytes = 0, 0
        for start in range(0, len(lacking), FETCHED_TOGETHER):
            batch = lacking[start : start + FETCHED_TOGETHER]
            report(SyncProgress("Downloading", done, len(lacking), done_bytes, total))
            done += self._mirror.fetch(batch)
            done_bytes += sum(live[name] for name in batch)
        return done
