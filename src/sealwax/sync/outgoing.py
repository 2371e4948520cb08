"""Writing what waits in the outbox into the shared history, in its order.

Each snapshot that was made meanwhile is made there in its place, where the history passes by the
very state that it shows.
"""

from sealwax.base.clock import Clock
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.holdings import PinRow
from sealwax.model.change import Change
from sealwax.stores.far_trouble import FarFull
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.journal import Journal
from sealwax.sync.opening import sealed_already
from sealwax.sync.outbox import Item
from sealwax.sync.own_zone import OwnZone
from sealwax.sync.plan import Sending, plan_sending
from sealwax.sync.progress import Report, SyncProgress
from sealwax.sync.renaming import named_pieces, names_any
from sealwax.vault.commit_part import Part
from sealwax.vault.objects import epoch_of
from sealwax.vault.writing import CHANGES_LIMIT, Writing


class Outgoing:
    """What goes out of one device's outbox."""

    def __init__(
        self, journal: Journal, own_zone: OwnZone, mirror: MirrorStore | None, clock: Clock
    ) -> None:
        self._journal = journal
        self._history = journal.history
        self._outbox = journal.outbox
        self._library = journal.history.library
        self._own_zone = own_zone
        self._mirror = mirror
        self._clock = clock

    def send(self, report: Report) -> int:
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
